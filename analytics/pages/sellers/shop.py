"""What waits in a shop and how it is judged: the tiles, the orders at risk and the rates of the page Today."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from analytics.pages import charts, orders
from analytics.pages.words.names import mark
from analytics.pages.words.promises import PROMISE_WORDS
from analytics.pages.words.shop import POLICY_WORDS
from schemas.times import DAY, HOUR

Row = Mapping[str, Any]


class Todo(NamedTuple):
    """One kind of thing that waits for the seller, and where its orders are listed."""

    name: str
    label: str
    icon: str
    tone: str
    address: str


TODO = (
    Todo("ship_soon", mark("Ship within 24 h"), "clock", "warn", "/at-risk"),
    Todo("overdue", mark("Shipping overdue"), "alert", "bad", "/at-risk"),
    Todo("cancellation_asked", mark("Cancellation asked"), "x", "warn", "/orders?waiting=cancellation_asked"),
    Todo("silent", mark("Silent parcels"), "truck", "warn", "/orders?waiting=silent"),
    Todo("return_to_answer", mark("Return to answer"), "undo", "info", "/orders?waiting=return_to_answer"),
)


def todo(row: Row) -> list[dict[str, Any]]:
    """Gives the tiles of what waits for the seller."""
    return [tile._asdict() | {"count": row[tile.name]} for tile in TODO]


def at_risk(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Gives the orders at risk, each with the part of the last day that is left to it."""
    return [
        orders.listed(row) | _risk(row["left_ms"]) | {"promise_words": PROMISE_WORDS[row["promise"]]} for row in rows
    ]


def _risk(left: int) -> dict[str, Any]:
    tone = "bad" if left < 2 * HOUR else "warn" if left < 8 * HOUR else "quiet"
    return {"late": left < 0, "tone": tone, "share": 100 if left < 0 else max(2, round(min(left / DAY, 1) * 100))}


def rules(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Gives the rates that the seller is judged by, with the room that is left."""
    return [_rule(row) for row in rows if row["code"] in POLICY_WORDS]


def _rule(row: Row) -> dict[str, Any]:
    hits, cases, target, side = row["numerator"], row["denominator"], row["target"], row["side"]
    rule = {**row, "words": POLICY_WORDS[row["code"]], "address": f"/rates/{row['code']}"}
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
