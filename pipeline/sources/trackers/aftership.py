"""AfterShip Tracking: sub-tag, else tag → milestone. Every webhook carries the whole history of the parcel.

Words of aftership.com/docs/tracking, delivery statuses and sub-statuses, versions up to 2026-07; new ones come without
notice. A checkpoint's time may lack a zone: it is then that of the account, `zone`, and Western Indonesian if not set.
"""

from collections.abc import Mapping

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, read, retry_id
from pipeline.sources.source import Retries, Source
from pipeline.sources.telling import Telling
from pipeline.sources.zones import TAKES, check_zone, zone_of
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id

TAGS = {
    "Pending": "label_created",
    "InfoReceived": "label_created",
    "InTransit": "in_transit",
    "OutForDelivery": "out_for_delivery",
    "AttemptFail": "delivery_failed",
    "AvailableForPickup": "available_for_pickup",
    "Delivered": "delivered",
    "Exception": "delayed",
    "Expired": "delayed",
}

SUBTAGS = {
    "InTransit_002": "picked_up",  # acceptance scan
    "InTransit_003": "at_hub",  # arrival scan
    "InTransit_005": "customs",  # cleared
    "InTransit_006": "customs",  # handed over
    "OutForDelivery_004": "in_transit",  # an appointment was made, nothing has left yet
    "Exception_002": "delivery_failed",  # customer moved
    "Exception_003": "delivery_failed",  # refused
    "Exception_004": "customs",  # held there
    "Exception_007": "delivery_failed",  # wrong address
    "Exception_008": "delivery_failed",  # not collected
    "Exception_009": "cancelled",  # the carrier does not take it
    "Exception_010": "return_started",
    "Exception_011": "returned",
    "Exception_012": "damaged",
    "Exception_013": "lost",
    "Exception_018": "customs",  # papers missing
}
"""Sub-tags that say something else than their tag."""

RETURNING = ("Exception_010", "Exception_011")


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives one scan for each checkpoint of the parcel; what only revises an expected day tells nothing."""
    body = read(delivery.body)
    if body.id("event") != "tracking_update":
        return []
    parcel = body.inside("msg")
    number, name = parcel.id("tracking_number"), carrier_id(parcel.words("slug"))
    telling = Telling(delivery, account)
    order = telling.order_if_ours(parcel.optional_id("order_id", "order_number"))
    told = {"carrier": name, "tracking_number": number, "order": order}
    checkpoints = list(parcel.each("checkpoints"))
    if not checkpoints:
        at = parcel.optional_instant("updated_at") or body.optional_instant("ts") or delivery.received_at
        return [_scan(telling, parcel, (name, number), at, told)]
    zone = zone_of(account)
    times = [c.instant("checkpoint_time", "created_at", assume=zone) for c in checkpoints]
    return [_scan(telling, c, (name, number), at, told) for c, at in zip(checkpoints, times, strict=True)]


def _scan(telling: Telling, point: Reading, parcel: tuple[str, str], at: int, told: Mapping[str, object]) -> Event:
    tag, subtag = point.id("tag"), point.words("subtag")
    words = point.words("message", "subtag_message") or tag
    stamp = point.words("checkpoint_time", "created_at", "updated_at")
    place = point.words("location") or point.place("city", "state", "country_name")
    return telling.scan(
        (*parcel, stamp, subtag or tag, words),
        at,
        SUBTAGS.get(subtag) or TAGS.get(tag, "unknown"),
        code=subtag or tag,
        words=words,
        location=place,
        returning=subtag in RETURNING,
        **told,
    )


SOURCE = Source(
    id="aftership",
    title="AfterShip Tracking",
    tells="scans of parcels, for many carriers",
    docs="https://www.aftership.com/docs/tracking/webhook/webhook-overview",
    setup="The secret is that of the webhook. AfterShip posts to ports 80, 443 and 8080, and to as many as ten "
    "addresses.",
    scheme=signatures.Hmac("aftership-hmac-sha256", signatures.base_64),
    translate=translate,
    dedupe_id=retry_id("event_id", "msg"),
    check_account=check_zone,
    takes=TAKES,
    sample='{"event":"tracking_update","event_id":"$order","ts":$seconds,'
    '"msg":{"tracking_number":"TRIAL$order","slug":"jne","order_id":"$order",'
    '"checkpoints":[{"checkpoint_time":"$iso","tag":"InTransit","subtag":"InTransit_001",'
    '"message":"Departed"}]}}',
    kept_headers=("as-webhook-version",),
    orders_by="nobody",
    unconfirmed="how long it waits",
    retries=Retries(
        deadline=None, success="2xx", after=tuple(30 * 2**n for n in range(13)), note="14 attempts in about 68 hours"
    ),
    tables={"tag": TAGS, "subtag": SUBTAGS},
)
