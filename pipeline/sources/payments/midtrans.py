"""Midtrans: transaction status and fraud status → event. The signature lies in the body.

Words of docs.midtrans.com, HTTP notification and status API, as of 2026-11. Times name no zone; they are Western
Indonesian. The signature covers order id, status code, amount and server key, not the status: who has seen one webhook
can send it again with another status of the same code. Ask its status API before money moves on one webhook alone.
"""

import hashlib
from typing import Any

import orjson

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Refused, Request, Retries, Signed, Source, Untranslatable
from pipeline.sources.telling import Telling
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.times import MINUTE, SECOND, WIB

STATUSES = {
    "pending": "payment_requested",
    "authorize": "payment_authorized",
    "capture": "payment_paid",
    "settlement": "payment_paid",
    "deny": "payment_failed",
    "failure": "payment_failed",
    "cancel": "payment_failed",
    "expire": "payment_expired",
    "refund": "refund_settled",
    "partial_refund": "refund_settled",
    "chargeback": "chargeback_opened",
    "partial_chargeback": "chargeback_opened",
}

CAPTURES = {"accept": "payment_paid", "challenge": "payment_authorized", "deny": "payment_failed"}
"""What a capture is worth, by fraud status: a challenged one waits for the merchant."""

TIMES = {
    "pending": "transaction_time",
    "authorize": "transaction_time",
    "capture": "transaction_time",
    "settlement": "settlement_time",
    "deny": "transaction_time",
    "failure": "transaction_time",
    "expire": "expiry_time",
}
"""The time that belongs to a status. A cancellation has none: it counts from its arrival."""

_SIGNED = ("order_id", "status_code", "gross_amount")


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the payment or the refunds of one notification."""
    body = read(delivery.body)
    word, fraud = body.id("transaction_status"), body.words("fraud_status")
    kind = CAPTURES.get(fraud, "payment_paid") if word == "capture" else STATUSES.get(word)
    telling = Telling(delivery, account)
    order = telling.order(body.id("order_id"))
    if kind is None:
        return [telling.status(order, delivery.received_at, "unknown", word)]
    if kind == "refund_settled":
        refunds = list(body.each("refunds")) or [body]
        return [_refund(telling, body, refund, order) for refund in refunds]
    payment = body.id("transaction_id")
    at = _time(body, TIMES.get(word, ""), "transaction_time" if word in TIMES else "") or delivery.received_at
    return [
        telling.event(
            kind,
            (order, payment, word, fraud),
            order,
            at,
            payment_id=payment,
            method=body.words("payment_type"),
            **_money(body),
        )
    ]


def _refund(telling: Telling, body: Reading, refund: Reading, order: str) -> Event:
    """Tells one refund; of an array that lists all of them each has one id in every notification."""
    payment = body.id("transaction_id")
    name = refund.optional_id("refund_key", "refund_chargeback_id", "refund_chargeback_uuid") or payment
    currency = body.currency()
    amount = refund.money("refund_amount", "gross_amount", currency=currency)
    at = _time(refund, "bank_confirmed_at", "created_at") or telling.received_at
    told = {"refund_id": name, "amount": amount, "currency": currency}
    return telling.event("refund_settled", (order, payment, name, str(amount)), order, at, **told)


def _time(reading: Reading, *names: str) -> int | None:
    return reading.optional_instant(*filter(None, names), assume=WIB)


def _money(body: Reading) -> dict[str, Any]:
    currency = body.currency()
    return {"amount": body.money("gross_amount", currency=currency), "currency": currency}


class InBody:
    """SHA-512 of order id, status code, literal amount and server key, in the body's `signature_key`."""

    headers = ()

    def verify(self, account: Account, request: Request) -> None:
        """Raises Refused unless the body can be read and its signature is that of a live server key."""
        try:
            body = read(request.body)
        except Untranslatable as error:
            raise Refused("unreadable", f"{error.detail}; without it there is no signature") from error
        given, signed = body.get("signature_key"), [body.get(name) for name in _SIGNED]
        if not isinstance(given, str) or not given:
            raise Refused("missing_signature", "signature_key is missing")
        if not all(isinstance(value, str) for value in signed):
            raise Refused("bad_signature", f"{', '.join(_SIGNED)} must be text: their literal form is signed")
        if not signatures.matches(given, (_digest(signed, secret) for secret in account.live_secrets())):
            raise Refused("bad_signature", "signature_key is of another body or server key")

    def sign(self, body: bytes, account: Account, at: int, url: str = "") -> Signed:
        """Gives the body with `signature_key` set by the newest server key."""
        del at, url
        value = read(body).value
        key = _digest([value.get(name) for name in _SIGNED], account.live_secrets()[0])
        return Signed(orjson.dumps({**value, "signature_key": key}), {})


def _digest(signed: list[Any], secret: str) -> str:
    return hashlib.sha512("".join(map(str, (*signed, secret))).encode()).hexdigest()


SOURCE = Source(
    id="midtrans",
    title="Midtrans",
    tells="payments and refunds",
    docs="https://docs.midtrans.com/docs/https-notification-webhooks",
    setup="The secret is the server key. Neither a header nor a password can be added, and Midtrans speaks TLS 1.2 at "
    "most.",
    scheme=InBody(),
    translate=translate,
    sample='{"transaction_status":"settlement","transaction_id":"trial-$order","order_id":"$order",'
    '"payment_type":"gopay","gross_amount":"154600.00","currency":"IDR","status_code":"200",'
    '"settlement_time":"$iso","signature_key":""}',
    unconfirmed="the zone of its times: Western Indonesian is assumed",
    retries=Retries(
        deadline=15,
        success="200",
        after=tuple(minutes * MINUTE // SECOND for minutes in (2, 10, 30, 90, 210)),
        note="by answer: 503 four times, 400 and 404 twice, 500 once, 301 to 303 never, others five times",
    ),
    tables={"transaction_status": STATUSES, "fraud_status of a capture": CAPTURES},
)
