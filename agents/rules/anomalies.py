"""ANOMALIES: what contradicts itself in the facts of an order, and the two pieces of evidence.

Each is a question to the facts, so it is found whichever of its two events comes last. What a later event explains,
such as a payment that was told late, is withdrawn. Matching alone finds that a tracking number was used again.
"""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from agents.rules.fold import FOLDS, SKEW
from agents.rules.parcels import ENDED, PICKED_UP, PROVES, proof_of, tally
from schemas.events import Event
from schemas.facts import Anomaly, Mark, Order, Package, by_witness
from schemas.ids import digest
from schemas.registry import OF_ORDERS
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
    shipped, paid = order.marks.get("shipped"), order.marks.get("paid")
    if shipped is None or (paid and paid <= shipped) or not order.payments or order.details is None:
        return {}
    return {} if "cod" in order.marks or "paid" in order.reported else {"": Finding(shipped, paid)}


def paid_after_cancel(order: Order) -> Findings:
    """Money came in for an order that was cancelled before."""
    cancelled = _cancelled(order)
    if cancelled is None:
        return {}
    late = {ref: payment.marks.get("paid") for ref, payment in order.payments.items()}
    return {ref: Finding(paid, cancelled) for ref, paid in late.items() if paid and paid[0] > cancelled[0]}


def paid_wrong_amount(order: Order) -> Findings:
    """What was paid, or what is left of it after refunds, is not what the order costs.

    Several senders may each tell of all payments or each of a part: either is in order.
    """
    if order.details is None or not order.details.total or not order.payments:
        return {}
    paid = [payment for payment in order.payments.values() if "paid" in payment.marks]
    total, currency = order.details.total, order.details.currency
    if not paid or (len(paid) == 1 and paid[0].amount == total and paid[0].currency == currency):
        return {}
    told, back = by_witness(paid, currency), _given_back(order, currency) if order.refunds else 0
    if told and (sum(told.values()) in (total, total + back) or {*told.values()} <= {total, total + back}):
        return {}
    at, _, event_id = order.details.stamp
    last = max(payment.marks["paid"] for payment in paid)
    return {"": Finding(last, (at, event_id), f"{max(told.values(), default=0)} of {total} {currency}")}


def shipped_after_cancel(order: Order) -> Findings:
    """A carrier took a parcel of an order that was cancelled before."""
    cancelled = _cancelled(order)
    if cancelled is None:
        return {}
    picked_up = {key: min(_picked_up(package), default=None) for key, package in order.packages.items()}
    return {key: Finding(mark, cancelled) for key, mark in picked_up.items() if mark and mark[0] > cancelled[0]}


def refund_exceeds_payment(order: Order) -> Findings:
    """More money goes back than came in."""
    if not order.refunds or not order.payments:
        return {}
    total = order.details.total if order.details else 0
    paid = [payment for payment in order.payments.values() if "paid" in payment.marks]
    for currency in sorted({refund.currency for refund in order.refunds.values()}):
        told, back = by_witness(paid, currency), _given_back(order, currency)
        whole = sum(told.values())
        came = whole if not total or whole <= total else max(told.values())
        if back > came:
            last = max(mark for refund in order.refunds.values() for mark in refund.marks.values())
            return {"": Finding(last, order.marks.get("paid"), f"{back} back, {came} paid {currency}")}
    return {}


def status_conflict(order: Order) -> Findings:
    """A marketplace says that it arrived and a carrier goes on with it, or its word is far behind the facts."""
    if order.word is None:
        return {}
    said_at, _, event_id, status, word = order.word
    contrary: list[Mark] = []
    if status in ARRIVED:
        moving = [package for package in order.packages.values() if not proof_of(package) & ENDED]
        contrary = [mark for package in moving for mark in _picked_up(package) if mark[0] > said_at]
    elif status in NOT_SHIPPED and tally(order, said_at - LAG)[1] & PICKED_UP:
        contrary = [mark for package in order.packages.values() for mark in _picked_up(package)]
    elif status == "unpaid" and (paid := order.marks.get("paid")) and paid[0] < said_at - LAG:
        contrary = [paid]
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
    told, said = order.marks.get("cancelled"), order.reported.get("cancelled")
    return min(told, said) if told and said else told or said


def _picked_up(package: Package) -> list[Mark]:
    """Gives every mark that proves that a carrier has a package."""
    return [mark for name, mark in package.marks.items() if PROVES[name] & PICKED_UP]


def _given_back(order: Order, currency: str) -> int:
    """Gives how much is on its way back or there, as the sender tells that tells of most."""
    refunds = order.refunds.values()
    going = [r for r in refunds if "settled" in r.marks or ("approved" in r.marks and "failed" not in r.marks)]
    return max(by_witness(going, currency).values(), default=0)


class Kind(NamedTuple):
    """One kind of contradiction, and the types of events that can bring it or explain it."""

    search: Callable[[Order], Findings]
    types: Collection[str]


_PAYMENTS = [kind for kind, fold in FOLDS.items() if fold.scope == "payments"]
_REFUNDS = [kind for kind, fold in FOLDS.items() if fold.scope == "refunds"]
_PACKAGES = [kind for kind, fold in FOLDS.items() if fold.scope in ("packages", "recuts")]
_DESCRIBING = ("order_placed", "order_amended")

ANOMALIES: dict[str, Kind] = {
    "shipped_unpaid": Kind(shipped_unpaid, (*_DESCRIBING, "status_reported", "package_scanned", *_PAYMENTS)),
    "paid_after_cancel": Kind(paid_after_cancel, ("order_cancelled", "status_reported", *_PAYMENTS)),
    "paid_wrong_amount": Kind(paid_wrong_amount, (*_DESCRIBING, *_PAYMENTS, *_REFUNDS)),
    "shipped_after_cancel": Kind(shipped_after_cancel, ("order_cancelled", "status_reported", "package_scanned")),
    "refund_exceeds_payment": Kind(refund_exceeds_payment, (*_DESCRIBING, *_PAYMENTS, *_REFUNDS)),
    "status_conflict": Kind(status_conflict, ("status_reported", "payment_paid", *_PACKAGES)),
    "from_the_future": Kind(from_the_future, OF_ORDERS),
    "before_placed": Kind(before_placed, OF_ORDERS),
}

Searches = list[tuple[str, Callable[[Order], Findings]]]

_ALL: Searches = [(name, kind.search) for name, kind in ANOMALIES.items()]
_SEARCHES: dict[str, Searches] = {
    type_: [(name, kind.search) for name, kind in ANOMALIES.items() if type_ in kind.types] for type_ in OF_ORDERS
}


def anomalies_of(order: Order) -> list[str]:
    """Gives all that contradicts itself in an order as things stand."""
    return sorted(_search(order, _ALL))


def differences(order: Order, before: Sequence[str], by: Mark) -> Sequence[Anomaly]:
    """Tells what contradicts itself in an order and did not `before`, and what no longer does: that `by` explained."""
    return _differences(order, before, _search(order, _ALL), by)


def examine(order: Order, event: Event) -> Sequence[Anomaly]:
    """Finds what an event that was just taken contradicts, and what it explains."""
    searches = _SEARCHES[event.type]
    found = _search(order, searches)
    if not found and not order.anomalies:
        return ()
    searched = {name for name, _ in searches}
    before = [key for key in order.anomalies if key.partition("/")[0] in searched]
    order.anomalies = sorted({*order.anomalies}.difference(before).union(found))
    return _differences(order, before, found, (event.occurred_at, event.event_id))


def _search(order: Order, searches: Searches) -> Findings:
    found: Findings = {}
    for name, search in searches:
        if findings := search(order):
            found.update({_key(name, subject): finding for subject, finding in findings.items()})
    return found


def _differences(order: Order, before: Sequence[str], found: Findings, by: Mark) -> list[Anomaly]:
    news = [_anomaly(order, key, found[key]) for key in sorted(found) if key not in before]
    return news + [_anomaly(order, key, Finding(by), withdrawn=True) for key in before if key not in found]


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
