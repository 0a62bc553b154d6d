"""Shopee: push code and word → event. Its pushes are thin; details come by API or push.

Words of open.shopee.com, data definition, as of 2026-11. The bodies of codes 3, 4, 29 and 30 are the samples of its
push pages, known from copies; code 4 names no carrier and no time of its own. What ends a return as CLOSED is not told.
"""

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, read, retry_id
from pipeline.sources.source import Manners, Request, Retries, Source, Untranslatable
from pipeline.sources.telling import Telling
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id
from schemas.times import HOUR, MINUTE, SECOND

STATUSES = {
    "UNPAID": "unpaid",
    "PENDING": "on_hold",
    "INVOICE_PENDING": "on_hold",
    "READY_TO_SHIP": "new",
    "PROCESSED": "awaiting_collection",
    "RETRY_SHIP": "awaiting_collection",
    "SHIPPED": "in_transit",
    "TO_CONFIRM_RECEIVE": "delivered",
    "COMPLETED": "completed",
    "TO_RETURN": "return_requested",
    "CANCELLED": "cancelled",
}

PACKAGES = {
    "LOGISTICS_REQUEST_CREATED": "awaiting_collection",
    "LOGISTICS_PICKUP_RETRY": "awaiting_collection",
    "LOGISTICS_PICKUP_DONE": "partially_shipped",
    "LOGISTICS_DELIVERY_DONE": "partially_shipped",
    "LOGISTICS_INVALID": "cancelled",
    "LOGISTICS_REQUEST_CANCELED": "cancelled",
    "LOGISTICS_PICKUP_FAILED": "cancelled",
    "LOGISTICS_DELIVERY_FAILED": "cancelled",
    "LOGISTICS_LOST": "cancelled",
}
"""What one package proves of its order: that it was picked up says nothing of the other packages."""

SILENT = ("LOGISTICS_NOT_START", "LOGISTICS_READY")
"""Words of a package that say nothing which the order's own status does not."""

RETURNS = {
    "REQUESTED": "return_requested",
    "JUDGING": "return_requested",
    "SELLER_DISPUTE": "return_requested",
    "ACCEPTED": "return_approved",
    "PROCESSING": "return_approved",
    "CANCELLED": "return_withdrawn",
    "CLOSED": "return_closed",
}

RETURN_PARCELS = {
    "LOGISTICS_PICKUP_DONE": "return_shipped",
    "LOGISTICS_DELIVERY_DONE": "return_received",
}

NUMBERS = {"SPX": "spx"}
"""How tracking numbers begin → carrier, since the push names none."""


def _order(telling: Telling, data: Reading, sent_at: int, seller: str | None) -> list[Event]:
    word, order = data.id("status"), telling.order(data.id("ordersn", "order_sn"))
    at = data.optional_instant("update_time") or sent_at
    if word == "IN_CANCEL":
        told = {"case_id": order, "by": "buyer", "seller_id": seller}
        return [telling.event("cancellation_requested", (order, word, str(at)), order, at, **told)]
    return [telling.status(order, at, STATUSES.get(word, "unknown"), word, seller_id=seller)]


def _tracking_number(telling: Telling, data: Reading, sent_at: int, seller: str | None) -> list[Event]:
    order, number = telling.order(data.id("ordersn", "order_sn")), data.id("tracking_no")
    package = data.words("package_number")
    told = {"package_id": package or number, "carrier": carrier_of(telling.account, number), "tracking_number": number}
    return [telling.event("shipping_arranged", (order, package, number), order, sent_at, seller_id=seller, **told)]


def carrier_of(account: Account, number: str) -> str:
    """Names who carries a parcel by how its number begins, else whom the account names; `unknown` where nobody does."""
    known = (name for start, name in NUMBERS.items() if number.upper().startswith(start))
    return next(known, None) or carrier_id(account.extra("carrier"))


def _package(telling: Telling, data: Reading, sent_at: int, seller: str | None) -> list[Event]:
    word, order = data.id("fulfillment_status"), telling.order(data.id("ordersn", "order_sn"))
    if word in SILENT:
        return []
    at = data.optional_instant("update_time") or sent_at
    return [telling.status(order, at, PACKAGES.get(word, "unknown"), word, seller_id=seller)]


def _return(telling: Telling, data: Reading, sent_at: int, seller: str | None) -> list[Event]:
    order, case = telling.order(data.id("order_sn", "ordersn")), data.id("return_sn")
    events = []
    for change in data.each("updated_values"):
        field, word = change.words("update_field"), change.words("new_value")
        at = change.optional_instant("update_time") or sent_at
        table = {"return_status": RETURNS, "logistics_status": RETURN_PARCELS}.get(field, {})
        if kind := table.get(word):
            key = (order, case, field, word)
            events.append(telling.event(kind, key, order, at, case_id=case, seller_id=seller))
        elif field == "return_status":
            events.append(telling.status(order, at, "unknown", word, seller_id=seller))
    return events


CODES = {3: _order, 4: _tracking_number, 29: _return, 30: _package}
"""The codes that tell of an order. All others (authorisations, products, promotions, chat …) tell nothing."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the events of one Shopee push."""
    body = read(delivery.body)
    code = body.get("code")
    if not isinstance(code, int):
        raise body.wrong("code", "must be a number: every Shopee push has one")
    if code not in CODES:
        return []
    telling = Telling(delivery, account)
    data = body.inside("data")
    shop = body.words("shop_id") or data.words("shop_id")
    sent_at = body.optional_instant("timestamp") or delivery.received_at
    return CODES[code](telling, data, sent_at, telling.seller(shop))


def is_challenge(request: Request) -> bool:
    """Tells the trial POST of the console, made when an address is registered: unsigned, and it pushes nothing."""
    if request.headers.get("authorization"):
        return False
    try:
        return read(request.body).get("code") is None
    except Untranslatable:
        return not request.body


def _signed_message(account: Account, request: Request) -> bytes:
    """Gives the address as it is registered, `|` and the raw body."""
    return (account.extra("url") or request.url).encode() + b"|" + request.body


SOURCE = Source(
    id="shopee",
    title="Shopee",
    tells="orders, tracking numbers, packages and returns of a shop",
    docs="https://open.shopee.com/developer-guide/18",
    setup="The secret is the partner key. When the address is registered Shopee posts to it once to try it, which is "
    "answered. It signs the address too: what is registered there must be `url` here, or gateway.public_url and "
    "the path, letter for letter; a proxy that changes either breaks it.",
    scheme=signatures.Hmac("authorization", signatures.hexadecimal, message=_signed_message),
    translate=translate,
    dedupe_id=retry_id("code", "shop_id", "msg_id", "data"),
    is_challenge=is_challenge,
    # An answer with a body counts as a failed push, and too many of those end the subscription.
    manners=Manners(silent=True),
    takes={
        "url": "the callback URL as it stands in Shopee's console, if it is not gateway.public_url and the path",
        "carrier": "who carries parcels whose tracking number does not tell it",
    },
    sample='{"code":3,"shop_id":1000001,"timestamp":$seconds,"data":{"ordersn":"$order",'
    '"status":"READY_TO_SHIP","update_time":$seconds}}',
    orders_by="marketplace",
    retries=Retries(
        deadline=3,
        success="2xx without a body",
        after=(5 * MINUTE // SECOND, 30 * MINUTE // SECOND, 3 * HOUR // SECOND),
        note="stops pushing when fewer than 30 % of more than 600 pushes in 6 hours succeed",
    ),
    tables={
        "status": STATUSES,
        "fulfillment_status": PACKAGES,
        "return_status": RETURNS,
        "logistics_status of a return": RETURN_PARCELS,
    },
)
