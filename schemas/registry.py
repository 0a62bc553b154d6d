"""EVENTS: every type of event, the shape it has and the topic it travels on. Docs, codecs and tests derive from it."""

from typing import NamedTuple

from schemas.events import Event
from schemas.orders import CaseMoved, OrderMarked, OrderPlaced, ReturnShipped, ReviewLeft, StatusReported
from schemas.payments import PaymentMoved, RefundMoved
from schemas.shipments import PackageRecut, PackageScanned, ShippingArranged
from schemas.stock import StockTold


class Kind(NamedTuple):
    """How one type of event looks and where it travels."""

    shape: type[Event]
    topic: str


def _all(shape: type[Event], topic: str, *types: str) -> dict[str, Kind]:
    return dict.fromkeys(types, Kind(shape, topic))


EVENTS: dict[str, Kind] = {
    **_all(OrderPlaced, "orders", "order_placed", "order_amended"),
    **_all(OrderMarked, "orders", "order_held", "order_released", "order_confirmed", "order_cancelled"),
    **_all(OrderMarked, "orders", "receipt_confirmed", "order_completed", "review_asked"),
    **_all(CaseMoved, "orders", "cancellation_requested", "cancellation_rejected", "cancellation_withdrawn"),
    **_all(CaseMoved, "orders", "return_requested", "return_approved", "return_rejected", "return_withdrawn"),
    **_all(ReturnShipped, "orders", "return_shipped"),
    **_all(CaseMoved, "orders", "return_received", "return_closed"),
    **_all(CaseMoved, "orders", "claim_opened", "claim_resolved"),
    **_all(ReviewLeft, "orders", "review_left"),
    **_all(StatusReported, "orders", "status_reported"),
    **_all(PaymentMoved, "payments", "payment_requested", "payment_authorized", "payment_paid"),
    **_all(PaymentMoved, "payments", "payment_failed", "payment_expired", "chargeback_opened"),
    **_all(RefundMoved, "payments", "refund_requested", "refund_approved", "refund_settled", "refund_failed"),
    **_all(ShippingArranged, "shipments", "shipping_arranged"),
    **_all(PackageScanned, "shipments", "package_scanned"),
    **_all(PackageRecut, "shipments", "package_recut"),
    **_all(StockTold, "stock", "stock_counted", "stock_received"),
}

OF_ORDERS = tuple(name for name, kind in EVENTS.items() if kind.topic != "stock")
"""Types of events that an order's state is folded from."""
