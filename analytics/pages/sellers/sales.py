"""The seller's chart of sales: the last thirty days beside the thirty before."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from analytics.pages import charts
from analytics.pages.site import Look
from analytics.pages.words import Language
from schemas.times import DAY

Row = Mapping[str, Any]
Rows = Sequence[Row]

DAYS = 30
SUMMED = ("gross", "net", "refunds", "discounts", "cancelled", "kept", "orders", "units")
"""What a day of sales tells; discounts + cancelled + kept = gross."""


def chart(look: Look) -> dict[str, Any]:
    """Asks for the sales of both spans and gives their chart."""
    since = look.language.midnight(look.now) - (2 * DAYS - 1) * DAY
    zone = look.language.zone_name
    rows = look.ask("sales", since=since, until=look.now, by="day", zone=zone)
    return drawn(rows, look.now, look.language, look.split)


def drawn(rows: Rows, now: int, language: Language, split: Mapping[str, str]) -> dict[str, Any]:
    """Gives the chart of the currency that most was sold in."""
    totals: dict[str, int] = {}
    for row in rows:
        totals[row["currency"]] = totals.get(row["currency"], 0) + row["gross"]
    currency = max(totals, key=lambda name: totals[name], default="IDR")
    by_day = {row["bucket"]: row for row in rows if row["currency"] == currency}
    today = language.local(now).date()
    dates = [today - timedelta(days=back) for back in reversed(range(2 * DAYS))]
    before, shown = (_days(by_day, part) for part in (dates[:DAYS], dates[DAYS:]))
    top = charts.axis(max(max(day["gross"] for day in span) for span in (before, shown)))
    total_before = _sum(before, "gross")
    sums = {name: _sum(shown, name) for name in SUMMED}
    return sums | {
        "currency": currency,
        "others": sorted(name for name, total in totals.items() if name != currency and total),
        "days": [day | {"before": old["gross"]} for day, old in zip(shown, before, strict=True)],
        "axis": top,
        "paths": _paths(shown, before, top.top),
        "labels": [_label(i, shown[i], language) for i in reversed(range(DAYS - 1, -1, -7))],
        "change": sums["gross"] / total_before - 1 if total_before else None,
        "query": urlencode(
            {"from": dates[DAYS].isoformat(), "to": today.isoformat(), "by": "day", "as": "seller", **split}
        ),
    }


def _days(by_day: Mapping[str, Row], dates: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {"date": date, **{name: by_day.get(date.isoformat(), {}).get(name, 0) for name in SUMMED}} for date in dates
    ]


def _label(i: int, day: Row, language: Language) -> dict[str, Any]:
    return {"at": (i + 0.5) / DAYS * 100, "text": language.date(day["date"], "d MMM"), "minor": (DAYS - 1 - i) // 7 % 2}


def _paths(shown: Rows, before: Rows, top: float) -> dict[str, str]:
    kept, cancelled, discounts = ([day[name] for day in shown] for name in ("kept", "cancelled", "discounts"))
    nothing = [0] * len(shown)
    above = [a + b for a, b in zip(kept, cancelled, strict=True)]
    return {
        "kept": charts.columns([*kept[:-1], 0], nothing, top),
        "part": charts.columns([*nothing[:-1], kept[-1]], nothing, top),
        "cancelled": charts.columns(cancelled, kept, top),
        "discounts": charts.columns(discounts, above, top),
        "before": charts.dashes([day["gross"] for day in before], top),
    }


def _sum(days: Rows, name: str) -> int:
    return sum(day[name] for day in days)
