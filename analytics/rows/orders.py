"""The row of an order: what reports ask of a snapshot, read from its facts."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from analytics.rows.owners import of_snapshot
from analytics.rows.table import Table
from pipeline.streams.agent import Record
from schemas.facts import NEVER, Case, Details, Mark, Order, Package, Refund, Scan, by_witness, delivered_at
from schemas.promises import PROMISES, is_waiting
from schemas.statuses import implying

SHIPPED = frozenset(implying("picked_up"))
DELIVERED = frozenset(implying("delivered"))
CLOSED = {"returned", "returned_to_seller"}

_decode = msgspec.json.Decoder(Order).decode
_NO_DETAILS, _NO_PACKAGE, _NO_SCAN = Details(NEVER), Package(), Scan(NEVER, "")


class OrderRow(Struct, gc=False):
    """One order; times in milliseconds, money in minor units."""

    order_id: str
    seller_id: str
    buyer_id: str
    buyer_name: str
    city: str
    item: str
    quantity: int
    gross: int
    discount: int
    total: int
    currency: str
    cod: bool
    channel: str
    status: str
    since: int
    placed_at: int | None
    paid_at: int | None
    confirmed_at: int | None
    arranged_at: int | None
    dispatched_at: int | None
    delivered_at: int | None
    cancelled_at: int | None
    cancelled_by: str
    cancel_reason: str
    cancel_asked_at: int | None
    stars: int | None
    given_back: int
    refunds: list[dict[str, int]]
    ship_by: int | None
    deliver_by: int | None
    scan_by: int | None
    answer_by: int | None
    waiting: list[dict[str, object]]
    carrier: str
    tracking_number: str
    packages: int
    scan_milestone: str
    scan_words: str
    scan_location: str
    scan_at: int | None
    facts: bytes


def read(record: Record) -> OrderRow | None:
    """Reads a snapshot. Raises msgspec.MsgspecError when it is none."""
    if not record.value:
        return None
    order = _decode(record.value)
    marks, reported, due = order.marks, order.reported, order.due
    details = order.details or _NO_DETAILS
    lines = details.lines
    package = _last_heard_of(order.packages)
    scan = package.last or _NO_SCAN
    cod = details.cod or "cod" in marks
    delivered = delivered_at(order, _first_in(order, DELIVERED))
    cancelled_at = _earlier(marks.get("cancelled"), reported.get("cancelled"))
    cancelled_by = order.cancelled_by or (0, "", "", "")
    settled = _settled(order.refunds.values()) if order.refunds else []
    return OrderRow(
        order_id=order.order_id,
        seller_id=order.seller[3],
        buyer_id=details.buyer_id,
        buyer_name=details.buyer_name,
        city=details.city,
        item=lines[0].name if lines else "",
        quantity=lines[0].quantity if len(lines) == 1 else sum(line.quantity for line in lines),
        gross=details.total + details.discount,
        discount=details.discount,
        total=details.total,
        currency=details.currency,
        cod=cod,
        channel=details.channel,
        status=order.status,
        since=order.history[-1][0] if order.history else order.last_at,
        placed_at=_earlier(marks.get("placed"), reported.get("placed")),
        paid_at=_paid_at(order, delivered if cod else _at(reported.get("paid"))),
        confirmed_at=_earlier(marks.get("confirmed"), reported.get("confirmed")),
        arranged_at=_arranged_at(order),
        dispatched_at=_first_in(order, SHIPPED),
        delivered_at=delivered,
        cancelled_at=cancelled_at,
        cancelled_by=cancelled_by[2],
        cancel_reason=cancelled_by[3],
        cancel_asked_at=_asked_at(order.cancellations.values())
        if order.cancellations and cancelled_at is None
        else None,
        stars=order.review.stars if order.review else None,
        given_back=details.total if cancelled_at is not None else _given_back(order, details.total, settled),
        refunds=settled,
        ship_by=due.get("dispatch"),
        deliver_by=due.get("deliver"),
        scan_by=_first_due(order, "scan"),
        answer_by=_first_due(order, "answer_return"),
        waiting=_waiting(order),
        carrier=package.carrier,
        tracking_number=package.number,
        packages=len(order.packages),
        scan_milestone=scan.milestone,
        scan_words=scan.words,
        scan_location=scan.location,
        scan_at=scan.stamp[0] if package.last else None,
        facts=record.value,
    )


def _at(mark: Mark | None) -> int | None:
    return mark[0] if mark else None


def _earlier(told: Mark | None, reported: Mark | None) -> int | None:
    if told and reported:
        return min(told[0], reported[0])
    return _at(told or reported)


def _first_in(order: Order, statuses: frozenset[str]) -> int | None:
    for since, status in order.history:
        if status in statuses:
            return since
    return None


def _last_heard_of(packages: dict[str, Package]) -> Package:
    if len(packages) > 1:
        return max(packages.values(), key=lambda p: max(p.last.stamp if p.last else NEVER, p.arranged))
    return next(iter(packages.values()), _NO_PACKAGE)


def _first_due(order: Order, kind: str) -> int | None:
    """By when the first promise of a kind must be kept that somebody still waits for."""
    waiting = [at for key, at in order.due.items() if key.startswith(kind) and is_waiting(order, key)]
    return min(waiting, default=None)


def _waiting(order: Order) -> list[dict[str, object]]:
    """The promises that somebody waits for; `of_seller`: those that the seller, or the carrier, has to keep."""
    told = ((key, key.partition("/"), due) for key, due in order.due.items() if is_waiting(order, key))
    return [
        {
            "due": due,
            "promise": kind,
            "subject": subject,
            "since": order.begun.get(key, 0),
            "of_seller": "seller" in PROMISES[kind].near_to,
        }
        for key, (kind, _, subject), due in told
    ]


def _paid_at(order: Order, proved_at: int | None) -> int | None:
    """When the buyer's money came: by the first payment, or by what proves one otherwise.

    That is the shop's word "paid". Cash on delivery is paid at the door: there a shop's "to be shipped" proves nothing.
    """
    earliest = proved_at
    for payment in order.payments.values():
        paid = payment.marks.get("paid")
        if paid and (earliest is None or paid[0] < earliest):
            earliest = paid[0]
    return earliest


def _arranged_at(order: Order) -> int | None:
    """When the last parcel got its tracking number."""
    latest = None
    for package in order.packages.values():
        arranged = package.marks.get("arranged")
        if arranged and (latest is None or arranged[0] > latest):
            latest = arranged[0]
    return _at(order.reported.get("arranged")) if latest is None else latest


def _asked_at(cancellations: Iterable[Case]) -> int | None:
    """Since when a request to cancel waits for an answer."""
    asked = [case.marks["requested"][0] for case in cancellations if case.marks.keys() == {"requested"}]
    return min(asked, default=None)


def _settled(refunds: Iterable[Refund]) -> list[dict[str, int]]:
    """The refunds that arrived, as the sender tells that tells of most: shop and provider may both tell of each."""
    settled = [refund for refund in refunds if "settled" in refund.marks]
    told = by_witness(settled)
    witness = max(told, key=lambda source: (told[source], source), default="")
    of_witness = sorted((refund.marks["settled"][0], refund.amount) for refund in settled if refund.source == witness)
    return [{"settled_at": at, "amount": amount} for at, amount in of_witness]


def _given_back(order: Order, total: int, settled: list[dict[str, int]]) -> int:
    """How much of the money of an order that was not cancelled does not stay: what was refunded, or must be."""
    if settled:
        return min(sum(refund["amount"] for refund in settled), total)
    if order.status not in CLOSED or any(case.outcome == "replaced" for case in order.returns.values()):
        return 0
    return total


ORDERS = Table(
    "delta",
    OrderRow,
    read,
    {"order_key": "key_of(order_id)", "seller_key": "key_of(seller_id)", "buyer_key": "key_of(buyer_id)"},
    newest="order_key",
    beside="facts",
    further=("orders", "facts"),
    owners=of_snapshot,
)
