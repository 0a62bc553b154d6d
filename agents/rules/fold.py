"""FOLDS: every type of event and how it joins the facts of its order; `fold` does it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from agents.rules.joins import keep_all, orders, payments, shipments
from schemas.events import Event
from schemas.facts import VERSION, Order
from schemas.times import MINUTE

SKEW = 5 * MINUTE
"""How far two honest clocks may be apart."""

MARKETPLACE, SHOP, CARRIER = 2, 1, 0
"""Whose word counts when two name different sellers of an order: the one who numbered it, a shop or payment provider
that refers to it, or a carrier."""


class Fold(NamedTuple):
    """How one type of event joins: the field of Order that it belongs to, the mark it leaves there, and the join."""

    scope: str
    mark: str
    join: Callable[[Order, Any, str, str], int]


def fold(order: Order, event: Event) -> int:
    """Joins an event into the facts of its order. Tells what that changed: SAME, MOVED or NEW (see joins)."""
    at = event.occurred_at
    order.last_at, order.version = max(order.last_at, at), VERSION
    scope, mark, join = FOLDS[event.type]
    if event.seller_id and (order.seller[0] < MARKETPLACE or at <= -order.seller[1]):
        _hear_witness(order, event, scope)
    if at > event.received_at + SKEW:
        keep_all(order.ahead, (at, event.event_id))
    return join(order, event, scope, mark)


def _hear_witness(order: Order, event: Event, scope: str) -> None:
    """Keeps the seller whom the best witness named first."""
    rank = CARRIER if scope == "packages" else SHOP
    if order.order_id.partition(":")[0] == event.source:
        rank = MARKETPLACE
    order.seller = max(order.seller, (rank, -event.occurred_at, event.event_id, event.seller_id or ""))


FOLDS: dict[str, Fold] = {
    "order_placed": Fold("marks", "placed", orders.describe),
    "order_amended": Fold("marks", "amended", orders.describe),
    "order_held": Fold("marks", "held", orders.hold),
    "order_released": Fold("marks", "released", orders.hold),
    "order_confirmed": Fold("marks", "confirmed", orders.reach),
    "order_cancelled": Fold("marks", "cancelled", orders.cancel),
    "receipt_confirmed": Fold("marks", "received", orders.reach),
    "order_completed": Fold("marks", "completed", orders.reach),
    "review_asked": Fold("marks", "review_asked", orders.reach),
    "cancellation_requested": Fold("cancellations", "requested", orders.move_case),
    "cancellation_rejected": Fold("cancellations", "rejected", orders.move_case),
    "cancellation_withdrawn": Fold("cancellations", "withdrawn", orders.move_case),
    "return_requested": Fold("returns", "requested", orders.move_case),
    "return_approved": Fold("returns", "approved", orders.move_case),
    "return_rejected": Fold("returns", "rejected", orders.move_case),
    "return_withdrawn": Fold("returns", "withdrawn", orders.move_case),
    "return_shipped": Fold("returns", "shipped", orders.move_case),
    "return_received": Fold("returns", "received", orders.move_case),
    "return_closed": Fold("returns", "closed", orders.move_case),
    "claim_opened": Fold("claims", "opened", orders.move_case),
    "claim_resolved": Fold("claims", "resolved", orders.move_case),
    "review_left": Fold("review", "left", orders.review),
    "status_reported": Fold("reported", "", orders.report),
    "payment_requested": Fold("payments", "requested", payments.pay),
    "payment_authorized": Fold("payments", "authorized", payments.pay),
    "payment_paid": Fold("payments", "paid", payments.pay),
    "payment_failed": Fold("payments", "failed", payments.pay),
    "payment_expired": Fold("payments", "expired", payments.pay),
    "chargeback_opened": Fold("payments", "charged_back", payments.pay),
    "refund_requested": Fold("refunds", "requested", payments.refund),
    "refund_approved": Fold("refunds", "approved", payments.refund),
    "refund_settled": Fold("refunds", "settled", payments.refund),
    "refund_failed": Fold("refunds", "failed", payments.refund),
    "shipping_arranged": Fold("packages", "arranged", shipments.arrange),
    "package_scanned": Fold("packages", "", shipments.scan),
    "package_recut": Fold("recuts", "", shipments.recut),
}
