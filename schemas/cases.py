"""Requests of one party to the other: by which step each begins, which steps answer it, and after which it is over."""

from schemas.facts import Case, Order, Refund

ASKED = {"cancellations": "requested", "returns": "requested", "claims": "opened", "refunds": "requested"}
"""Part of the order → the step by which a case begins."""

ANSWERS: dict[str, tuple[str, ...]] = {
    "cancellations": ("rejected", "withdrawn"),
    "returns": ("approved", "rejected", "withdrawn", "shipped", "received", "closed"),
    "claims": ("resolved",),
    "refunds": ("approved", "settled", "failed"),
}
"""Part of the order → the steps that answer a case or overtake it."""

ENDS: dict[str, tuple[str, ...]] = {**ANSWERS, "returns": ("rejected", "withdrawn", "closed")}
"""Part of the order → the steps after which a case is over."""

SENT = (*ENDS["returns"], "shipped", "received")
"""The steps after which the buyer need not send the goods of a return any more."""


def is_open(case: Case | Refund, ends: tuple[str, ...]) -> bool:
    """Tells whether a case has begun and none of these steps has been taken."""
    return bool(case.marks) and case.marks.keys().isdisjoint(ends)


def waiting(order: Order, part: str) -> list[str]:
    """Gives the ids of the cases in a part of an order that wait for an answer."""
    return [ref for ref, case in getattr(order, part).items() if is_open(case, ANSWERS[part])]


def unfinished(order: Order, part: str) -> list[str]:
    """Gives the ids of the cases in a part of an order that are not over."""
    return [ref for ref, case in getattr(order, part).items() if is_open(case, ENDS[part])]


def has_goods_to_send(case: Case) -> bool:
    """Tells whether a return is approved, asks for the goods, and nothing tells that they are on their way."""
    return "approved" in case.marks and case.kind != "refund" and is_open(case, SENT)
