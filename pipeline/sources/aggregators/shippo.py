"""Shippo: status, with its sub-status, → milestone. Every webhook carries the whole history of the parcel.

Statuses and sub-statuses of goshippo/shippo-python-sdk, docs/models @47df6c48; it types sub-statuses as open text. Its
signature must be asked for; without it Shippo advises a secret in the address. How old a signature may be it does not
say: its two retries may come late, and a repeated body has the same id, so an hour does no harm.
"""

from pipeline.settings import Account
from pipeline.sources.proofs import Either, InAddress, Stamped
from pipeline.sources.reading import Reading, read, retry_id
from pipeline.sources.source import Retries, Source
from pipeline.sources.telling import Parcel, Telling, once
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id
from schemas.times import HOUR

STATUSES = {
    "UNKNOWN": "unknown",
    "PRE_TRANSIT": "label_created",
    "TRANSIT": "in_transit",
    "DELIVERED": "delivered",
    "RETURNED": "return_started",  # on its way back, or back already
    "FAILURE": "delivery_failed",
}

SUBSTATUSES = {
    "PRE_TRANSIT/information_received": "label_created",
    "TRANSIT/address_issue": "delayed",
    "TRANSIT/contact_carrier": "delayed",
    "TRANSIT/delayed": "delayed",
    "TRANSIT/delivery_attempted": "delivery_failed",
    "TRANSIT/delivery_rescheduled": "delayed",
    "TRANSIT/delivery_scheduled": "in_transit",
    "TRANSIT/location_inaccessible": "delivery_failed",
    "TRANSIT/notice_left": "delivery_failed",
    "TRANSIT/out_for_delivery": "out_for_delivery",
    "TRANSIT/package_accepted": "picked_up",
    "TRANSIT/package_arrived": "at_hub",
    "TRANSIT/package_damaged": "damaged",
    "TRANSIT/package_departed": "in_transit",
    "TRANSIT/package_forwarded": "in_transit",
    "TRANSIT/package_held": "delayed",
    "TRANSIT/package_processed": "at_hub",
    "TRANSIT/package_processing": "at_hub",
    "TRANSIT/pickup_available": "available_for_pickup",
    "TRANSIT/reschedule_delivery": "delayed",
    "DELIVERED/delivered": "delivered",
    "RETURNED/return_to_sender": "return_started",
    "RETURNED/package_unclaimed": "return_started",
    "FAILURE/package_undeliverable": "delivery_failed",
    "FAILURE/package_disposed": "lost",
    "FAILURE/package_lost": "lost",
}
"""A sub-status of another status, or a new one, is taken by its status."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives one scan for each entry of the parcel's history; labels and batches tell nothing."""
    body = read(delivery.body)
    if body.id("event") != "track_updated":
        return []
    data = body.inside("data")
    telling = Telling(delivery, account)
    order = telling.order_if_ours(data.words("metadata"))
    parcel = Parcel(carrier_id(data.words("carrier")), data.id("tracking_number"), order)
    newest = data.inside("tracking_status")
    entries = [*data.each("tracking_history"), *([newest] if newest.value else [])]
    return once(_scan(telling, parcel, entry) for entry in entries)


def _scan(telling: Telling, parcel: Parcel, entry: Reading) -> Event:
    status, substatus = entry.id("status"), entry.inside("substatus")
    code = "/".join(filter(None, (status, substatus.words("code"))))
    return telling.scanned(
        parcel,
        entry.instant("status_date"),
        SUBSTATUSES.get(code) or STATUSES.get(status, "unknown"),
        stamp=entry.words("status_date"),
        code=code,
        words=entry.words("status_details") or substatus.words("text"),
        location=entry.inside("location").place("city", "state", "country"),
        returning=status == "RETURNED",
    )


SOURCE = Source(
    id="shippo",
    title="Shippo",
    tells="scans of parcels, for many carriers",
    docs="https://docs.goshippo.com/docs/tracking/webhooks",
    setup="Signatures must be asked for; the secret is then the one that Shippo tells. Without them the address ends "
    "with ?token= and a secret that you choose. An address has fewer than 200 characters.",
    scheme=Either(Stamped("shippo-auth-signature", HOUR), InAddress()),
    translate=translate,
    dedupe_id=retry_id("event", "data"),
    orders_by="nobody",
    sample='{"event":"track_updated","data":{"carrier":"ups","tracking_number":"TRIAL$order",'
    '"metadata":"$order","tracking_status":{"status":"TRANSIT","status_date":"$iso",'
    '"status_details":"Departed"}}}',
    unconfirmed="how old a signature may be: an hour is allowed",
    retries=Retries(deadline=3, success="2xx", note="tries again twice, and only after 408, 429 or 5xx"),
    tables={"status": STATUSES, "status/substatus": SUBSTATUSES},
)
