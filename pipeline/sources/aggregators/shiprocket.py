"""Shiprocket (India): the label of a status → milestone. Every webhook carries the scans so far, in Indian time.

The nine statuses of its webhook page, as public code has them; the same words label the scans. It writes its times in
two ways on one page, and numbers one status differently in two fields, so its words count and not its numbers.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Retries, Source
from pipeline.sources.telling import Parcel, Telling, once
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id
from schemas.times import from_datetime

INDIA = ZoneInfo("Asia/Kolkata")

STATUSES = {
    "MANIFEST GENERATED": "label_created",
    "OUT FOR PICKUP": "label_created",
    "PICKED UP": "picked_up",
    "SHIPPED": "picked_up",
    "IN TRANSIT": "in_transit",
    "REACHED AT DESTINATION HUB": "at_hub",
    "OUT FOR DELIVERY": "out_for_delivery",
    "DELIVERED": "delivered",
    "UNDELIVERED": "delivery_failed",
    "RTO INITIATED": "return_started",
    "RTO DELIVERED": "returned",
}
"""RTO: return to origin."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives one scan for each entry of the parcel's history, and the status that it has now."""
    body = read(delivery.body)
    telling = Telling(delivery, account)
    order = telling.order_if_ours(body.optional_id("order_id"))
    parcel = Parcel(carrier_id(body.words("courier_name")), body.id("awb"), order)
    returns = body.get("is_return") in (1, True, "1")
    scans = [_scan(telling, parcel, entry, returns=returns) for entry in body.each("scans")]
    return once([*scans, _now(telling, parcel, body, returns=returns)])


def _scan(telling: Telling, parcel: Parcel, entry: Reading, *, returns: bool) -> Event:
    code = entry.words("sr-status-label")
    return telling.scanned(
        parcel,
        entry.instant("date", assume=INDIA),
        STATUSES.get(code.upper(), "unknown"),
        stamp=entry.words("date"),
        code=code,
        words=entry.words("activity"),
        location=entry.words("location"),
        returning=returns or code.upper().startswith("RTO"),
    )


def _now(telling: Telling, parcel: Parcel, body: Reading, *, returns: bool) -> Event:
    code = body.id("current_status", "shipment_status")
    return telling.scanned(
        parcel,
        _day_first(body, "current_timestamp"),
        STATUSES.get(code.upper(), "unknown"),
        stamp=body.words("current_timestamp"),
        code=code,
        returning=returns or code.upper().startswith("RTO"),
    )


def _day_first(body: Reading, name: str) -> int:
    """Reads `23 05 2023 11:43:52`."""
    try:
        moment = datetime.strptime(body.id(name), "%d %m %Y %H:%M:%S").replace(tzinfo=INDIA)
        if (at := from_datetime(moment)) >= 0:
            return at
    except (ValueError, OverflowError):
        pass
    raise body.wrong(name, "is no time such as 23 05 2023 11:43:52")


SOURCE = Source(
    id="shiprocket",
    title="Shiprocket",
    tells="scans of parcels, for many carriers in India",
    docs="https://apidocs.shiprocket.in",
    alias="ship-rocket",
    setup="The secret is what it sends as x-api-key. Its addresses must contain none of shiprocket, kartrocket, sr, "
    "kr, as public code has it: so it has another word here, and the account's name must hold none of them either.",
    scheme=signatures.Token("x-api-key"),
    translate=translate,
    orders_by="nobody",
    sample='{"awb":"TRIAL$order","courier_name":"Delhivery","order_id":"$order",'
    '"current_status":"IN TRANSIT","current_timestamp":"$ist"}',
    unconfirmed="statuses beyond the nine of its webhook page, and retries",
    retries=Retries(deadline=None, success="200", note="not told"),
    tables={"status": STATUSES},
)
