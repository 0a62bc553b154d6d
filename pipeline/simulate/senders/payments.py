"""Midtrans and Xendit: money of a shop's own site."""

from collections.abc import Iterator

from pipeline.simulate.lives import Step
from pipeline.simulate.senders.voice import Body, Voice, local
from schemas.ids import digest
from schemas.times import rfc3339

MIDTRANS_WORDS = {
    "payment_requested": ("pending", "201"),
    "payment_paid": ("settlement", "200"),
    "payment_expired": ("expire", "202"),
    "refund_settled": ("refund", "200"),
    "chargeback_opened": ("chargeback", "200"),
}

XENDIT_WORDS = {"payment_requested": "PENDING", "payment_paid": "PAID", "payment_expired": "EXPIRED"}


class Payer(Voice):
    """Hears only of the orders that are paid through it."""

    def tell(self, step: Step) -> Iterator[Body]:
        """Tells payments and refunds that go through it."""
        if self.purchase.payer == self.source:
            yield from self.move(step)

    def move(self, step: Step) -> Iterator[Body]:
        """Gives the bodies of one movement of money."""
        raise NotImplementedError


class Midtrans(Payer):
    """HTTP notifications; the proof is in the body and the sender's scheme adds it."""

    source = "midtrans"

    def move(self, step: Step) -> Iterator[Body]:
        """Tells the transaction's status."""
        if step.what not in MIDTRANS_WORDS:
            return
        status, code = MIDTRANS_WORDS[step.what]
        body: Body = {
            "transaction_time": local(step.at, "%Y-%m-%d %H:%M:%S"),
            "transaction_status": status,
            "transaction_id": digest("midtrans", self.purchase.order_id),
            "status_message": "midtrans payment notification",
            "status_code": code,
            "payment_type": "qris",
            "order_id": self.reference,
            "merchant_id": "G141532850",
            "gross_amount": f"{self.purchase.total}.00",
            "fraud_status": "accept",
            "currency": "IDR",
        }
        if status == "settlement":
            body["settlement_time"] = body["transaction_time"]
        if status == "refund":
            body["refund_amount"] = body["gross_amount"]
        yield body


class Xendit(Payer):
    """Invoice callbacks."""

    source = "xendit"

    def move(self, step: Step) -> Iterator[Body]:
        """Tells the invoice's status."""
        if step.what not in XENDIT_WORDS:
            return
        at, status = rfc3339(step.at), XENDIT_WORDS[step.what]
        body: Body = {
            "id": digest("xendit", self.purchase.order_id),
            "external_id": self.reference,
            "payment_method": "BANK_TRANSFER",
            "status": status,
            "merchant_name": self.purchase.shop.seller,
            "amount": self.purchase.total,
            "created": rfc3339(self.purchase.placed_at),
            "updated": at,
            "currency": "IDR",
            "payment_channel": "BCA",
        }
        if status == "PAID":
            body |= {"paid_amount": self.purchase.total, "paid_at": at}
        yield body
