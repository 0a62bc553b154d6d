"""EasyParcel, version 2 (Malaysia, Singapore): topic and number of the status → milestone.

Topics and samples of easyparcel/OpenAPI-v2, source/includes/2025-06/_webhooks.md @73799a99. Of its status numbers only
those two are public that its samples explain. How it proves itself is not said, so a secret must stand in the address.
The courier is named with the waybill alone, so a parcel is carried by EasyParcel, or by whom the account says. Times
name no zone; both countries have the same.
"""

from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from pipeline.settings import Account
from pipeline.sources.proofs import InAddress
from pipeline.sources.reading import Reading, read, retry_id
from pipeline.sources.source import Retries, Source
from pipeline.sources.telling import Parcel, Telling, once
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id

MALAYSIA = ZoneInfo("Asia/Kuala_Lumpur")

STATUSES = {"3": "picked_up", "5": "delivered"}
"""Its sample: 3 is "Parcel has been collected", 5 is delivered."""


def _waybill(telling: Telling, body: Reading, parcel: Parcel) -> list[Event]:
    stamp, at = body.words("timestamp"), body.instant("timestamp", assume=MALAYSIA)
    topic = body.words("topic")
    if not parcel.order:
        return [telling.scanned(parcel, at, "label_created", stamp=stamp, code=topic)]
    key = (parcel.order, parcel.carrier, parcel.number)
    told = {"package_id": body.id("shipment_number"), "carrier": parcel.carrier, "tracking_number": parcel.number}
    courier = parse_qs(urlsplit(body.link("tracking_url")).query).get("courier", [""])[0]
    return [telling.event("shipping_arranged", key, parcel.order, at, service=courier, **told)]


def _tracking(telling: Telling, body: Reading, parcel: Parcel) -> list[Event]:
    numbered = body.inside("status_log")  # its sample writes a list with the places as names
    entries = [numbered.inside(place) for place in numbered.value] if numbered.value else body.each("status_log")
    return once(_scan(telling, parcel, entry) for entry in (*entries, body))


def _scan(telling: Telling, parcel: Parcel, entry: Reading) -> Event:
    code = entry.id("shipment_status_code", "latest_shipment_status_code")
    return telling.scanned(
        parcel,
        entry.instant("timestamp", assume=MALAYSIA),
        STATUSES.get(code, "unknown"),
        stamp=entry.words("timestamp"),
        code=code,
        words=entry.words("tracking_status", "latest_tracking_status"),
    )


TOPICS = {"shipment.awb.update": _waybill, "shipment.tracking.update": _tracking}
"""The topics that tell of a parcel. Couriers on demand have no tracking number, and a new shipment none yet."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the events of one EasyParcel webhook."""
    body = read(delivery.body)
    tell = TOPICS.get(body.words("topic"))
    if tell is None:
        return []
    telling = Telling(delivery, account)
    carrier = carrier_id(account.extra("carrier") or "easyparcel")
    order = telling.order_if_ours(body.optional_id("shipment_number"))
    return tell(telling, body, Parcel(carrier, body.id("awb_number"), order))


SOURCE = Source(
    id="easyparcel",
    title="EasyParcel",
    tells="waybills and scans of parcels, for many carriers in Malaysia and Singapore",
    docs="https://github.com/easyparcel/OpenAPI-v2",
    setup="The address ends with ?token= and a secret that you choose.",
    scheme=InAddress(),
    translate=translate,
    dedupe_id=retry_id("uuid", "topic", "timestamp", "awb_number", "status_log"),
    takes={"carrier": "who carries the parcels, where others name them by the courier's own name"},
    orders_by="nobody",
    sample='{"topic":"shipment.tracking.update","shipment_number":"$order","timestamp":"$iso","awb_number":"TRIAL$order",'
    '"latest_shipment_status_code":3,"latest_tracking_status":"Parcel has been collected"}',
    unconfirmed="how it proves itself (a secret in the address is asked for instead), its status numbers but 3 and 5",
    retries=Retries(deadline=30, success="200", note="may try again, how often is not told"),
    tables={"shipment_status_code": STATUSES},
)
