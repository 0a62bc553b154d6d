"""KiriminAja (Indonesia): method of the webhook → milestone; several parcels in one call.

Methods of developer.kiriminaja.com/docs/webhook/event and the status codes of its page of status mappings, 2026. The
short form names the waybill once, when it is made; only the complete form, which must be asked for, names it and the
courier each time. What names an order alone is told as its status. Times without a zone are Western Indonesian.
"""

from collections.abc import Mapping

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Retries, Source, Untranslatable
from pipeline.sources.telling import Parcel, Telling, once
from pipeline.sources.zones import TAKES, check_zone, zone_of
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id

METHODS = {
    "processed_packages": "label_created",
    "shipped_packages": "picked_up",
    "finished_packages": "delivered",
    "canceled_packages": "cancelled",
    "returned_packages": "return_started",  # or returned, once it says when
    "return_finished_packages": "returned",
}

MOMENTS = {
    "processed_packages": ("date",),
    "shipped_packages": ("shipped_at", "date"),
    "finished_packages": ("finished_at", "date"),
    "canceled_packages": ("canceled_at", "rejected_at", "date"),
    "returned_packages": ("returned_at", "date"),
    "return_finished_packages": ("returned_at", "date"),
}
"""Where each method says when it happened."""

ORDERS = {"shipped_packages": "in_transit", "finished_packages": "delivered"}
"""What a method says of an order whose parcel it does not name."""

STATUSES = {
    "100": "label_created",
    "101": "label_created",
    "102": "label_created",
    "103": "picked_up",
    "104": "at_hub",
    "105": "label_created",
    "106": "in_transit",
    "107": "delayed",
    "110": "delayed",
    "152": "delivery_failed",
    "200": "delivered",
    "210": "delayed",
    "211": "in_transit",
    "300": "cancelled",
    "301": "delivery_failed",
    "302": "cancelled",
    "303": "lost",
    "310": "delivery_failed",
    "311": "delivery_failed",
    "333": "lost",
    "350": "delayed",
    "400": "returned",
    "401": "return_started",
    "402": "return_started",
    "403": "return_started",
    "404": "return_started",
    "405": "return_started",
    "406": "return_started",
    "500": "delayed",
    "555": "customs",
    "701": "lost",
    "702": "damaged",
    "703": "lost",
    "704": "damaged",
    "901": "delayed",
    "902": "delayed",
    "903": "delayed",
    "904": "return_started",
    "905": "label_created",
}
"""What the complete form's status says where the method is a new one."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the events of each parcel that a KiriminAja webhook tells of."""
    body = read(delivery.body)
    method = body.id("method")
    if not body.get("data"):
        raise body.wrong("data", "is missing")
    more = {package.words("awb"): package for package in body.each("packages")}
    telling = Telling(delivery, account)
    return once(_event(telling, method, item, more) for item in body.each("data"))


def _event(telling: Telling, method: str, item: Reading, more: Mapping[str, Reading]) -> Event:
    number, native = item.optional_id("awb"), item.optional_id("order_id")
    order = telling.order_if_ours(native)
    names = MOMENTS.get(method, ("date",))
    moment = item.optional_instant(*names, assume=zone_of(telling.account))
    at = telling.received_at if moment is None else moment
    if not number:
        return _of_order(telling, method, order, at)
    package = more.get(number, Reading({}))
    carrier = carrier_id(package.words("service") or telling.account.extra("carrier"))
    if order and method == "processed_packages":
        told = {"package_id": native, "carrier": carrier, "tracking_number": number}
        service = package.words("service_type")
        return telling.event("shipping_arranged", (order, carrier, number), order, at, service=service, **told)
    milestone = _milestone(method, item, package)
    return telling.scanned(
        Parcel(carrier, number, order),
        at,
        milestone,
        stamp=item.words(*names),
        code=method if method in METHODS else package.words("status") or method,
        words=item.words("reason"),
        returning=milestone in ("return_started", "returned"),
    )


def _milestone(method: str, item: Reading, package: Reading) -> str:
    if method == "returned_packages" and item.words("returned_at"):
        return "returned"
    return METHODS.get(method) or STATUSES.get(package.words("status"), "unknown")


def _of_order(telling: Telling, method: str, order: str, at: int) -> Event:
    if not order:
        raise Untranslatable(
            "no_waybill",
            "data names no awb: ask KiriminAja for the complete form, or say in `orders` whose its order ids are",
        )
    return telling.status(order, at, ORDERS.get(method, "unknown"), method)


SOURCE = Source(
    id="kiriminaja",
    title="KiriminAja",
    tells="status of parcels and their waybills, for many carriers in Indonesia",
    docs="https://developer.kiriminaja.com/docs/webhook/event",
    setup="The secret is the API key, which it sends as a bearer token. The complete form of its webhooks must be "
    "asked for; the short form names waybill and courier only once.",
    scheme=signatures.Token("authorization", "Bearer "),
    translate=translate,
    check_account=check_zone,
    takes={**TAKES, "carrier": "who carries parcels whose courier the short form does not name"},
    orders_by="nobody",
    sample='{"method":"shipped_packages","data":[{"order_id":"$order","awb":"TRIAL$order",'
    '"shipped_at":"$iso"}],"packages":[{"awb":"TRIAL$order","service":"jne"}]}',
    unconfirmed="retries and how long it waits",
    retries=Retries(deadline=None, success="200", note="not told"),
    tables={"method": METHODS, "method, without a waybill": ORDERS, "status of a new method": STATUSES},
)
