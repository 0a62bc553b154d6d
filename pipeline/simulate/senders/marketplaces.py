"""TikTok Shop and Shopee: thin pushes that name an order and a word."""

from collections.abc import Iterator

from pipeline.simulate.lives import Step
from pipeline.simulate.purchases import Purchase
from pipeline.simulate.senders.voice import Body, Voice, seconds
from pipeline.simulate.shops import digits

TIKTOK_WORDS = {
    "order_placed": "UNPAID",
    "payment_paid": "AWAITING_SHIPMENT",
    "order_held": "ON_HOLD",
    "order_released": "AWAITING_SHIPMENT",
    "shipping_arranged": "AWAITING_COLLECTION",
    "picked_up": "IN_TRANSIT",
    "delivered": "DELIVERED",
    "order_completed": "COMPLETED",
    "order_cancelled": "CANCEL",
}

SHOPEE_WORDS = {
    "order_placed": "UNPAID",
    "payment_paid": "READY_TO_SHIP",
    "order_held": "PENDING",
    "order_released": "READY_TO_SHIP",
    "shipping_arranged": "PROCESSED",
    "picked_up": "SHIPPED",
    "delivered": "TO_CONFIRM_RECEIVE",
    "cancellation_requested": "IN_CANCEL",
    "order_completed": "COMPLETED",
    "order_cancelled": "CANCELLED",
}

TIKTOK_CANCELLATIONS = {
    "cancellation_requested": "CANCELLATION_REQUEST_PENDING",
    "cancellation_rejected": "CANCELLATION_REQUEST_CANCELLED",
    "order_cancelled": "CANCELLATION_REQUEST_SUCCESS",
}

TIKTOK_RETURNS = {
    "return_requested": "RETURN_OR_REFUND_REQUEST_PENDING",
    "return_rejected": "REFUND_OR_RETURN_REQUEST_REJECT",
    "return_approved": "AWAITING_BUYER_SHIP",
    "return_shipped": "BUYER_SHIPPED_ITEM",
    "return_closed": "RETURN_OR_REFUND_REQUEST_COMPLETE",
}

SHOPEE_RETURNS = {
    "return_requested": ("return_status", "REQUESTED"),
    "return_approved": ("return_status", "ACCEPTED"),
    "return_shipped": ("logistics_status", "LOGISTICS_PICKUP_DONE"),
    "return_received": ("logistics_status", "LOGISTICS_DELIVERY_DONE"),
    "return_closed": ("return_status", "CLOSED"),
}


class Marketplace(Voice):
    """What both have in common: a word counts for the whole order, so it waits for the last parcel."""

    words: dict[str, str]

    def __init__(self, purchase: Purchase) -> None:
        super().__init__(purchase)
        self._seen: dict[str, set[str]] = {}

    def word(self, step: Step) -> str:
        """Gives the word for the order after this step, or nothing."""
        if self.purchase.cod and step.what == "order_placed":
            return self.words["payment_paid"]
        if self.purchase.cod and step.what == "payment_paid":
            return ""
        if step.parcel:
            seen = self._seen.setdefault(step.what, set())
            seen.add(step.parcel.number)
            if len(seen) < len(self.purchase.parcels):
                return ""
        return self.words.get(step.what, "")


class TikTokShop(Marketplace):
    """Types 1 (status), 11 (cancellation) and 12 (return)."""

    source, words = "tiktok_shop", TIKTOK_WORDS

    def tell(self, step: Step) -> Iterator[Body]:
        """Tells the status, and cancellations and returns that have a case."""
        at = seconds(step.at)
        if word := self.word(step):
            held = step.what == "order_held"
            yield self._push(1, step, order_status=word, is_on_hold_order=held, update_time=at)
        if "case_id" in step.told and step.what in TIKTOK_CANCELLATIONS:
            role = step.told["by"].upper()
            case = digits(step.told["case_id"], length=19)
            word = TIKTOK_CANCELLATIONS[step.what]
            yield self._push(11, step, cancellations_role=role, cancel_status=word, cancel_id=case, create_time=at)
        if step.what in TIKTOK_RETURNS:
            yield self._push(
                12,
                step,
                return_role=step.told["by"].upper(),
                return_type=step.told["kind"].upper(),
                return_status=TIKTOK_RETURNS[step.what],
                return_id=digits(step.told["case_id"], length=19),
                update_time=at,
            )

    def _push(self, kind: int, step: Step, **data: str | int) -> Body:
        return {
            "type": kind,
            "tts_notification_id": digits(self.purchase.native, step.what, str(step.at), str(kind), length=19),
            "shop_id": self.purchase.shop.number(self.source),
            "timestamp": seconds(step.at),
            "data": {"order_id": self.purchase.native, **data},
        }


class Shopee(Marketplace):
    """Codes 3 (status), 4 (tracking number) and 29 (return)."""

    source, words = "shopee", SHOPEE_WORDS

    def tell(self, step: Step) -> Iterator[Body]:
        """Tells the status, the numbers of its own carrier's parcels, and returns."""
        at = seconds(step.at)
        if word := self.word(step):
            yield self._push(3, step, ordersn=self.purchase.native, status=word, update_time=at)
        if step.what == "shipping_arranged" and step.parcel and step.parcel.number.startswith("SPX"):
            package, number = step.parcel.package_id, step.parcel.number
            yield self._push(4, step, ordersn=self.purchase.native, package_number=package, tracking_no=number)
        if step.what in SHOPEE_RETURNS:
            field, word = SHOPEE_RETURNS[step.what]
            change = {"update_field": field, "old_value": "", "new_value": word, "update_time": at}
            case = digits(step.told["case_id"], length=16)
            yield self._push(29, step, order_sn=self.purchase.native, return_sn=case, updated_values=[change])

    def _push(self, code: int, step: Step, **data: object) -> Body:
        shop = int(self.purchase.shop.number(self.source))
        return {"shop_id": shop, "code": code, "timestamp": seconds(step.at), "data": data}
