"""STATUSES: the status table of an order, first row that holds wins; words, tabs and tones of pages derive from it."""

from typing import NamedTuple

BUYER_TABS = ("unpaid", "waiting", "in_transit", "received", "returns", "cancelled")
"""The buyer's tabs: Unpaid, Waiting for Delivery, In Transit, Received, Returns/Refund, Cancelled."""

SELLER_TABS = ("new", "ready", "shipping", "completed", "reversed")
"""The seller's tabs: New Order, Ready to Ship, In Shipping, Completed, Cancellations and Returns."""


class Status(NamedTuple):
    """One row of the table. A tab is empty where nobody but an operator sees the order.

    `implies` are the milestones that a marketplace's word for this status proves.
    """

    name: str
    buyer_tab: str
    seller_tab: str
    actionable: bool = True
    implies: tuple[str, ...] = ()


_PAID = ("placed", "paid")
_ARRANGED = (*_PAID, "arranged")
_SHIPPED = (*_ARRANGED, "picked_up")
_DELIVERED = (*_SHIPPED, "delivered")

STATUSES: tuple[Status, ...] = (
    Status("returned", "returns", "reversed", implies=("placed", "returned")),
    Status("return_in_progress", "returns", "reversed", implies=("placed", "return_approved")),
    Status("return_requested", "returns", "reversed", implies=("placed", "return_requested")),
    Status("cancelled", "cancelled", "reversed", implies=("placed", "cancelled")),
    Status("returned_to_seller", "returns", "reversed", implies=(*_SHIPPED, "returned_to_seller")),
    Status("completed", "received", "completed", implies=(*_DELIVERED, "completed")),
    Status("delivered", "in_transit", "shipping", implies=_DELIVERED),
    Status("in_transit", "in_transit", "shipping", implies=_SHIPPED),
    Status("partially_shipped", "in_transit", "shipping", implies=(*_ARRANGED, "partly_picked_up")),
    Status("awaiting_collection", "waiting", "ready", implies=_ARRANGED),
    Status("ready_to_ship", "waiting", "ready", implies=(*_PAID, "confirmed")),
    Status("on_hold", "waiting", "new", actionable=False, implies=(*_PAID, "held")),
    Status("new", "waiting", "new", implies=(*_PAID, "released")),
    Status("unpaid", "unpaid", "new", actionable=False, implies=("placed",)),
    Status("unknown", "", "", actionable=False),
)

BY_NAME: dict[str, Status] = {row.name: row for row in STATUSES}


def implying(milestone: str) -> tuple[str, ...]:
    """Gives the statuses by which a milestone must have been reached, as in STATUSES."""
    return tuple(row.name for row in STATUSES if milestone in row.implies)
