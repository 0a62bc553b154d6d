"""TikTok Shop (and Tokopedia through it): type and word → event. Its payloads are thin; details come by API or push.

Words of partner.tiktokshop.com, webhooks and order API, as of 2026-11. The order webhook says CANCEL where the API
says CANCELLED; returns are spelled in several ways, also on one page.
"""

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, read, retry_id
from pipeline.sources.source import Manners, Request, Retries, Source
from pipeline.sources.telling import Telling
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.times import HOUR, MINUTE, SECOND

STATUSES = {
    "UNPAID": "unpaid",
    "ON_HOLD": "on_hold",
    "AWAITING_SHIPMENT": "new",
    "PARTIALLY_SHIPPING": "partially_shipped",
    "AWAITING_COLLECTION": "awaiting_collection",
    "IN_TRANSIT": "in_transit",
    "DELIVERED": "delivered",
    "COMPLETED": "completed",
    "CANCEL": "cancelled",
    "CANCELLED": "cancelled",
}

CANCELLATIONS = {
    "CANCELLATION_REQUEST_PENDING": "cancellation_requested",
    "CANCELLATION_REQUEST_SUCCESS": "order_cancelled",
    "CANCELLATION_REQUEST_COMPLETE": "order_cancelled",
    "CANCELLATION_REQUEST_CANCELLED": "cancellation_withdrawn",
    "CANCELLATION_REQUEST_CANCEL": "cancellation_withdrawn",
}

RETURNS = {
    "RETURN_OR_REFUND_REQUEST_PENDING": "return_requested",
    "RETURN_OR_REFUND_REQUEST_REJECT": "return_rejected",
    "REFUND_OR_RETURN_REQUEST_REJECT": "return_rejected",
    "RETURN_OR_REFUND_REQUEST_SUCCESS": "return_approved",
    "RETURN_OR_REFUND_REQUEST_CANCEL": "return_withdrawn",
    "RETURN_OR_REFUND_REQUEST_CANCELLED": "return_withdrawn",
    "RETURN_OR_REFUND_REQUEST_COMPLETE": "return_closed",
    "AWAITING_BUYER_RESPONSE": "return_requested",
    "AWAITING_BUYER_SHIP": "return_approved",
    "BUYER_SHIPPED_ITEM": "return_shipped",
    "REJECT_RECEIVE_PACKAGE": "return_rejected",
    "REPLACEMENT_REQUEST_PENDING": "return_requested",
    "REPLACEMENT_REQUEST_REJECT": "return_rejected",
    "REPLACEMENT_REQUEST_REFUND_SUCCESS": "return_closed",
    "REPLACEMENT_REQUEST_CANCEL": "return_withdrawn",
    "REPLACEMENT_REQUEST_COMPLETE": "return_closed",
}

OUTCOMES = {
    "RETURN_OR_REFUND_REQUEST_COMPLETE": "refunded",
    "REPLACEMENT_REQUEST_REFUND_SUCCESS": "refunded",
    "REPLACEMENT_REQUEST_COMPLETE": "replaced",
}

ROLES = {"BUYER": "buyer", "USER": "buyer", "SELLER": "seller", "SYSTEM": "system", "OPERATOR": "system"}


def _order(telling: Telling, data: Reading, sent_at: int, seller: str | None) -> list[Event]:
    word = data.id("order_status")
    status = STATUSES.get(word, "unknown")
    if status == "new" and data.flag("is_on_hold_order"):
        status = "on_hold"
    order = telling.order(data.id("order_id"))
    at = data.optional_instant("update_time") or sent_at
    return [telling.status(order, at, status, word, seller_id=seller)]


def _packages(telling: Telling, data: Reading, sent_at: int, seller: str | None) -> list[Event]:
    how = data.words("sc_type").lower()
    at = data.optional_instant("update_time") or sent_at
    events = []
    for package in data.each("package_list"):
        package_id, orders = package.id("package_id"), package.get("order_id_list")
        for native in orders if isinstance(orders, list) else ():
            order = telling.order(Reading({"order_id": native}).id("order_id"))
            key = (order, package_id, how, str(at))
            events.append(
                telling.event("package_recut", key, order, at, package_id=package_id, how=how, seller_id=seller)
            )
    return events


def _cancellation(telling: Telling, data: Reading, sent_at: int, seller: str | None) -> list[Event]:
    word, case, order = data.id("cancel_status"), data.id("cancel_id"), telling.order(data.id("order_id"))
    kind = CANCELLATIONS.get(word)
    asked_at = data.optional_instant("create_time")
    at = data.optional_instant("update_time") or (asked_at if kind == "cancellation_requested" else None) or sent_at
    if kind is None:
        return [telling.status(order, at, "unknown", word, seller_id=seller)]
    told = {"by": _role(data, "cancellations_role"), "seller_id": seller}
    if kind != "order_cancelled":
        told["case_id"] = case
    return [telling.event(kind, (order, case, word), order, at, **told)]


def _return(telling: Telling, data: Reading, sent_at: int, seller: str | None) -> list[Event]:
    word, case, order = data.id("return_status"), data.id("return_id"), telling.order(data.id("order_id"))
    plain = word.replace("__", "_")
    at = data.optional_instant("update_time", "create_time") or sent_at
    if plain not in RETURNS:
        return [telling.status(order, at, "unknown", word, seller_id=seller)]
    told = {
        "case_id": case,
        "by": _role(data, "return_role"),
        "kind": data.words("return_type").lower(),
        "outcome": OUTCOMES.get(plain, ""),
        "seller_id": seller,
    }
    return [telling.event(RETURNS[plain], (order, case, plain), order, at, **told)]


def _role(data: Reading, name: str) -> str:
    return ROLES.get(data.words(name).removeprefix("ROLE_"), "")


TYPES = {1: _order, 4: _packages, 11: _cancellation, 12: _return}
"""The types that tell of an order. All others (addresses, products, chats, creators …) are taken and tell nothing."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the events of one TikTok Shop webhook."""
    body = read(delivery.body)
    kind = body.get("type")
    if not isinstance(kind, int):
        raise body.wrong("type", "must be a number: every TikTok Shop webhook has one")
    if kind not in TYPES:
        return []
    telling = Telling(delivery, account)
    seller = telling.seller(body.words("shop_id"))
    sent_at = body.optional_instant("timestamp") or delivery.received_at
    return TYPES[kind](telling, body.inside("data"), sent_at, seller)


def _signed_message(account: Account, request: Request) -> bytes:
    """Gives `app_key` and the raw body, one after the other."""
    return account.extra("app_key").encode() + request.body


SOURCE = Source(
    id="tiktok_shop",
    title="TikTok Shop",
    tells="orders, cancellations, returns and packages of a shop",
    docs="https://partner.tiktokshop.com/docv2/page/tts-webhooks-overview",
    setup="The secret is the app's secret and `app_key` the app's key. The address must be https with a domain name "
    "and a valid certificate: TLS 1.2 or later, no IP address, no port.",
    scheme=signatures.Hmac("authorization", signatures.hexadecimal, message=_signed_message),
    translate=translate,
    dedupe_id=retry_id("type", "shop_id", "tts_notification_id", "data"),
    # A 401 ends TikTok's retries as a 200 does, so it is for a signature that is truly wrong. One that is missing was
    # dropped on the way, by a proxy that keeps `Authorization` to itself: TikTok tries again while that is mended.
    manners=Manners(missing_signature=400, silent=True),
    needs={"app_key": "TikTok Shop signs the app's key together with the body"},
    example={"app_key": "6a1b2c3d4e"},
    sample='{"type":1,"tts_notification_id":"$order","shop_id":"7495","timestamp":$seconds,'
    '"data":{"order_id":"$order","order_status":"AWAITING_SHIPMENT","update_time":$seconds}}',
    orders_by="marketplace",
    unconfirmed="the official words of its signature, known from public code; whether webhooks come in order",
    retries=Retries(
        deadline=3,
        success="200, or 401, both without a body",
        after=(2 * MINUTE // SECOND, 30 * MINUTE // SECOND, 3 * HOUR // SECOND, 12 * HOUR // SECOND),
        note="a 401 ends the retries as a 200 does: what it refuses is lost",
    ),
    tables={"order_status": STATUSES, "cancel_status": CANCELLATIONS, "return_status": RETURNS},
)
