"""What waits in a shop and how it is judged: the tiles, the orders at risk and the rates of the page Today."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from analytics.pages import charts, orders
from analytics.pages.site import Look
from analytics.pages.words.names import mark
from analytics.pages.words.promises import PROMISE_WORDS
from analytics.pages.words.shop import POLICY_WORDS
from schemas.times import DAY, HOUR

Row = Mapping[str, Any]


DUE = {
    "confirm": "spark",
    "dispatch": "box",
    "deliver": "home",
    "scan": "truck",
    "answer_return": "undo",
    "refund": "cash",
    "answer_claim": "help",
}
"""The promises that a seller has to keep, as the tiles show them: kind → icon."""


def due(look: Look) -> list[dict[str, Any]]:
    """Gives the tiles of what is late or soon late, in the order of an order's life; none where there is nothing."""
    counts = {row["promise"]: row for row in look.ask("due", now=look.now)}
    return [
        {
            "label": PROMISE_WORDS[kind],
            "icon": icon,
            "tone": "bad" if counts[kind]["late"] else "warn",
            "address": look.link("/at-risk", promise=kind),
            "late": counts[kind]["late"],
            "soon": counts[kind]["soon"],
        }
        for kind, icon in DUE.items()
        if kind in counts
    ]


class Todo(NamedTuple):
    """One kind of thing that waits for the seller though no promise of it is late or soon late."""

    label: str
    icon: str
    tone: str


TODO = {
    "cancellation_asked": Todo(mark("Cancellation asked"), "x", "warn"),
    "silent": Todo(mark("Silent parcels"), "truck", "warn"),
    "return_to_answer": Todo(mark("Return to answer"), "undo", "info"),
}


def todo(look: Look) -> list[dict[str, Any]]:
    """Gives the tiles of what else waits for the seller; none where nothing does."""
    (row,) = look.ask("todo", now=look.now)
    return [
        {**tile._asdict(), "address": look.link("/orders", waiting=name), "count": row[name]}
        for name, tile in TODO.items()
        if row[name]
    ]


def at_risk(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Gives the orders at risk, each with the part of the last day that is left to it."""
    return [
        orders.listed(row) | _risk(row["left_ms"]) | {"promise_words": PROMISE_WORDS[row["promise"]]} for row in rows
    ]


def _risk(left: int) -> dict[str, Any]:
    tone = "bad" if left < 2 * HOUR else "warn" if left < 8 * HOUR else "quiet"
    return {"late": left < 0, "tone": tone, "share": 100 if left < 0 else max(2, round(min(left / DAY, 1) * 100))}


def rules(look: Look) -> list[dict[str, Any]]:
    """Gives the rates that the seller is judged by, with the room that is left."""
    rows = look.ask("policy", now=look.now)
    return [_rule(row, look.link(f"/rates/{row['code']}")) for row in rows if row["code"] in POLICY_WORDS]


def _rule(row: Row, address: str) -> dict[str, Any]:
    hits, cases, target, side = row["numerator"], row["denominator"], row["target"], row["side"]
    rule = {**row, "words": POLICY_WORDS[row["code"]], "address": address}
    if not cases:
        return rule | {"rate": None, "tone": "quiet"}
    rate = hits / cases
    kept = rate <= target if side == "max" else rate >= target
    distance = abs(rate - target) / ((target if side == "max" else 1 - target) or 1)
    return rule | {
        "rate": rate,
        "tone": "bad" if not kept else "good" if distance > NEAR else "warn",
        "gauge": charts.gauge(rate, target, row["penalty"], side),
        "room": charts.room(hits, cases, target, side),
        "recovery": charts.recovery(hits, cases, target, side),
        "trend": [share for share in row["trend"] if share is not None],
    }


NEAR = 0.15
"""A rate that keeps its target by less than this part of it is near the limit."""
