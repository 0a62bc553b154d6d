"""Where orders come from: marketplaces and their channels side by side, each a way to look at that part alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.pages.site import Look
from schemas.times import DAY

DAYS = 30
SUMMED = ("orders", "paid", "gross", "discounts", "cancelled", "kept")

Row = Mapping[str, Any]


def told(look: Look) -> list[dict[str, Any]]:
    """Gives each marketplace of the whole shop, and below it each of its channels that is told; none where all is one.

    What brought most stands first.
    """
    whole = look.whole()
    since = look.language.midnight(look.now) - (DAYS - 1) * DAY
    rows = whole.ask("places", since=since, until=look.now)
    if len(rows) < 2:  # noqa: PLR2004  # there is nothing to compare
        return []
    places = _with_totals(rows)
    most = max(place["kept"] for place in places) or 1
    return [
        {
            **place,
            "address": whole.link("/", source=place["source"], channel=place["channel"]),
            "share": max(0, round(place["kept"] / most * 100)),
            "is_shown": look.split == {name: place[name] for name in ("source", "channel") if place[name]},
        }
        for place in places
    ]


def _with_totals(rows: Sequence[Row]) -> list[Row]:
    parts: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        parts.setdefault((row["source"], row["currency"]), []).append(row)
    totals: list[tuple[Row, list[Row]]] = [
        (
            {"source": source, "channel": "", "currency": currency}
            | {name: sum(row[name] for row in own) for name in SUMMED},
            [row for row in own if row["channel"]],
        )
        for (source, currency), own in parts.items()
    ]
    totals.sort(key=lambda total: -total[0]["kept"])
    return [place for total, channels in totals for place in (total, *channels)]
