"""PROMISES: from when to when something must happen, and POLICIES: how long that may take, by market and date."""

from typing import Literal, NamedTuple

from agents.rules.calendar import end_of_business_day
from schemas.facts import Order
from schemas.times import HOUR

Unit = Literal["hours", "business_days"]


class Policy(NamedTuple):
    """How long a promise of a market may take, since when. `source` says who set it."""

    promise: str
    market: str
    valid_from: int
    amount: int
    unit: Unit
    source: str


POLICIES: tuple[Policy, ...] = (
    Policy("pay", "ID", 0, 24, "hours", "TikTok Shop Indonesia: an unpaid order is cancelled after 24 hours"),
    Policy("dispatch", "ID", 0, 2, "business_days", "TikTok Shop Indonesia: first scan within 2 business days"),
    Policy("deliver", "ID", 0, 6, "business_days", "TikTok Shop Indonesia: delivered within 6 business days"),
)
"""Of the rows of one promise and market the last one that is valid counts, so March is judged by March's rule."""

DEFAULT_MARKET = "ID"
"""The market of an order that nobody has described yet."""

_NEW = ("dispatch", "deliver")

STARTS: dict[str, tuple[str, ...]] = {
    "unpaid": ("pay",),
    "new": _NEW,
    "ready_to_ship": _NEW,
    "awaiting_collection": _NEW,
}
"""Status → the promises whose clocks start when an order first has it. One instant may pass over `new`."""


def due_of(order: Order) -> dict[str, int]:
    """Gives the instant by which each promise that has begun must be kept."""
    due: dict[str, int] = {}
    for since, status in order.history:
        if status in STARTS:
            start_clocks(due, order, since, status)
    return due


def start_clocks(due: dict[str, int], order: Order, since: int, status: str) -> None:
    """Adds the promises that begin with a status, unless they have begun before."""
    market = order.details.market if order.details else DEFAULT_MARKET
    for promise in STARTS.get(status, ()):
        if promise not in due:
            for policy in ROWS.get((promise, market), ()):
                if policy.valid_from <= since:
                    due[promise] = _end(policy, since)
                    break


def _end(policy: Policy, since: int) -> int:
    if policy.unit == "hours":
        return since + policy.amount * HOUR
    return end_of_business_day(since, policy.amount, policy.market)


def by_promise(policies: tuple[Policy, ...]) -> dict[tuple[str, str], list[Policy]]:
    """Gives the policies of each promise and market, the newest first."""
    rows: dict[tuple[str, str], list[Policy]] = {}
    for policy in sorted(policies, key=lambda row: -row.valid_from):
        rows.setdefault((policy.promise, policy.market), []).append(policy)
    return rows


ROWS = by_promise(POLICIES)
