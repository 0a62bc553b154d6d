"""Lazada: message type and word → event. Its pushes are thin; details come by API or push.

Words of open.lazada.com, push mechanism and webhook APIs, as of 2026-11, known from copies; those of an order are of
its order API, as the push's page lists none. A message of a trade order tells of one line and nobody says how many
there are: its word counts for the order. A package is named by Lazada's own number of it, as the push tells no other.
Milliseconds and seconds, text and numbers are mixed, also in one message.
"""

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, read, retry_id
from pipeline.sources.source import Request, Retries, Source
from pipeline.sources.telling import Telling
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.times import MINUTE, SECOND

STATUSES = {
    "unpaid": "unpaid",
    "pending": "new",
    "topack": "new",
    "packed": "ready_to_ship",
    "toship": "awaiting_collection",
    "ready_to_ship": "awaiting_collection",
    "ready_to_ship_pending": "awaiting_collection",
    "shipped": "in_transit",
    "failed_delivery": "in_transit",
    "delivered": "delivered",
    "confirmed": "completed",
    "canceled": "cancelled",
    "returned": "returned",
    "shipped_back": "in_transit",
    "shipped_back_success": "returned_to_seller",
    "shipped_back_failed": "in_transit",
    "lost_by_3pl": "in_transit",
    "damaged_by_3pl": "in_transit",
    "package_scrapped": "in_transit",
}
"""What is lost, damaged or on its way back has left the seller; that it did not arrive its package tells."""

_ST = "INFO_ST_DOMESTIC_"

PACKAGES = {
    "READY_TO_SHIP": "label_created",
    "READY_TO_SHIP_PENDING": "label_created",
    "TRANSIT_TO_SHIP": "label_created",
    "INFO_ST_REQUESTING_DRIVER": "label_created",
    "INFO_ST_DRIVER_ASSIGNED": "label_created",
    f"{_ST}PICKUP_SIGN_IN_SUCCESS": "picked_up",
    f"{_ST}PICKUP_SIGN_IN_FAILURE": "delayed",
    f"{_ST}SC_SIGN_IN_SUCCESS": "at_hub",
    f"{_ST}IB_SUCCESS_FIRST_MILE_HUB": "at_hub",
    f"{_ST}OB_SUCCESS_FIRST_MILE_HUB": "in_transit",
    f"{_ST}IB_SUCCESS_IN_SORT_CENTER": "at_hub",
    f"{_ST}OB_SUCCESS_IN_SORT_CENTER": "in_transit",
    f"{_ST}PACKAGE_STATIONED_IN": "at_hub",
    f"{_ST}PACKAGE_STATIONED_OUT": "in_transit",
    f"{_ST}ON_HOLD": "delayed",
    "INFO_ST_NEED_REVIEW": "delayed",
    "INFO_ST_PACKAGE_INTERCEPTED": "delayed",
    f"{_ST}LAST_MILE_3PL_SHIPPED_TO_STATION": "in_transit",
    f"{_ST}LAST_MILE_CUSTOMER_STATION_INBOUND": "available_for_pickup",
    f"{_ST}LAST_MILE_STATION_CUSTOMER_FAILED_PICKUP": "delivery_failed",
    f"{_ST}OUT_FOR_DELIVERY": "out_for_delivery",
    f"{_ST}1ST_ATTEMPT_FAILED": "delivery_failed",
    f"{_ST}REDELIVERY": "in_transit",
    f"{_ST}REATTEMPTS_FAILED": "delivery_failed",
    f"{_ST}DELIVERY_FAILED": "delivery_failed",
    "DELIVER_FAILED": "delivery_failed",
    "DELIVERED": "delivered",
    "CANCELLED": "cancelled",
    f"{_ST}RETURN_AT_TRANSIT_HUB": "return_started",
    "ON_THE_WAY_BACK_TO_SHIPPER": "return_started",
    f"{_ST}BACK_TO_SHIPPER": "returned",
    f"{_ST}WAREHOUSE_RETURNED": "returned",
    f"{_ST}PACKAGE_RETURNED_FAILED": "return_started",
    f"{_ST}PACKAGE_RETURN_ATTEMPT_FAILED": "return_started",
    f"{_ST}PACKAGE_RETURN_FAILED_PICKUP_PENDING": "return_started",
    "LOST_BY_3PL": "lost",
    "DAMAGE_BY_3PL": "damaged",
    "PACKAGE_SCRAPPED": "lost",
    "INFO_ST_CB_PICKUP_SUCCESS": "picked_up",
    "INFO_ST_CB_PICKUP_IN_BAG_LEVEL": "picked_up",
    "INFO_ST_CB_RECEIVED_IN_BAG_LEVEL": "at_hub",
    "INFO_ST_CB_IB_SUCCESS_IN_SORT_CENTER": "at_hub",
    "INFO_ST_CB_HANDOVER": "in_transit",
    "INFO_ST_CB_UPLIFTED": "in_transit",
    "INFO_ST_CB_LINEHAUL_ARRIVAL_SUCCESS": "in_transit",
    "INFO_ST_CB_CUSTOMS_CLEARANCE_SUCCESS": "customs",
    "INFO_ST_CB_RECEIVED_BY_LAST_MILE": "at_hub",
    "INFO_ST_CB_HANDOVER_TO_LAST_MILE": "in_transit",
}

REVERSALS = {
    "CANCEL_INIT": "cancellation_requested",
    "CANCEL_SUCCESS": "order_cancelled",
    "CANCEL_REFUND_ISSUED": "order_cancelled",
    "RTM_INIT": "return_requested",
    "RTM_CANCELED": "return_withdrawn",
    "RTM_SHIPPING_BACK": "return_shipped",
    "RTM_RECEIVE_ITEM": "return_received",
    "RTW_INIT": "return_requested",
    "RTW_CANCELED": "return_withdrawn",
    "RTW_SHIPPING_BACK": "return_shipped",
    "RTW_REJECT": "return_rejected",
    "RTW_REFUND_PENDING": "return_closed",
    "REFUND_INIT": "return_requested",
    "REFUND_PENDING": "return_approved",
    "REFUND_SUCCESS": "return_closed",
    "REFUND_REJECTED": "return_rejected",
}
"""Returns to the merchant (RTM) or to Lazada's warehouse (RTW); not every step of each kind is pushed."""

Moment = tuple[int, str | None]
"""When it happened, and whose order it is."""


def _order(telling: Telling, data: Reading, moment: Moment) -> list[Event]:
    at, seller = moment
    word, order = data.id("order_status"), telling.order(data.id("trade_order_id"))
    return [telling.status(order, at, STATUSES.get(word.lower(), "unknown"), word, seller_id=seller)]


def _reversal(telling: Telling, data: Reading, moment: Moment) -> list[Event]:
    at, seller = moment
    word, order = data.id("reverse_status"), telling.order(data.id("trade_order_id"))
    case, kind = data.id("reverse_order_id"), REVERSALS.get(word)
    key = (order, case, data.words("reverse_order_line_id"), word)
    if kind is None:
        return [telling.status(order, at, "unknown", word, seller_id=seller)]
    if kind == "order_cancelled":
        return [telling.event(kind, key, order, at, by="buyer", seller_id=seller)]
    told = {"case_id": case, "by": "buyer" if kind.endswith("requested") else ""}
    if kind.startswith("return"):
        told["kind"] = "refund" if word.startswith("REFUND") else "return_and_refund"
        told["outcome"] = "refunded" if kind == "return_closed" else ""
    return [telling.event(kind, key, order, at, seller_id=seller, **told)]


def _package(telling: Telling, data: Reading, moment: Moment) -> list[Event]:
    at, seller = moment
    word, order = data.id("status"), telling.order(data.id("trade_order_id"))
    number = data.id("fulfillment_package_id")
    told = {"order": order, "carrier": "lazada", "tracking_number": number, "code": word, "seller_id": seller}
    return [telling.scan((number, word, str(at)), at, PACKAGES.get(word, "unknown"), **told)]


TYPES = {0: _order, 10: _reversal, 14: _package}
"""The types that tell of an order. All others (products, stock, chat, sellers …) are taken and tell nothing."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the one event of a Lazada push."""
    body = read(delivery.body)
    kind = body.get("message_type")
    if type(kind) is not int:
        raise body.wrong("message_type", "must be a number: every Lazada push has one")
    if kind not in TYPES:
        return []
    telling, data = Telling(delivery, account), body.inside("data")
    at = data.optional_instant("status_update_time") or body.optional_instant("timestamp") or delivery.received_at
    return TYPES[kind](telling, data, (at, telling.seller(body.words("seller_id"))))


def _signed_message(account: Account, request: Request) -> bytes:
    """Gives `app_key` and the raw body, one after the other."""
    return account.extra("app_key").encode() + request.body


SOURCE = Source(
    id="lazada",
    title="Lazada",
    tells="orders, packages, cancellations and returns of a shop",
    docs="https://open.lazada.com/apps/doc/doc",
    setup="The secret is the app's secret and `app_key` the app's key. The certificate of the address must be OV or "
    "EV. A button of the console sends a test message.",
    scheme=signatures.Hmac("authorization", signatures.hexadecimal, message=_signed_message),
    translate=translate,
    dedupe_id=retry_id("message_type", "seller_id", "site", "data"),
    needs={"app_key": "Lazada signs the app's key together with the body"},
    example={"app_key": "100123"},
    sample='{"seller_id":"1000001","message_type":0,"data":{"order_status":"pending","trade_order_id":"$order",'
    '"trade_order_line_id":"$order","status_update_time":$seconds},"timestamp":$millis,"site":"lazada_id"}',
    orders_by="marketplace",
    retries=Retries(
        deadline=0.5,
        success="200",
        after=(30 * MINUTE // SECOND,) * 12,
        note="at least once: repetitions without a failure are normal; its certificates must be OV or EV",
    ),
    tables={"order_status": STATUSES, "status of a package": PACKAGES, "reverse_status": REVERSALS},
)
