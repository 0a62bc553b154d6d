"""A seller's own system, by Standard Webhooks: the details that marketplaces leave out, and all of its own site."""

from collections.abc import Iterator
from zlib import crc32

from pipeline.simulate.lives import Step
from pipeline.simulate.senders.voice import Body, Voice
from schemas.registry import EVENTS
from schemas.shipments import PackageScanned
from schemas.times import rfc3339

OF_MARKETPLACES = {
    *("order_placed", "order_confirmed", "payment_paid", "shipping_arranged", "review_left"),
    *("refund_requested", "refund_approved", "refund_settled", "claim_opened", "claim_resolved"),
}
"""What the seller's system knows better than the marketplace that sold."""

OF_PAYERS = {"payment_requested", "payment_paid", "payment_expired"}
"""What a payment provider tells by itself."""


CHANNELS = ("live", "video", "product_card")
"""Where in a marketplace, or on the shop's own site, something is bought."""


class OwnSystem(Voice):
    """Tells our events in our words."""

    source = "standard_webhooks"

    def tell(self, step: Step) -> Iterator[Body]:
        """Tells one event, if this system knows of it."""
        if self._knows(step):
            data = {"order_id": self.reference, **self._data(step)}
            yield {"type": step.what, "timestamp": rfc3339(step.at), "data": data}

    def _knows(self, step: Step) -> bool:
        if step.what not in EVENTS or EVENTS[step.what].shape is PackageScanned:
            return False
        if self.purchase.place != self.source:
            return step.what in OF_MARKETPLACES
        return not (self.purchase.payer and step.what in OF_PAYERS)

    def _data(self, step: Step) -> Body:
        bought = self.purchase
        if step.what == "order_placed":
            return self._order()
        if step.what.startswith("payment_") or step.what == "chargeback_opened":
            method = step.told.get("method") or ("COD" if bought.cod else "transfer")
            return {"payment_id": f"PAY-{bought.native}", "amount": bought.total, "method": method}
        if step.what.startswith("refund_"):
            return {"amount": bought.total, **step.told}
        if step.parcel:
            parcel = step.parcel
            told = {"package_id": parcel.package_id, "carrier": parcel.carrier, "tracking_number": parcel.number}
            return {**told, "service": "REG", "skus": list(parcel.skus)}
        if step.what == "order_cancelled":
            return {name: step.told[name] for name in ("by", "reason")}
        return dict(step.told)

    def _order(self) -> Body:
        bought = self.purchase
        return {
            "buyer_id": bought.buyer_id,
            "buyer_name": bought.buyer_name,
            "city": bought.city.name,
            "lines": [
                {"sku": item.sku, "name": item.name, "quantity": quantity, "unit_price": item.price}
                for item, quantity in bought.lines
            ],
            "currency": "IDR",
            "discount": bought.discount,
            "shipping_fee": bought.shipping_fee,
            "total": bought.total,
            "cod": bought.cod,
            "channel": CHANNELS[crc32(bought.order_id.encode()) % len(CHANNELS)],
        }
