"""The row of an order: what reports ask of a snapshot, got from its facts."""

from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

import msgspec

from analytics.rows.table import Table
from pipeline.streams.agent import Record
from schemas.facts import NEVER, Case, Details, Marks, Order, Package, Scan
from schemas.statuses import STATUSES

SHIPPED = {row.name for row in STATUSES if "picked_up" in row.implies}
DELIVERED = {row.name for row in STATUSES if "delivered" in row.implies}
CLOSED = {"returned", "returned_to_seller"}

_decode = msgspec.json.Decoder(Order).decode
_NO_DETAILS, _NO_PACKAGE, _NO_SCAN = Details(NEVER), Package(), Scan(NEVER, "")


class Seen(NamedTuple):
    """An order with what several columns ask of it."""

    order: Order
    details: Details
    cod: bool
    package: Package
    scan: Scan
    cancelled_at: int | None
    delivered_at: int | None
    facts: bytes


def see(record: Record) -> Seen | None:
    """Reads a snapshot. Raises msgspec.MsgspecError when it is none."""
    if not record.value:
        return None
    order = _decode(record.value)
    details, package = order.details or _NO_DETAILS, _latest(order.packages.values())
    return Seen(
        order,
        details,
        details.cod or "cod" in order.marks,
        package,
        package.last or _NO_SCAN,
        _earliest(order.marks.get("cancelled"), order.reported.get("cancelled")),
        _first_in(order, DELIVERED),
        record.value,
    )


def _latest(packages: Iterable[Package]) -> Package:
    """Gives the package that was last heard of."""
    return max(packages, key=lambda p: (p.last.stamp if p.last else NEVER, p.arranged), default=_NO_PACKAGE)


def _earliest(*marks: tuple[int, str] | None) -> int | None:
    return min((mark[0] for mark in marks if mark), default=None)


def _first_in(order: Order, statuses: set[str]) -> int | None:
    return next((since for since, status in order.history if status in statuses), None)


def _mark(name: str, marks: Marks, reported: Marks) -> int | None:
    return _earliest(marks.get(name), reported.get(name))


def paid_at(seen: Seen) -> int | None:
    """When the buyer's money came: the first payment, or the shop's word that it was paid.

    Cash on delivery is paid when a payment says so, else at the door: a shop's "to be shipped" proves no payment there.
    """
    paid = [payment.marks["paid"][0] for payment in seen.order.payments.values() if "paid" in payment.marks]
    otherwise = seen.delivered_at if seen.cod else _earliest(seen.order.reported.get("paid"))
    return min((at for at in (*paid, otherwise) if at is not None), default=None)


def _refunds(seen: Seen) -> list[dict[str, int]]:
    settled = [(r.marks["settled"][0], r.amount) for r in seen.order.refunds.values() if "settled" in r.marks]
    return [{"settled_at": at, "amount": amount} for at, amount in sorted(settled)]


def given_back(seen: Seen) -> int:
    """How much of the order's money does not stay: all of a cancelled order's, else what was or will be refunded."""
    total = seen.details.total
    if seen.cancelled_at is not None:
        return total
    settled = sum(r.amount for r in seen.order.refunds.values() if "settled" in r.marks)
    if settled or seen.order.status not in CLOSED:
        return min(settled, total)
    replaced = any(case.outcome == "replaced" for case in seen.order.returns.values())
    return 0 if replaced else total


def _arranged_at(seen: Seen) -> int | None:
    """When the last parcel got its tracking number."""
    marks = [p.marks["arranged"][0] for p in seen.order.packages.values() if p.number and "arranged" in p.marks]
    return max(marks, default=_earliest(seen.order.reported.get("arranged")))


def _cancel_asked_at(seen: Seen) -> int | None:
    """Since when a request to cancel waits for an answer."""
    if seen.cancelled_at is not None:
        return None
    asked = map(_open_since, seen.order.cancellations.values())
    return min((at for at in asked if at is not None), default=None)


def _open_since(case: Case) -> int | None:
    answered = "rejected" in case.marks or "withdrawn" in case.marks
    return None if answered else _earliest(case.marks.get("requested"))


ORDERS = Table(
    "delta",
    see,
    {
        "order_id": attrgetter("order.order_id"),
        "seller_id": lambda seen: seen.order.seller[3],
        "buyer_id": attrgetter("details.buyer_id"),
        "buyer_name": attrgetter("details.buyer_name"),
        "city": attrgetter("details.city"),
        "item": lambda seen: seen.details.lines[0].name if seen.details.lines else "",
        "quantity": lambda seen: sum(line.quantity for line in seen.details.lines),
        "gross": lambda seen: seen.details.total + seen.details.discount,
        "discount": attrgetter("details.discount"),
        "total": attrgetter("details.total"),
        "currency": attrgetter("details.currency"),
        "cod": attrgetter("cod"),
        "status": attrgetter("order.status"),
        "since": lambda seen: seen.order.history[-1][0] if seen.order.history else seen.order.last_at,
        "placed_at": lambda seen: _mark("placed", seen.order.marks, seen.order.reported),
        "paid_at": paid_at,
        "confirmed_at": lambda seen: _mark("confirmed", seen.order.marks, seen.order.reported),
        "arranged_at": _arranged_at,
        "dispatched_at": lambda seen: _first_in(seen.order, SHIPPED),
        "delivered_at": attrgetter("delivered_at"),
        "cancelled_at": attrgetter("cancelled_at"),
        "cancelled_by": lambda seen: seen.order.cancelled_by[2] if seen.order.cancelled_by else "",
        "cancel_reason": lambda seen: seen.order.cancelled_by[3] if seen.order.cancelled_by else "",
        "cancel_asked_at": _cancel_asked_at,
        "stars": lambda seen: seen.order.review.stars if seen.order.review else None,
        "given_back": given_back,
        "refunds": _refunds,
        "ship_by": lambda seen: seen.order.due.get("dispatch"),
        "deliver_by": lambda seen: seen.order.due.get("deliver"),
        "scan_by": lambda seen: seen.order.due.get("scan"),
        "answer_by": lambda seen: seen.order.due.get("answer_return"),
        "carrier": attrgetter("package.carrier"),
        "tracking_number": attrgetter("package.number"),
        "packages": lambda seen: len(seen.order.packages),
        "scan_milestone": attrgetter("scan.milestone"),
        "scan_words": attrgetter("scan.words"),
        "scan_location": attrgetter("scan.location"),
        "scan_at": lambda seen: seen.scan.stamp[0] if seen.package.last else None,
        "facts": attrgetter("facts"),
    },
    {"order_key": "key_of(order_id)", "seller_key": "key_of(seller_id)", "buyer_key": "key_of(buyer_id)"},
    newest="order_key",
    older=("orders",),
)
