"""17TRACK, version 2: sub-status, else status → milestone. Every webhook carries the whole history of the parcel.

Statuses and sub-statuses as nine public clients have them (wksw/17track-golang-sdk models/v2 among them); its official
page of version 1 says how it signs: a plain hash of the body and the key. The data is one parcel, or a list of them. It
names carriers by numbers of its own, beside the name in most: where that is missing, the account's `carrier` counts.
"""

import hashlib
from collections.abc import Iterator

from pipeline.settings import Account
from pipeline.sources.proofs import Hashed
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Request, Retries, Source, Untranslatable
from pipeline.sources.telling import Parcel, Telling, once
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id

STATUSES = {
    "NotFound": "label_created",
    "InfoReceived": "label_created",
    "InTransit": "in_transit",
    "Expired": "delayed",
    "AvailableForPickup": "available_for_pickup",
    "OutForDelivery": "out_for_delivery",
    "DeliveryFailure": "delivery_failed",
    "Delivered": "delivered",
    "Exception": "delayed",
}

SUBSTATUSES = {
    "NotFound_Other": "label_created",
    "NotFound_InvalidCode": "label_created",
    "InfoReceived": "label_created",
    "InTransit_PickedUp": "picked_up",
    "InTransit_Other": "in_transit",
    "InTransit_Departure": "in_transit",
    "InTransit_Arrival": "at_hub",
    "InTransit_CustomsProcessing": "customs",
    "InTransit_CustomsReleased": "customs",
    "InTransit_CustomsRequiringInformation": "customs",
    "Expired_Other": "delayed",
    "AvailableForPickup_Other": "available_for_pickup",
    "OutForDelivery_Other": "out_for_delivery",
    "DeliveryFailure_Other": "delivery_failed",
    "DeliveryFailure_NoBody": "delivery_failed",
    "DeliveryFailure_Security": "delivery_failed",
    "DeliveryFailure_Rejected": "delivery_failed",
    "DeliveryFailure_InvalidAddress": "delivery_failed",
    "Delivered_Other": "delivered",
    "Exception_Other": "delayed",
    "Exception_Returning": "return_started",
    "Exception_Returned": "returned",
    "Exception_NoBody": "delivery_failed",
    "Exception_Security": "delayed",
    "Exception_Damage": "damaged",
    "Exception_Rejected": "delivery_failed",
    "Exception_Delayed": "delayed",
    "Exception_Lost": "lost",
    "Exception_Destroyed": "lost",
    "Exception_Cancel": "cancelled",
}

RETURNING = ("Exception_Returning", "Exception_Returned")


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives one scan for each event of each parcel; that tracking stopped tells nothing."""
    body = read(delivery.body)
    if body.id("event") != "TRACKING_UPDATED":
        return []
    telling = Telling(delivery, account)
    parcels = [body.inside("data")] if isinstance(body.get("data"), dict) else body.each("data")
    return once(event for data in parcels for event in _scans(telling, data))


def _scans(telling: Telling, data: Reading) -> Iterator[Event]:
    number, info = data.id("number"), data.inside("track_info")
    if not info.value:
        why = "track_info is missing: 17TRACK's webhooks must be of version 2 (its settings choose it)"
        raise Untranslatable("old_version", why)
    order = telling.order_if_ours(data.optional_id("param", "tag"))
    providers = list(info.inside("tracking").each("providers"))
    silent = True
    for provider in providers:
        parcel = Parcel(_carrier(telling.account, data, provider), number, order)
        for entry in provider.each("events"):
            silent = False
            yield _scan(telling, parcel, entry)
    if silent:
        parcel = Parcel(_carrier(telling.account, data, *providers[:1]), number, order)
        yield _latest(telling, parcel, info)


def _carrier(account: Account, data: Reading, *providers: Reading) -> str:
    told = next((p.inside("provider").words("name", "alias") for p in providers), "")
    number = data.words("carrier")
    return carrier_id(told or account.extra("carrier") or (f"17track-{number}" if number else ""))


def _scan(telling: Telling, parcel: Parcel, entry: Reading) -> Event:
    code = entry.words("sub_status", "stage")
    return telling.scanned(
        parcel,
        entry.instant("time_utc", "time_iso"),
        _milestone(code),
        stamp=entry.words("time_utc", "time_iso"),
        code=code,
        words=entry.words("description"),
        location=entry.words("location"),
        returning=code in RETURNING,
    )


def _latest(telling: Telling, parcel: Parcel, info: Reading) -> Event:
    """Tells the status of a parcel without a history: of its latest event, else from its arrival here."""
    status, latest = info.inside("latest_status"), info.inside("latest_event")
    code = status.words("sub_status") or status.id("status")
    at = latest.optional_instant("time_utc", "time_iso")
    return telling.scanned(
        parcel,
        telling.received_at if at is None else at,
        _milestone(code),
        stamp=latest.words("time_utc", "time_iso"),
        code=code,
        words=latest.words("description"),
        location=latest.words("location"),
        returning=code in RETURNING,
    )


def _milestone(code: str) -> str:
    return SUBSTATUSES.get(code) or STATUSES.get(code.partition("_")[0], "unknown")


def _proof(request: Request, secret: str) -> str:
    """Gives the SHA-256 of the raw body, `/` and the secret, in hexadecimal."""
    return hashlib.sha256(request.body + b"/" + secret.encode()).hexdigest()


SOURCE = Source(
    id="17track",
    title="17TRACK",
    tells="scans of parcels, for many carriers",
    docs="https://api.17track.net/en/doc?version=v2.2",
    setup="The secret is the API key.",
    scheme=Hashed("sign", _proof),
    translate=translate,
    takes={"carrier": "who carries parcels whose carrier 17TRACK names by a number alone"},
    orders_by="nobody",
    sample='{"event":"TRACKING_UPDATED","data":{"number":"TRIAL$order","tag":"$order",'
    '"track_info":{"tracking":{"providers":[{"provider":{"name":"JNE"},"events":[{"time_utc":"$iso",'
    '"sub_status":"InTransit_PickedUp","description":"Picked up"}]}]}}}}',
    unconfirmed="retries and the fields of version 2, known from public clients",
    retries=Retries(deadline=None, success="200", note="three times, as public clients say"),
    tables={"status": STATUSES, "sub-status": SUBSTATUSES},
)
