"""Sendcloud: the words of a parcel's status → milestone.

The words of sendcloud.dev, tracking statuses; the numbers beside them are printed nowhere as a list. Each webhook has
the time at which the carrier's status changed, and the parcel as it is now.
"""

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import read, retry_id
from pipeline.sources.source import Retries, Source
from pipeline.sources.telling import Parcel, Telling
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id

STATUSES = {
    "no label": "label_created",
    "ready to send": "label_created",
    "being announced": "label_created",
    "announced": "label_created",
    "announced: not collected": "label_created",
    "announcement failed": "cancelled",  # the carrier knows of no such parcel
    "error collecting": "delayed",
    "shipment picked up by driver": "picked_up",
    "en route to sorting center": "in_transit",
    "at sorting centre": "at_hub",
    "being sorted": "at_hub",
    "sorted": "at_hub",
    "not sorted": "delayed",
    "parcel en route": "in_transit",
    "at customs": "customs",
    "driver en route": "out_for_delivery",
    "delivery method changed": "in_transit",
    "delivery address changed": "in_transit",
    "delivery date changed": "delayed",
    "delivery delayed": "delayed",
    "address invalid": "delayed",
    "exception": "delayed",
    "delivery attempt failed": "delivery_failed",
    "unable to deliver": "delivery_failed",
    "refused by recipient": "delivery_failed",
    "awaiting customer pickup": "available_for_pickup",
    "shipment collected by customer": "delivered",
    "delivered": "delivered",
    "returned to sender": "return_started",
    "cancellation requested": "label_created",  # asked for, not decided
    "submitting cancellation request": "label_created",
    "cancelled upstream": "cancelled",
    "cancelled": "cancelled",
}

RETURNING = "returned to sender"


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the one scan of a changed status; integrations, returns portals and the like tell nothing."""
    body = read(delivery.body)
    if body.id("action") != "parcel_status_changed":
        return []
    data = body.inside("parcel")
    status, telling = data.inside("status"), Telling(delivery, account)
    number, words = data.optional_id("tracking_number"), status.id("message")
    if not number:
        return []  # not announced yet: there is no number that anybody could scan
    carrier = carrier_id(data.inside("carrier").words("code") or account.extra("carrier"))
    scan = telling.scanned(
        Parcel(carrier, number, telling.order_if_ours(data.optional_id("order_number"))),
        body.instant("carrier_status_change_timestamp", "timestamp"),
        STATUSES.get(words.lower(), "unknown"),
        stamp=body.words("carrier_status_change_timestamp", "timestamp"),
        code=status.words("id"),
        words=words,
        returning=words.lower() == RETURNING or data.flag("is_return"),
    )
    return [scan]


SOURCE = Source(
    id="sendcloud",
    title="Sendcloud",
    tells="status of parcels, for many carriers in Europe",
    docs="https://sendcloud.dev/api/v3/webhooks",
    setup="The secret is the one that Sendcloud signs with; what it is called there is not confirmed.",
    scheme=signatures.Hmac("sendcloud-signature", signatures.hexadecimal),
    translate=translate,
    dedupe_id=retry_id("action", "carrier_status_change_timestamp", "parcel"),
    takes={"carrier": "who carries parcels whose carrier Sendcloud does not name"},
    orders_by="nobody",
    sample='{"action":"parcel_status_changed","timestamp":$millis,"parcel":{"tracking_number":"TRIAL$order",'
    '"order_number":"$order","carrier":{"code":"dhl"},"status":{"id":3,'
    '"message":"En route to sorting center"}}}',
    unconfirmed="retries and how long it waits",
    retries=Retries(deadline=None, success="2xx", note="not told"),
    tables={"status": STATUSES},
)
