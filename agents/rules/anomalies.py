"""ANOMALIES: what contradicts itself in the facts of an order, and the two pieces of evidence.

Each is a question to the facts, so it is found whichever of its two events comes last. What a later event explains,
such as a payment that was told late, is withdrawn. Matching alone finds that a tracking number was used again.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from agents.rules.fold import FOLDS, SKEW
from agents.rules.parcels import ENDED, PICKED_UP, PROVES, proof_of, tally
from schemas.events import Event
from schemas.facts import Anomaly, Mark, Order
from schemas.ids import digest
from schemas.times import DAY

LAG = DAY
"""How far behind the facts a marketplace's word may be."""

NOT_SHIPPED = frozenset(("unpaid", "new", "on_hold", "ready_to_ship", "awaiting_collection"))
ARRIVED = frozenset(("delivered", "completed"))


class Finding(NamedTuple):
    """One contradiction: the event that shows it, and the event that it contradicts."""

    mark: Mark
    against: Mark | None = None
    detail: str = ""


Findings = dict[str, Finding]
"""Subject (payment, package …; empty where an order has but one) → what was found."""


def shipped_unpaid(order: Order) -> Findings:
    """A carrier has the goods before they are paid; said only where payments are known and cash on delivery is not."""
    if not order.payments or not order.packages or "cod" in order.marks or "paid" in order.reported:
        return {}
    paid = min(_paid(order), default=None)
    shipped = min(_picked_up(order), default=None)
    if shipped is None or order.details is None or (paid is not None and paid <= shipped):
        return {}
    return {"": Finding(shipped, paid)}


def paid_after_cancel(order: Order) -> Findings:
    """Money came in for an order that was cancelled before."""
    cancelled = _cancelled(order)
    if cancelled is None:
        return {}
    late = {ref: payment.marks.get("paid") for ref, payment in order.payments.items()}
    return {ref: Finding(paid, cancelled) for ref, paid in late.items() if paid and paid[0] > cancelled[0]}


def paid_wrong_amount(order: Order) -> Findings:
    """What was paid, or what is left of it after refunds, is not what the order costs."""
    if order.details is None or not order.details.total:
        return {}
    total, currency = order.details.total, order.details.currency
    paid = [payment for payment in order.payments.values() if "paid" in payment.marks]
    amount = sum(payment.amount for payment in paid if payment.currency == currency)
    if not paid or amount == total or (order.refunds and amount - sum(_refunded(order, currency)) == total):
        return {}
    at, _, event_id = order.details.stamp
    last = max(payment.marks["paid"] for payment in paid)
    return {"": Finding(last, (at, event_id), f"{amount} of {total} {currency}")}


def shipped_after_cancel(order: Order) -> Findings:
    """A carrier took a parcel of an order that was cancelled before."""
    cancelled = _cancelled(order)
    if cancelled is None:
        return {}
    picked_up = {key: min(_picked_up(order, key), default=None) for key in order.packages}
    return {key: Finding(mark, cancelled) for key, mark in picked_up.items() if mark and mark[0] > cancelled[0]}


def refund_exceeds_payment(order: Order) -> Findings:
    """More money goes back than came in."""
    if not order.refunds or not order.payments:
        return {}
    for currency in {refund.currency for refund in order.refunds.values()}:
        back = sum(_refunded(order, currency))
        came = sum(p.amount for p in order.payments.values() if "paid" in p.marks and p.currency == currency)
        if back > came:
            last = max(mark for refund in order.refunds.values() for mark in refund.marks.values())
            return {"": Finding(last, min(_paid(order), default=None), f"{back} back, {came} paid {currency}")}
    return {}


def status_conflict(order: Order) -> Findings:
    """A marketplace says that it arrived and a carrier goes on with it, or its word is far behind the facts."""
    if order.word is None:
        return {}
    said_at, _, event_id, status, word = order.word
    contrary: list[Mark] = []
    if status in ARRIVED:
        moving = [key for key, package in order.packages.items() if not proof_of(package) & ENDED]
        contrary = [mark for key in moving for mark in _picked_up(order, key) if mark[0] > said_at]
    elif status in NOT_SHIPPED and tally(order, said_at - LAG)[1] & PICKED_UP:
        contrary = _picked_up(order)
    elif status == "unpaid":
        contrary = [mark for mark in _paid(order) if mark[0] < said_at - LAG]
    return {"": Finding(min(contrary), (said_at, event_id), word)} if contrary else {}


def from_the_future(order: Order) -> Findings:
    """It was told more than five minutes before it happened: a sender's clock is wrong."""
    return {mark[1]: Finding(mark) for mark in order.ahead} if order.ahead else {}


def before_placed(order: Order) -> Findings:
    """Something happened to the order before it was placed."""
    placed = order.marks.get("placed")
    if placed is None or not order.history or order.history[0][0] >= placed[0] - SKEW:
        return {}
    things = (order.payments, order.refunds, order.packages, order.cancellations, order.returns, order.claims)
    marks = [order.marks, order.reported, *(thing.marks for kind in things for thing in kind.values())]
    return {"": Finding(min(mark for each in marks for mark in each.values()), placed)}


def _cancelled(order: Order) -> Mark | None:
    told = [marks["cancelled"] for marks in (order.marks, order.reported) if "cancelled" in marks]
    return min(told, default=None)


def _paid(order: Order) -> list[Mark]:
    return [payment.marks["paid"] for payment in order.payments.values() if "paid" in payment.marks]


def _picked_up(order: Order, key: str = "") -> list[Mark]:
    """Gives every mark that proves that a carrier has a package, or any package."""
    packages = [order.packages[key]] if key else order.packages.values()
    return [mark for package in packages for name, mark in package.marks.items() if PROVES[name] & PICKED_UP]


def _refunded(order: Order, currency: str) -> list[int]:
    """Gives the amounts that are on their way back or there."""
    refunds = [refund for refund in order.refunds.values() if refund.currency == currency]
    going = [r for r in refunds if "settled" in r.marks or ("approved" in r.marks and "failed" not in r.marks)]
    return [refund.amount for refund in going]


ANOMALIES: dict[str, Callable[[Order], Findings]] = {
    "shipped_unpaid": shipped_unpaid,
    "paid_after_cancel": paid_after_cancel,
    "paid_wrong_amount": paid_wrong_amount,
    "shipped_after_cancel": shipped_after_cancel,
    "refund_exceeds_payment": refund_exceeds_payment,
    "status_conflict": status_conflict,
    "from_the_future": from_the_future,
    "before_placed": before_placed,
}

_ALWAYS = ("from_the_future", "before_placed")

BY_SCOPE: dict[str, tuple[str, ...]] = {
    "marks": ("shipped_unpaid", "paid_after_cancel", "paid_wrong_amount", "shipped_after_cancel", *_ALWAYS),
    "payments": (
        *("shipped_unpaid", "paid_after_cancel", "paid_wrong_amount", "refund_exceeds_payment", "status_conflict"),
        *_ALWAYS,
    ),
    "refunds": ("paid_wrong_amount", "refund_exceeds_payment", *_ALWAYS),
    "packages": ("shipped_unpaid", "shipped_after_cancel", "status_conflict", *_ALWAYS),
    "recuts": ("status_conflict", *_ALWAYS),
    "reported": ("shipped_unpaid", "paid_after_cancel", "shipped_after_cancel", "status_conflict", *_ALWAYS),
}
"""Which contradictions an event can bring or explain, by the part of the order that it joins; others: _ALWAYS."""


def anomalies_of(order: Order) -> list[str]:
    """Gives all that contradicts itself in an order as things stand."""
    found = ((kind, subject) for kind, search in ANOMALIES.items() for subject in search(order))
    return sorted(_key(kind, subject) for kind, subject in found)


def examine(order: Order, event: Event) -> Sequence[Anomaly]:
    """Finds what an event that was just taken contradicts, and what it explains."""
    kinds = BY_SCOPE.get(FOLDS[event.type].scope, _ALWAYS)
    found = {_key(kind, subject): finding for kind in kinds for subject, finding in ANOMALIES[kind](order).items()}
    if not found and not order.anomalies:
        return ()
    before = [key for key in order.anomalies if key.partition("/")[0] in kinds]
    news = [_anomaly(order, key, finding) for key, finding in found.items() if key not in before]
    explained = Finding((event.occurred_at, event.event_id))
    news += [_anomaly(order, key, explained, withdrawn=True) for key in before if key not in found]
    order.anomalies = sorted({*order.anomalies}.difference(before).union(found))
    return news


def _key(kind: str, subject: str) -> str:
    return f"{kind}/{subject}" if subject else kind


def _anomaly(order: Order, key: str, finding: Finding, *, withdrawn: bool = False) -> Anomaly:
    kind, _, subject = key.partition("/")
    return Anomaly(
        anomaly_id=digest(order.order_id, kind, subject),
        order_id=order.order_id,
        seller_id=order.seller[3],
        kind=kind,
        occurred_at=finding.mark[0],
        event_id=finding.mark[1],
        against_event_id=finding.against[1] if finding.against else "",
        detail=finding.detail,
        withdrawn=withdrawn,
    )
