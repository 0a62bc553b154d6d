"""NOTICES: what sellers and buyers are told. Texts in both languages live with the pages; here are kinds and shape."""

from typing import NamedTuple

from msgspec import Struct, field


class Kind(NamedTuple):
    """One kind of notice and who receives it."""

    to_seller: bool
    to_buyer: bool


NOTICES: dict[str, Kind] = {
    "order_created": Kind(to_seller=True, to_buyer=True),
    "payment_received": Kind(to_seller=True, to_buyer=True),
    "ready_to_ship": Kind(to_seller=True, to_buyer=True),
    "shipped": Kind(to_seller=False, to_buyer=True),
    "out_for_delivery": Kind(to_seller=False, to_buyer=True),
    "delivered": Kind(to_seller=True, to_buyer=True),
    "delayed": Kind(to_seller=True, to_buyer=True),
    "parcel_lost": Kind(to_seller=True, to_buyer=True),
    "cancellation_requested": Kind(to_seller=True, to_buyer=False),
    "cancelled": Kind(to_seller=True, to_buyer=True),
    "return_requested": Kind(to_seller=True, to_buyer=False),
    "return_decided": Kind(to_seller=False, to_buyer=True),
    "claim_opened": Kind(to_seller=True, to_buyer=False),
    "claim_resolved": Kind(to_seller=False, to_buyer=True),
    "refund_requested": Kind(to_seller=True, to_buyer=False),
    "refund_approved": Kind(to_seller=False, to_buyer=True),
    "refund_settled": Kind(to_seller=True, to_buyer=True),
    "charged_back": Kind(to_seller=True, to_buyer=False),
    "review_asked": Kind(to_seller=False, to_buyer=True),
    "review_received": Kind(to_seller=True, to_buyer=False),
    "promise_near": Kind(to_seller=True, to_buyer=True),
    "promise_broken": Kind(to_seller=True, to_buyer=True),
    "low_stock": Kind(to_seller=True, to_buyer=False),
    "oversold": Kind(to_seller=True, to_buyer=False),
}


class Notice(Struct, omit_defaults=True, gc=False):
    """One line of somebody's inbox: the value of topic `notices`, keyed by `audience`.

    audience: `seller:{seller_id}` or `buyer:{buyer_id}`. id = order_id/kind/milestone/which/s or b: once, ever.
    seller_id: of what a buyer is told, whose shop it is from, as far as it is known.
    """

    notice_id: str
    audience: str
    kind: str
    order_id: str
    occurred_at: int
    event_id: str
    values: dict[str, str] = field(default_factory=dict)
    """What the template fills in: tracking_number, carrier, amount …"""
    seller_id: str = ""
