"""Xendit: invoice status, or the event of the newer envelope → event. Names come in snake_case and in camelCase.

Words of docs.xendit.co, invoices, payments v3, sessions and refunds, as of 2026-11. Its token is the same for every
webhook. A refund names the payment and the merchant's own reference: `metadata.order_id` counts, else `reference_id`.
"""

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Retries, Source
from pipeline.sources.telling import Telling
from schemas.deliveries import Delivery
from schemas.events import Event

INVOICES = {
    "PENDING": "payment_requested",
    "PAID": "payment_paid",
    "SETTLED": "payment_paid",
    "EXPIRED": "payment_expired",
}

INVOICE_TIMES = {"PENDING": ("created",), "EXPIRED": ("expiry_date", "updated")}
"""Where the time of a status stands; that of a payment in `paid_at`."""

EVENTS = {
    "payment.succeeded": "payment_paid",
    "payment.capture": "payment_paid",
    "capture.succeeded": "payment_paid",
    "payment.authorization": "payment_authorized",
    "payment.awaiting_capture": "payment_authorized",
    "payment.pending": "payment_requested",
    "payment.failed": "payment_failed",
    "payment.failure": "payment_failed",
    "payment.expired": "payment_expired",
    "payment.expiry": "payment_expired",
    "payment_session.completed": "payment_paid",
    "payment_session.expired": "payment_expired",
    "refund.succeeded": "refund_settled",
    "refund.failed": "refund_failed",
}
"""All others (tokens, payouts, recurring plans, reports …) are taken and tell nothing."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the one event of a Xendit webhook."""
    body = read(delivery.body).snake_case()
    telling = Telling(delivery, account)
    name = body.words("event")
    if not name:
        return [_invoice(telling, body)]
    kind = EVENTS.get(name)
    if kind is None:
        return []
    data = body.inside("data")
    if isinstance(data.get("data"), dict):  # as its documentation shows refunds: the envelope in an envelope
        data = data.inside("data")
    told = _refund if kind.startswith("refund") else _payment
    return [told(telling, kind, data.snake_case(), body)]


def _invoice(telling: Telling, body: Reading) -> Event:
    word, invoice, order = body.id("status"), body.id("id"), telling.order(body.id("external_id"))
    kind = INVOICES.get(word)
    names = INVOICE_TIMES.get(word, ("paid_at", "updated"))
    at = body.optional_instant(*names) or telling.received_at
    if kind is None:
        return telling.status(order, at, "unknown", word)
    currency = body.currency()
    amounts = ("paid_amount", "amount") if kind == "payment_paid" else ("amount",)
    return telling.event(
        kind,
        (order, invoice, word),
        order,
        at,
        payment_id=invoice,
        amount=body.money(*amounts, currency=currency),
        currency=currency,
        method=body.words("payment_channel", "payment_method"),
    )


def _payment(telling: Telling, kind: str, data: Reading, body: Reading) -> Event:
    order = telling.order(data.id("reference_id"))
    payment = data.id("payment_id", "id", "payment_request_id", "payment_session_id")
    capture = next(data.each("captures"), Reading({}))
    currency = data.currency()
    amounts = ("amount", "request_amount")
    amount = (
        capture.money("capture_amount", currency=currency)
        if capture.get("capture_amount") is not None
        else data.money(*amounts, currency=currency)
    )
    at = capture.optional_instant("capture_timestamp") or data.optional_instant("updated", "created")
    at = at or body.optional_instant("created") or telling.received_at
    method = data.words("channel_code") or data.inside("payment_method").words("type")
    told = {"payment_id": payment, "amount": amount, "currency": currency, "method": method}
    return telling.event(kind, (order, payment, kind), order, at, **told)


def _refund(telling: Telling, kind: str, data: Reading, body: Reading) -> Event:
    refund, currency = data.id("id"), data.currency()
    order = telling.order(data.inside("metadata").optional_id("order_id") or data.id("reference_id"))
    at = data.optional_instant("updated", "created") or body.optional_instant("created") or telling.received_at
    told = {"refund_id": refund, "amount": data.money("amount", currency=currency), "currency": currency}
    return telling.event(kind, (order, refund, kind), order, at, **told)


SOURCE = Source(
    id="xendit",
    title="Xendit",
    tells="payments and refunds",
    docs="https://docs.xendit.co/docs/handling-webhooks",
    setup="The secret is the token that it sends as x-callback-token.",
    scheme=signatures.Token("x-callback-token"),
    translate=translate,
    sample='{"id":"$order","external_id":"$order","status":"PAID","amount":154600,"paid_amount":154600,'
    '"currency":"IDR","payment_channel":"BCA","paid_at":"$iso"}',
    kept_headers=("webhook-id",),
    unconfirmed="an id that stays the same over retries: the whole body is one",
    retries=Retries(deadline=30, success="200", note="tries again by itself for 24 hours"),
    tables={"invoice status": INVOICES, "event": EVENTS},
)
