"""What things are called on pages: every status, tab, milestone, event, notice and anomaly, in English.

Other languages translate these texts in their catalog. A test compares each table with the registry it speaks for.
"""

from typing import NamedTuple


def mark(text: str) -> str:
    """Marks a text that a catalog translates, and gives it back as it is."""
    return text


def mark_plural(one: str, many: str) -> tuple[str, str]:
    """Marks a text that has one form for one and another for many, and gives both back."""
    return one, many


class StatusWords(NamedTuple):
    """A status as its seller and its buyer read it: its name, and a sentence that says what happens next."""

    icon: str
    tone: str
    seller: str
    seller_next: str
    buyer: str
    buyer_next: str


STATUS_WORDS: dict[str, StatusWords] = {
    "unpaid": StatusWords(
        *("clock", "quiet", mark("Unpaid"), mark("The buyer has not paid yet. There is nothing to do.")),
        *(mark("Waiting for your payment"), mark("Pay, and the shop starts on your order.")),
    ),
    "on_hold": StatusWords(
        *("pause", "quiet", mark("On hold"), mark("Held by the marketplace. You can go on once it is released.")),
        *(mark("Being checked"), mark("The marketplace checks your order. The shop goes on after that.")),
    ),
    "new": StatusWords(
        *("spark", "violet", mark("New order"), mark("Paid. Confirm it, then pack it.")),
        *(mark("Paid"), mark("The shop confirms your order next.")),
    ),
    "ready_to_ship": StatusWords(
        *("box", "warn", mark("Ready to ship"), mark("Confirmed. Pack it and arrange shipping.")),
        *(mark("Being packed"), mark("The shop packs your order and hands it to a carrier.")),
    ),
    "awaiting_collection": StatusWords(
        *("box", "warn", mark("Awaiting collection"), mark("Shipping is arranged. Hand it to the carrier.")),
        *(mark("Packed"), mark("The carrier collects your parcel next.")),
    ),
    "partially_shipped": StatusWords(
        *("truck", "info", mark("Partly shipped"), mark("Some parcels are on their way. Hand over the others.")),
        *(mark("Partly on its way"), mark("Some of your parcels are on their way, the others follow.")),
    ),
    "in_transit": StatusWords(
        *("truck", "info", mark("In transit"), mark("On its way to the buyer.")),
        *(mark("On its way"), mark("The carrier brings it to you.")),
    ),
    "delivered": StatusWords(
        *("home", "info", mark("Delivered"), mark("Delivered. The buyer has yet to confirm it.")),
        *(mark("Delivered"), mark("Confirm that you have it, or say that you do not have it.")),
    ),
    "completed": StatusWords(
        *("check", "good", mark("Completed"), mark("The buyer has it. There is nothing more to do.")),
        *(mark("Received"), mark("You have it. There is nothing more to do.")),
    ),
    "returned_to_seller": StatusWords(
        *("undo", "bad", mark("Came back"), mark("The carrier brought it back to you.")),
        *(mark("Went back to the shop"), mark("It could not be delivered. The shop settles your refund.")),
    ),
    "cancelled": StatusWords(
        *("x", "bad", mark("Cancelled"), mark("It was cancelled. Do not send it.")),
        *(mark("Cancelled"), mark("It was cancelled. What you paid is refunded.")),
    ),
    "return_requested": StatusWords(
        *("undo", "bad", mark("Return requested"), mark("The buyer wants to return it. Approve or reject it.")),
        *(mark("Return requested"), mark("The shop answers your request next.")),
    ),
    "return_in_progress": StatusWords(
        *("undo", "bad", mark("Return in progress"), mark("The return is approved and not closed yet.")),
        *(mark("Return in progress"), mark("Your return is approved. Your refund follows.")),
    ),
    "returned": StatusWords(
        *("undo", "bad", mark("Returned"), mark("The return is closed: goods or money went back.")),
        *(mark("Returned"), mark("Your return is closed.")),
    ),
    "unknown": StatusWords(
        *("help", "quiet", mark("Not known yet"), mark("Events came in, but not yet the order itself.")),
        *(mark("Not known yet"), mark("The shop has not told us of this order yet.")),
    ),
}

SELLER_TAB_WORDS = {
    "new": mark("New order"),
    "ready": mark("Ready to ship"),
    "shipping": mark("In shipping"),
    "completed": mark("Completed"),
    "reversed": mark("Cancellations and returns"),
}

BUYER_TAB_WORDS = {
    "unpaid": mark("Unpaid"),
    "waiting": mark("Waiting for delivery"),
    "in_transit": mark("In transit"),
    "received": mark("Received"),
    "returns": mark("Returns and refunds"),
    "cancelled": mark("Cancelled"),
}

MILESTONE_WORDS = {
    "label_created": mark("Label made"),
    "picked_up": mark("Picked up"),
    "in_transit": mark("On its way"),
    "at_hub": mark("At a sorting hub"),
    "customs": mark("At customs"),
    "out_for_delivery": mark("Out for delivery"),
    "delivery_failed": mark("Delivery failed"),
    "available_for_pickup": mark("Waiting to be picked up"),
    "delivered": mark("Delivered"),
    "delayed": mark("Delayed"),
    "damaged": mark("Damaged"),
    "lost": mark("Lost"),
    "return_started": mark("Going back"),
    "returned": mark("Back at the shop"),
    "cancelled": mark("Shipment cancelled"),
    "unknown": mark("Carrier's own word"),
}

EVENT_WORDS = {
    "order_placed": mark("Order placed"),
    "order_amended": mark("Order changed"),
    "order_held": mark("Put on hold"),
    "order_released": mark("Released"),
    "order_confirmed": mark("Confirmed"),
    "order_cancelled": mark("Cancelled"),
    "order_completed": mark("Completed"),
    "review_asked": mark("Review asked for"),
    "receipt_confirmed": mark("Receipt confirmed"),
    "cancellation_requested": mark("Cancellation requested"),
    "cancellation_rejected": mark("Cancellation rejected"),
    "cancellation_withdrawn": mark("Cancellation withdrawn"),
    "return_requested": mark("Return requested"),
    "return_approved": mark("Return approved"),
    "return_rejected": mark("Return rejected"),
    "return_withdrawn": mark("Return withdrawn"),
    "return_shipped": mark("Return sent"),
    "return_received": mark("Return received"),
    "return_closed": mark("Return closed"),
    "claim_opened": mark("Buyer says it did not arrive"),
    "claim_resolved": mark("Claim resolved"),
    "review_left": mark("Review left"),
    "status_reported": mark("Status reported"),
    "payment_requested": mark("Payment requested"),
    "payment_authorized": mark("Payment authorised"),
    "payment_paid": mark("Paid"),
    "payment_failed": mark("Payment failed"),
    "payment_expired": mark("Payment expired"),
    "chargeback_opened": mark("Payment charged back"),
    "refund_requested": mark("Refund requested"),
    "refund_approved": mark("Refund approved"),
    "refund_settled": mark("Refund settled"),
    "refund_failed": mark("Refund failed"),
    "shipping_arranged": mark("Shipping arranged"),
    "package_scanned": mark("Scanned"),
    "package_recut": mark("Parcels changed"),
    "stock_counted": mark("Stock counted"),
    "stock_received": mark("Stock received"),
}


class NoticeWords(NamedTuple):
    """A notice as it reads in its audience's inbox; empty where that audience never gets it."""

    icon: str
    tone: str
    seller: str = ""
    buyer: str = ""


NOTICE_WORDS: dict[str, NoticeWords] = {
    "order_created": NoticeWords("spark", "violet", mark("A new order came in"), mark("We have your order")),
    "payment_received": NoticeWords("cash", "good", mark("It is paid"), mark("Your payment came in")),
    "ready_to_ship": NoticeWords("box", "warn", mark("It is ready to ship"), mark("The shop confirmed your order")),
    "shipped": NoticeWords("truck", "info", "", mark("Your parcel is on its way")),
    "out_for_delivery": NoticeWords("truck", "info", "", mark("Your parcel comes today")),
    "delivered": NoticeWords("home", "good", mark("It was delivered"), mark("Your parcel was delivered")),
    "delayed": NoticeWords("clock", "warn", mark("The parcel is delayed"), mark("Your parcel is delayed")),
    "parcel_lost": NoticeWords("alert", "bad", mark("The carrier lost the parcel"), mark("Your parcel was lost")),
    "cancellation_requested": NoticeWords("x", "warn", mark("The buyer wants to cancel")),
    "cancelled": NoticeWords("x", "bad", mark("It was cancelled"), mark("Your order was cancelled")),
    "return_requested": NoticeWords("undo", "warn", mark("The buyer wants to return it")),
    "return_decided": NoticeWords("undo", "info", "", mark("The shop answered your return")),
    "claim_opened": NoticeWords("alert", "bad", mark("The buyer says that it did not arrive")),
    "claim_resolved": NoticeWords("check", "info", "", mark("The shop answered your claim")),
    "refund_requested": NoticeWords("cash", "warn", mark("A refund is asked for")),
    "refund_approved": NoticeWords("cash", "info", "", mark("Your refund is approved")),
    "refund_settled": NoticeWords("cash", "good", mark("The refund is paid out"), mark("Your refund is paid out")),
    "charged_back": NoticeWords("alert", "bad", mark("The payment was charged back")),
    "review_asked": NoticeWords("star", "info", "", mark("How was it? Leave a review")),
    "review_received": NoticeWords("star", "info", mark("The buyer left a review")),
    "promise_near": NoticeWords("clock", "warn", mark("A promise is due soon"), mark("A promise is due soon")),
    "promise_broken": NoticeWords("alert", "bad", mark("A promise is overdue"), mark("A promise is overdue")),
    "low_stock": NoticeWords("box", "warn", mark("Stock is running low")),
    "oversold": NoticeWords("alert", "bad", mark("More is sold than there is")),
}

ANOMALY_WORDS = {
    "shipped_unpaid": mark("Shipped before it was paid"),
    "paid_after_cancel": mark("Paid after it was cancelled"),
    "paid_wrong_amount": mark("The amount paid is not the amount due"),
    "shipped_after_cancel": mark("Shipped after it was cancelled"),
    "refund_exceeds_payment": mark("More refunded than was paid"),
    "status_conflict": mark("The marketplace says something else than the facts"),
    "from_the_future": mark("An event lies in the future"),
    "before_placed": mark("An event lies before the order was placed"),
    "orphan": mark("Events of an order that nobody placed"),
    "oversold": mark("Sold more than there was"),
    "tracking_number_reused": mark("The tracking number was used before"),
}


ROLE_WORDS = {"buyer": mark("the buyer"), "seller": mark("the shop"), "system": mark("the marketplace")}

REASON_WORDS = {"not paid in time": mark("not paid in time")}
"""Reasons that Arus gives itself; people's own are shown as they wrote them."""

RETURN_KINDS = {
    "refund": mark("Money back"),
    "return_and_refund": mark("Goods and money back"),
    "replacement": mark("Replacement"),
}
