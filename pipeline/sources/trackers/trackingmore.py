"""TrackingMore, version 4: sub-status, else status → milestone. Every webhook carries the whole history of the parcel.

Statuses of trackingmore.com/docs/logistics_status, fields as public clients of its API have them. Its page on webhooks
contradicts itself on what is signed: a signature of the time alone, as its example has it, would prove nothing of the
body. So a secret must stand in the address. Times name no zone: the account's counts.
"""

from pipeline.settings import Account
from pipeline.sources.proofs import InAddress
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Retries, Source
from pipeline.sources.telling import Parcel, Telling, once
from pipeline.sources.zones import TAKES, check_zone, zone_of
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id

STATUSES = {
    "pending": "label_created",
    "notfound": "label_created",
    "inforeceived": "label_created",
    "transit": "in_transit",
    "pickup": "out_for_delivery",  # or ready to be picked up: its sub-status says which
    "delivered": "delivered",
    "undelivered": "delivery_failed",
    "exception": "delayed",
    "expired": "delayed",
}

SUBSTATUSES = {
    "transit002": "at_hub",
    "transit003": "at_hub",
    "transit004": "in_transit",  # in the country of destination
    "transit005": "customs",
    "exception004": "delivery_failed",  # not collected
    "exception006": "customs",
    "exception007": "damaged",
    "exception008": "cancelled",
    "exception009": "delivery_failed",  # refused
    "exception010": "returned",
    "exception011": "return_started",
}
"""Sub-statuses that say something else than their status."""

RETURNING = ("exception010", "exception011")


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives one scan for each checkpoint of the parcel, else its status."""
    body = read(delivery.body)
    data = body.inside("data") if body.inside("data").value else body
    telling = Telling(delivery, account)
    order = telling.order_if_ours(data.optional_id("order_number"))
    parcel = Parcel(carrier_id(data.words("courier_code")), data.id("tracking_number"), order)
    roads = (data.inside("origin_info"), data.inside("destination_info"))
    points = [point for road in roads for point in road.each("trackinfo")]
    return once(_scan(telling, parcel, point) for point in points or [data])


def _scan(telling: Telling, parcel: Parcel, point: Reading) -> Event:
    status = point.id("checkpoint_delivery_status", "delivery_status")
    code = point.words("checkpoint_delivery_substatus", "substatus") or status
    at = point.optional_instant("checkpoint_date", "latest_checkpoint_time", assume=zone_of(telling.account))
    return telling.scanned(
        parcel,
        telling.received_at if at is None else at,
        SUBSTATUSES.get(code) or STATUSES.get(status, "unknown"),
        stamp=point.words("checkpoint_date", "latest_checkpoint_time"),
        code=code,
        words=point.words("tracking_detail", "latest_event"),
        location=point.words("location") or point.place("city", "state", "country_iso2"),
        returning=code in RETURNING,
    )


SOURCE = Source(
    id="trackingmore",
    title="TrackingMore",
    tells="scans of parcels, for many carriers",
    docs="https://www.trackingmore.com/docs/trackingmore/webhooks",
    setup="The address ends with ?token= and a secret that you choose.",
    scheme=InAddress(),
    translate=translate,
    check_account=check_zone,
    takes=TAKES,
    orders_by="nobody",
    sample='{"data":{"tracking_number":"TRIAL$order","courier_code":"jne","order_number":"$order",'
    '"delivery_status":"transit","latest_checkpoint_time":"$iso","latest_event":"Departed"}}',
    unconfirmed="what it signs, on which its own page disagrees (a secret in the address is asked for instead), and "
    "the fields of its webhooks, known from its API",
    retries=Retries(
        deadline=None, success="2xx", after=tuple(30 * 2**n for n in range(13)), note="14 attempts in about 68 hours"
    ),
    tables={"status": STATUSES, "sub-status": SUBSTATUSES},
)
