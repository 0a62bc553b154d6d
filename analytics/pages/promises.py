"""The clocks of one order as its page shows them: what each promise is called, how it stands, who says how long."""

from collections.abc import Iterator
from typing import Any

from analytics.pages.words.names import mark
from analytics.pages.words.promises import PROMISE_WORDS
from schemas.facts import Order
from schemas.policies import Policy, policy_of
from schemas.promises import PROMISES, Standing, Times, promises_of

STATES = {
    "open": ("quiet", mark("Running")),
    "near": ("warn", mark("Due soon")),
    "kept": ("good", mark("Kept in time")),
    "kept_late": ("warn", mark("Kept late")),
    "broken": ("bad", mark("Broken")),
    "void": ("quiet", mark("Void")),
}
"""How a promise may stand → its tone and words."""

SHOWN_TO_BUYERS = tuple(kind for kind, of in PROMISES.items() if "buyer" in (*of.near_to, *of.broken_to))
"""What a buyer waits for, or is waited for with: nothing of the shop's own work."""


def of_seller(order: Order, now: int, times: Times) -> list[dict[str, Any]]:
    """Gives every promise of an order: first what somebody waits for, the first due first."""
    return list(_shown(order, now, tuple(PROMISES), times))


def of_buyer(order: Order, now: int, times: Times) -> list[dict[str, Any]]:
    """Gives the promises that a buyer may see."""
    return [row for row in _shown(order, now, SHOWN_TO_BUYERS, times) if row["state"] != "void"]


def _shown(order: Order, now: int, kinds: tuple[str, ...], times: Times) -> Iterator[dict[str, Any]]:
    standings = [standing for standing in promises_of(order, now, times) if standing.kind in kinds]
    for standing in sorted(standings, key=lambda each: each.state in ("kept", "kept_late", "void")):
        yield _made(order, standing, now)


def _made(order: Order, of: Standing, now: int) -> dict[str, Any]:
    tone, words = STATES[of.state]
    policy = policy_of(of.kind, order.details.market if order.details else "ID", of.since)
    return {
        "name": PROMISE_WORDS[of.kind],
        "subject": of.subject.rpartition("/")[2] if PROMISES[of.kind].part == "packages" else "",
        "state": of.state,
        "state_words": words,
        "tone": tone,
        "due": of.due,
        "kept_at": of.kept_at,
        "left_ms": of.due - now,
        "source": policy.source if policy else "",
        "time": _time(policy),
        "own": of.own.hours if of.own else None,
    }


def _time(policy: Policy | None) -> tuple[int, str]:
    return (policy.amount, policy.unit) if policy else (0, "")
