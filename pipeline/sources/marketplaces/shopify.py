"""Shopify: a whole order, fulfilment, refund or dispute → events. Each webhook tells all that the thing then is.

Topics and words of shopify.dev, webhook topics and the resources of the REST Admin API, as of 2026-11. An order tells
its payment without an id, so the order's own is the payment's. What is fulfilled was handed over, as the merchant
says; what carriers saw stands in the fulfilments. `fulfillment_events` name no tracking number and tell nothing that
`fulfillments/update` does not. The shop's name is in a header that is not signed: the account says whose shop it is.
"""

from typing import Any

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Request, Retries, Source
from pipeline.sources.telling import Telling
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id, digest
from schemas.orders import Line

TOPIC = "x-shopify-topic"

PAYMENTS = {
    "pending": "payment_requested",
    "partially_paid": "payment_requested",
    "authorized": "payment_authorized",
    "paid": "payment_paid",
    "partially_refunded": "payment_paid",
    "refunded": "payment_paid",
    "voided": "payment_failed",
    "expired": "payment_expired",
}

FULFILLED = {"fulfilled": "in_transit", "partial": "partially_shipped"}
"""What an order's `fulfillment_status` proves of it."""

SHIPMENTS = {
    "label_printed": "label_created",
    "label_purchased": "label_created",
    "confirmed": "label_created",
    "ready_for_pickup": "available_for_pickup",
    "carrier_picked_up": "picked_up",
    "picked_up": "delivered",
    "in_transit": "in_transit",
    "out_for_delivery": "out_for_delivery",
    "attempted_delivery": "delivery_failed",
    "delayed": "delayed",
    "delivered": "delivered",
    "failure": "delivery_failed",
}
"""`picked_up` is the buyer's doing, after `ready_for_pickup`; the carrier's is `carrier_picked_up`."""

REFUNDS = {
    "success": "refund_settled",
    "pending": "refund_requested",
    "failure": "refund_failed",
    "error": "refund_failed",
}

CASH = ("cash on delivery", "cod")


def _order(telling: Telling, body: Reading) -> list[Event]:
    order = telling.order(body.id("id"))
    placed = body.instant("created_at")
    updated = body.optional_instant("updated_at") or placed
    whole = _whole(body)
    events = [telling.event("order_placed", (order,), order, placed, **whole)]
    if updated > placed:
        events.append(telling.event("order_amended", (order, str(updated)), order, updated, **whole))
    events += _payment(telling, body, order, updated)
    if cancelled := body.optional_instant("cancelled_at"):
        why = body.words("cancel_reason")
        by = "buyer" if why == "customer" else "seller"
        events.append(telling.event("order_cancelled", (order,), order, cancelled, by=by, reason=why))
    if status := FULFILLED.get(word := body.words("fulfillment_status")):
        events.append(telling.status(order, updated, status, word))
    for fulfillment in body.each("fulfillments"):
        events += _fulfillment(telling, fulfillment, order)
    for refund in body.each("refunds"):
        events += _refund(telling, refund, order)
    return events


def _whole(body: Reading) -> dict[str, Any]:
    currency = body.currency()

    def money(reading: Reading, name: str) -> int:
        return reading.money(name, currency=currency) if reading.words(name) else 0

    customer, address = body.inside("customer"), body.inside("shipping_address")
    gateways = body.get("payment_gateway_names")
    return {
        "buyer_id": f"shopify:{customer.words('id')}" if customer.words("id") else "",
        "buyer_name": address.words("name") or " ".join(filter(None, map(customer.words, ("first_name", "last_name")))),
        "city": address.words("city"),
        "lines": tuple(
            Line(
                sku=line.words("sku", "variant_id", "product_id", "id"),
                name=line.words("name", "title"),
                quantity=_quantity(line),
                unit_price=money(line, "price"),
            )
            for line in body.each("line_items")
        ),
        "currency": currency,
        "discount": money(body, "total_discounts"),
        "shipping_fee": sum(money(line, "price") for line in body.each("shipping_lines")),
        "tax": 0 if body.flag("taxes_included") else money(body, "total_tax"),
        "total": body.money("total_price", currency=currency),
        "cod": isinstance(gateways, list) and any(cash in str(name).lower() for name in gateways for cash in CASH),
        "market": address.words("country_code")[:2] or "ID",
        "channel": body.words("source_name"),
    }


def _quantity(line: Reading) -> int:
    value = line.get("quantity")
    if type(value) is not int or not 0 <= value <= 10**9:
        raise line.wrong("quantity", "must be a whole number")
    return value


def _payment(telling: Telling, body: Reading, order: str, at: int) -> list[Event]:
    word, currency = body.words("financial_status"), body.currency()
    if not word:
        return []
    kind = PAYMENTS.get(word)
    if kind is None:
        return [telling.status(order, at, "unknown", word)]
    gateways = body.get("payment_gateway_names")
    method = str(gateways[0])[:100] if isinstance(gateways, list) and gateways else ""
    amount = body.money("total_price", currency=currency)
    told = {"payment_id": order, "amount": amount, "currency": currency, "method": method}
    return [telling.event(kind, (order, kind), order, at, **told)]


def _fulfillment(telling: Telling, body: Reading, order: str = "") -> list[Event]:
    order = order or telling.order(body.id("order_id"))
    package, carrier = body.id("id"), carrier_id(body.words("tracking_company"))
    at = body.optional_instant("updated_at", "created_at") or telling.received_at
    arranged = body.optional_instant("created_at") or at
    number = body.optional_id("tracking_number")
    told = {"carrier": carrier, "tracking_number": number}
    if (state := body.words("status")) == "cancelled":
        scan = telling.scan((package, state), at, "cancelled", order=order, code=state, **told)
        return [scan] if number else []
    key = (order, package, carrier, number)
    skus = tuple(filter(None, (line.words("sku") for line in body.each("line_items"))))
    bound = telling.event("shipping_arranged", key, order, arranged, package_id=package, skus=skus, **told)
    word = body.words("shipment_status")
    if not word or not number:
        return [bound]
    milestone = SHIPMENTS.get(word, "unknown")
    return [bound, telling.scan((package, word, str(at)), at, milestone, order=order, code=word, **told)]


def _refund(telling: Telling, body: Reading, order: str = "") -> list[Event]:
    """Tells the money of a refund: one event for each movement; one without any only puts goods back."""
    order = order or telling.order(body.id("order_id"))
    events = []
    for money in body.each("transactions"):
        word = money.words("status")
        if money.words("kind") not in ("refund", "") or word not in REFUNDS:
            continue
        at = money.optional_instant("processed_at", "created_at") or body.optional_instant("created_at")
        name, currency = money.id("id"), money.currency()
        told = {"refund_id": name, "amount": money.money("amount", currency=currency), "currency": currency}
        events.append(telling.event(REFUNDS[word], (order, name, word), order, at or telling.received_at, **told))
    return events


def _dispute(telling: Telling, body: Reading) -> list[Event]:
    order, currency = telling.order(body.id("order_id")), body.currency()
    at = body.optional_instant("initiated_at") or telling.received_at
    told = {"payment_id": order, "amount": body.money("amount", currency=currency), "currency": currency}
    return [telling.event("chargeback_opened", (order, body.id("id")), order, at, **told)]


ORDERS = ("create", "updated", "edited", "paid", "cancelled", "fulfilled", "partially_fulfilled")

TOPICS = dict.fromkeys((f"orders/{what}" for what in ORDERS), _order) | {
    "fulfillments/create": _fulfillment,
    "fulfillments/update": _fulfillment,
    "refunds/create": _refund,
    "disputes/create": _dispute,
}
"""The topics that tell of an order. All others (products, customers, checkouts …) are taken and tell nothing."""

SHAPES = {"financial_status": _order, "tracking_company": _fulfillment, "refund_line_items": _refund}
"""What a thing is by a name that it alone has, where no header tells the topic; some wrap it in its own name."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the events of one Shopify webhook."""
    body = read(delivery.body)
    inner = list(body.value.values())
    if len(inner) == 1 and isinstance(inner[0], dict):
        body = body.inside(*body.value)
    topic = delivery.headers.get(TOPIC, "")
    tell = TOPICS.get(topic) or next((SHAPES[name] for name in SHAPES if not topic and name in body.value), None)
    return tell(Telling(delivery, account), body) if tell else []


def dedupe_id(request: Request) -> str:
    """Gives the same for each retry, which repeats the body; the sender's own id of a webhook is not signed."""
    return digest(request.headers.get(TOPIC, ""), request.body)


SOURCE = Source(
    id="shopify",
    title="Shopify",
    tells="orders with their payments, parcels and refunds",
    docs="https://shopify.dev/docs/apps/build/webhooks",
    setup="The secret is the app's client secret. After it was changed Shopify may sign with the one before for about "
    "an hour: both stay in `secrets` until then.",
    scheme=signatures.Hmac("x-shopify-hmac-sha256", signatures.base_64),
    translate=translate,
    dedupe_id=dedupe_id,
    needs={"seller": "the name of the shop that Shopify sends along is not signed"},
    example={"seller": "toko-melati"},
    sample='{"id":$order,"order_number":1001,"created_at":"$iso","updated_at":"$iso","currency":"IDR",'
    '"total_price":"150000","financial_status":"paid","line_items":[{"id":1,"sku":"KOPI-250","name":"Kopi 250 g",'
    '"quantity":2,"price":"75000"}]}',
    kept_headers=(TOPIC, "x-shopify-webhook-id", "x-shopify-shop-domain", "x-shopify-api-version"),
    orders_by="marketplace",
    retries=Retries(
        deadline=5,
        success="2xx",
        note="8 times in 4 hours, with the body as it was at first; after 8 failures in a row the subscription is gone",
    ),
    tables={
        "financial_status": PAYMENTS,
        "fulfillment_status": FULFILLED,
        "shipment_status of a fulfilment": SHIPMENTS,
        "status of a refund's money": REFUNDS,
    },
)
