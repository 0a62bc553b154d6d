"""ShipStation (ShipEngine): code of the status' detail, else of the status → milestone.

Codes of ShipEngine/shipengine-openapi @f77943e5 and of its clients: eight of the status, and of its details all that
are published. It signs with a key of its own; the public half is fetched from where it publishes it. Times that name no
zone are those of the account.
"""

from urllib.parse import urlsplit

from pipeline.settings import Account
from pipeline.sources.reading import Reading, read, retry_id
from pipeline.sources.rsa import Rsa
from pipeline.sources.source import Retries, Source
from pipeline.sources.telling import Parcel, Telling, once
from pipeline.sources.zones import TAKES, check_zone, zone_of
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id

JWKS = "https://api.shipengine.com/jwks"

STATUSES = {
    "UN": "unknown",
    "AC": "picked_up",
    "IT": "in_transit",
    "DE": "delivered",
    "EX": "delayed",
    "AT": "delivery_failed",
    "NY": "label_created",
    "SP": "available_for_pickup",
}

DETAILS = {
    "SHIPMENT_CREATED": "label_created",
    "AWAITING_PICKUP_DROP_OFF": "label_created",
    "AWAITING_DESPATCH": "label_created",
    "AWAITING_ELECTRONIC_ADVICE": "label_created",
    "COLLECTION_REQUESTED": "label_created",
    "COLLECTION_FAILED": "delayed",
    "ELEC_ADVICE_RECD_BY_CARRIER": "label_created",
    "NOT_YET_RECEIVED_BY_CARRIER": "label_created",
    "DESPATCHED": "picked_up",
    "DROPPED_OFF": "picked_up",
    "PICKED_UP": "picked_up",
    "COLLECTION_MADE": "picked_up",
    "RECD_BY_CARRIER_NO_ELEC_ADVICE": "picked_up",
    "RECEIVED_BY_CARRIER": "picked_up",
    "HUB_SCAN_IN": "at_hub",
    "HUB_PROCESSING": "at_hub",
    "HUB_SCAN_OUT": "in_transit",
    "IN_TRANSIT": "in_transit",
    "INFORMATION": "in_transit",
    "PARCEL_OVER_LABELLED": "in_transit",
    "PARCEL_REDIRECTED": "in_transit",
    "PARCEL_REPACKED": "in_transit",
    "PARCEL_UPDATE_NOTIFICATION": "in_transit",
    "PARCEL_UPDATE_NOTIFICATION_VIA_EMAIL": "in_transit",
    "PARCEL_UPDATE_NOTIFICATION_VIA_SMS": "in_transit",
    "DELIVERY_ARRANGED_WITH_RECIPIENT": "in_transit",
    "DELIVERY_SCHEDULED": "in_transit",
    "SUB_CONTRACTOR_EVENT": "in_transit",
    "SUB_CONTRACTOR_RECEIVED": "in_transit",
    "RECEIVED_LOCAL_DELIVERY_DEPOT": "at_hub",
    "CUSTOMS_CLEARED": "customs",
    "CUSTOMS_PROCESSING": "customs",
    "HELD_BY_CARRIER_FOR_CLEARANCE_PRE_PROCESSING": "customs",
    "HELD_BY_CUSTOMS": "customs",
    "HELD_BY_EXPORT_CUSTOMS": "customs",
    "HELD_BY_IMPORT_CUSTOMS": "customs",
    "INCORRECT_DECLARATION": "customs",
    "ADDRESS_QUERY": "delayed",
    "CARRIER_DELAYS": "delayed",
    "DELAYED_NOT_CARRIER": "delayed",
    "DELIVERY_RESCHEDULED": "delayed",
    "HELD_BY_CARRIER": "delayed",
    "MISSORTED": "delayed",
    "ROUTING_ERROR": "delayed",
    "PARCEL_OUTSIDE_OF_SERVICE_CAPABILITY": "delayed",
    "HAZARDOUS_PROHIBITED": "delayed",
    "OUT_FOR_DELIVERY": "out_for_delivery",
    "ATTEMPTED_DELIVERY": "delivery_failed",
    "ATTEMPTED_DELIVERY_2ND": "delivery_failed",
    "ATTEMPTED_DELIVERY_3RD": "delivery_failed",
    "ATTEMPTED_DELIVERY_FINAL": "delivery_failed",
    "COD_AMOUNT_NOT_PAID": "delivery_failed",
    "CUSTOMER_CARDED": "delivery_failed",
    "CUSTOMER_IDENTIFICATION_FAILED": "delivery_failed",
    "CUSTOMER_MOVED": "delivery_failed",
    "INVALID_METHOD_OF_PAYMENT": "delivery_failed",
    "NO_ACCESS_TO_RECIPIENTS_ADDRESS": "delivery_failed",
    "NOT_COLLECTED_FROM_PICKUP_POINT": "delivery_failed",
    "NOT_DELIVERED": "delivery_failed",
    "NOT_DELIVERED_ADDRESSEE_DECEASED": "delivery_failed",
    "REFUSED_BY_CUSTOMER": "delivery_failed",
    "AWAITING_COLLECTION_FROM_PICKUP_POINT": "available_for_pickup",
    "COLLECT_AT_LOCAL_PO": "available_for_pickup",
    "CUSTOMER_TO_COLLECT_FROM_CARRIER": "available_for_pickup",
    "DELIVERED_TO_LOCKER_COLLECTION_POINT": "available_for_pickup",
    "COD_AMOUNT_PAID": "delivered",
    "DELIVERED": "delivered",
    "DELIVERED_DAMAGED": "delivered",
    "DELIVERED_IN_PART": "delayed",  # the rest is still to come
    "DELIVERED_SPECIFIED_SAFE_PLACE": "delivered",
    "DELIVERED_TO_ALTERNATIVE_DELIVERY_LOCATION": "delivered",
    "DELIVERED_TO_NEIGHBOUR": "delivered",
    "DELIVERED_TO_PO_BOX": "delivered",
    "PARCEL_COLLECTED_FROM_PICKUP_POINT": "delivered",
    "PROOF_OF_DELIVERY": "delivered",
    "POST_TRANSIT_STATUS": "delivered",
    "CANCELLED": "cancelled",
    "CANCELLED_BEFORE_DESPATCH": "cancelled",
    "PARCEL_DAMAGED": "damaged",
    "PARCEL_DISPOSED": "lost",
    "PARCEL_LOST": "lost",
    "RETURN_TO_SENDER": "return_started",
}
"""`CARRIER_STATUS_NOT_MAPPED` is not here: the status is asked."""

RETURNING = ("RETURN_TO_SENDER",)

TRACKING = ("API_TRACK", "TRACK_EVENT_V2")


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives one scan for each event of the parcel, else its status; batches, rates and reports tell nothing."""
    body = read(delivery.body)
    if body.id("resource_type") not in TRACKING:
        return []
    data, telling = body.inside("data"), Telling(delivery, account)
    carrier = carrier_id(data.words("carrier_code") or account.extra("carrier"))
    parcel = Parcel(carrier, data.id("tracking_number"))
    events = [_scan(telling, parcel, entry) for entry in data.each("events")]
    return once(events or [_now(telling, parcel, data)])


def _scan(telling: Telling, parcel: Parcel, entry: Reading) -> Event:
    code = _code(entry) or entry.words("event_code", "carrier_status_code")
    return telling.scanned(
        parcel,
        entry.instant("occurred_at", "carrier_occurred_at", assume=zone_of(telling.account)),
        _milestone(entry),
        stamp=entry.words("occurred_at", "carrier_occurred_at"),
        code=code,
        words=entry.words("description", "carrier_status_description", "status_description"),
        location=entry.place("city_locality", "state_province", "country_code"),
        returning=code in RETURNING,
        proof=entry.link("proof_of_delivery_url"),
    )


def _now(telling: Telling, parcel: Parcel, data: Reading) -> Event:
    """Tells the status of a parcel without events: when it was delivered, else from its arrival here."""
    code = _code(data)
    if not code:
        raise data.wrong("status_code", "is missing, and so are events")
    at = data.optional_instant("actual_delivery_date", assume=zone_of(telling.account))
    return telling.scanned(
        parcel,
        telling.received_at if at is None else at,
        _milestone(data),
        stamp=data.words("actual_delivery_date"),
        code=code,
        words=data.words("carrier_status_description", "status_description"),
        returning=code in RETURNING,
    )


def _code(told: Reading) -> str:
    return told.words("status_detail_code", "status_code")


def _milestone(told: Reading) -> str:
    return DETAILS.get(told.words("status_detail_code")) or STATUSES.get(told.words("status_code"), "unknown")


def check_account(account: Account) -> None:
    """Raises ValueError when the zone is none, or `jwks` no address of the web."""
    check_zone(account)
    jwks = urlsplit(account.extra("jwks") or JWKS)
    if jwks.scheme not in ("https", "http") or not jwks.hostname:
        raise ValueError(f"jwks {account.extra('jwks')!r} is no address such as {JWKS}")


SOURCE = Source(
    id="shipstation",
    title="ShipStation (ShipEngine)",
    tells="scans of parcels, for many carriers",
    docs="https://docs.shipstation.com/apis/docs/guides/webhooks-validation",
    setup="There is no secret to copy: the gateway fetches the public keys. Where it may not reach them, `secrets` "
    "pins one in PEM.",
    scheme=Rsa("x-shipengine-rsa-sha256-signature", "x-shipengine-rsa-sha256-key-id", "x-shipengine-timestamp", JWKS),
    keys=JWKS,
    translate=translate,
    check_account=check_account,
    dedupe_id=retry_id("resource_type", "data"),
    takes={
        **TAKES,
        "carrier": "who carries parcels whose carrier it does not name",
        "jwks": f"where its public keys lie, if not at {JWKS}; secrets, where given, are such keys in PEM",
    },
    orders_by="nobody",
    sample='{"resource_type":"TRACK_EVENT_V2","data":{"tracking_number":"TRIAL$order","carrier_code":"ups",'
    '"status_code":"IT","events":[{"occurred_at":"$iso","status_code":"IT",'
    '"description":"Departed"}]}}',
    unconfirmed="retries and how long it waits",
    retries=Retries(deadline=None, success="200", note="not told"),
    tables={"status_code": STATUSES, "status_detail_code": DETAILS},
)
