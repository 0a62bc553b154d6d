"""Stripe: type of event → what happened to the money. The signature lies beside an instant that it covers.

Types of docs.stripe.com, event types, as of 2026-11. Stripe knows no order of the merchant's: it stands in the metadata
of the payment, by default as `order_id`. An event whose payment bears none tells nothing of an order. Amounts are in
the smallest unit by Stripe's own list of currencies, where rupiah has two decimals.
"""

from decimal import Decimal

from pipeline.settings import Account
from pipeline.sources.proofs import Stamped
from pipeline.sources.reading import Reading, read, retry_id
from pipeline.sources.source import Retries, Source
from pipeline.sources.telling import Telling
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.money import minor_units
from schemas.times import MINUTE

PAYMENTS = {
    "payment_intent.created": "payment_requested",
    "payment_intent.amount_capturable_updated": "payment_authorized",
    "payment_intent.succeeded": "payment_paid",
    "payment_intent.payment_failed": "payment_failed",
    "payment_intent.canceled": "payment_expired",
    "charge.dispute.created": "chargeback_opened",
}

REFUNDS = {
    "pending": "refund_requested",
    "requires_action": "refund_requested",
    "succeeded": "refund_settled",
    "failed": "refund_failed",
    "canceled": "refund_failed",
}
"""What the status of a refund says, in `refund.created`, `refund.updated` and `refund.failed`."""

REFUND_TYPES = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")

_NONE = ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")

DECIMALS = dict.fromkeys(_NONE, 0) | dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3)
"""How many decimals Stripe's smallest unit has; of currencies that are not here two."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the one event of a Stripe event, where its metadata name the order."""
    body = read(delivery.body)
    kind, thing = body.id("type"), body.inside("data").inside("object")
    if kind not in PAYMENTS and kind not in REFUND_TYPES:
        return []
    native = thing.inside("metadata").optional_id(account.extra("order_field") or "order_id")
    if not native:
        return []
    telling = Telling(delivery, account)
    at = body.optional_instant("created") or delivery.received_at
    tell = _payment if kind in PAYMENTS else _refund
    return [tell(telling, kind, thing, (telling.order(native), at))]


def _payment(telling: Telling, kind: str, thing: Reading, place: tuple[str, int]) -> Event:
    order, at = place
    dispute = kind == "charge.dispute.created"
    payment = thing.id("payment_intent", "charge", "id") if dispute else thing.id("id")
    name = "amount_received" if kind == "payment_intent.succeeded" else "amount"
    told = {"payment_id": payment, **_money(thing, name), "method": _method(thing)}
    return telling.event(PAYMENTS[kind], (order, payment, kind), order, at, **told)


def _refund(telling: Telling, _: str, thing: Reading, place: tuple[str, int]) -> Event:
    order, at = place
    refund, word = thing.id("id"), thing.words("status") or "succeeded"
    kind = REFUNDS.get(word)
    if kind is None:
        return telling.status(order, at, "unknown", word)
    return telling.event(kind, (order, refund, kind), order, at, refund_id=refund, **_money(thing, "amount"))


def _method(thing: Reading) -> str:
    types = thing.get("payment_method_types")
    return str(types[0])[:100] if isinstance(types, list) and types else ""


def _money(thing: Reading, name: str) -> dict[str, object]:
    """Reads an amount in Stripe's smallest unit into ours."""
    currency = thing.currency()
    name = name if thing.get(name) is not None else "amount"
    value = thing.get(name)
    if type(value) is not int or not 0 <= value <= 10**15:
        raise thing.wrong(name, "must be a whole number of the smallest unit")
    exact = Decimal(value).scaleb(-DECIMALS.get(currency, 2))
    return {"amount": minor_units(exact, currency), "currency": currency}


SOURCE = Source(
    id="stripe",
    title="Stripe",
    tells="payments, refunds and disputes",
    docs="https://docs.stripe.com/webhooks",
    setup="The secret is that of the endpoint, whole, with its whsec_.",
    scheme=Stamped("stripe-signature", 5 * MINUTE),
    translate=translate,
    dedupe_id=retry_id("id", "data"),
    takes={"order_field": "the name in a payment's metadata that holds the order's number; else order_id"},
    sample='{"id":"evt_$order","object":"event","type":"payment_intent.succeeded","created":$seconds,"data":{"object":'
    '{"id":"pi_$order","amount":15000000,"amount_received":15000000,"currency":"idr","metadata":{"order_id":"$order"}}}}',
    unconfirmed="how long it waits",
    retries=Retries(deadline=None, success="2xx", note="tries again for three days, ever more slowly"),
    tables={"type": PAYMENTS, "status of a refund": REFUNDS},
)
