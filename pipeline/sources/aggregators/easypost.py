"""EasyPost: status and its detail → milestone. Every webhook carries the whole history of the parcel.

Words of its tracker guide and fixtures as of 2026-11. Each entry of the history has one id in every push.
"""

import unicodedata
from collections.abc import Mapping

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, read, retry_id
from pipeline.sources.source import Retries, Source
from pipeline.sources.telling import Telling
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id

STATUSES = {
    "pre_transit": "label_created",
    "in_transit": "in_transit",
    "out_for_delivery": "out_for_delivery",
    "available_for_pickup": "available_for_pickup",
    "delivered": "delivered",
    "return_to_sender": "return_started",
    "failure": "delivery_failed",
    "cancelled": "cancelled",
    "unknown": "unknown",
}

DETAILS = {"in_transit/arrived_at_facility": "at_hub"}
"""Where a detail says more than its status."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives one scan for each entry of the tracker's history; other objects than trackers tell nothing."""
    body = read(delivery.body)
    tracker = body.inside("result")
    if not body.id("description").startswith("tracker."):
        return []
    number, name = tracker.id("tracking_code"), carrier_id(tracker.words("carrier"))
    telling = Telling(delivery, account)
    told = {"carrier": name, "tracking_number": number, "returning": tracker.flag("is_return")}
    entries = list(tracker.each("tracking_details")) or [tracker]
    return [_scan(telling, entry, (name, number), told) for entry in entries]


def _scan(telling: Telling, entry: Reading, parcel: tuple[str, str], told: Mapping[str, object]) -> Event:
    status, detail = entry.id("status"), entry.words("status_detail")
    code = f"{status}/{detail}" if detail and detail != "unknown" else status
    words = entry.words("message", "description") or status
    at, stamp = entry.instant("datetime", "updated_at"), entry.words("datetime", "updated_at")
    key = (*parcel, stamp, code, words)
    location = entry.inside("tracking_location").place("city", "state", "country")
    return telling.scan(key, at, _milestone(code, status), code=code, words=words, location=location, **told)


def _milestone(code: str, status: str) -> str:
    return DETAILS.get(code) or STATUSES.get(status, "unknown")


def _key(secret: str) -> bytes:
    return unicodedata.normalize("NFKD", secret).encode()


def _header(raw: bytes) -> str:
    """Writes a digest in hexadecimal, after `hmac-sha256-hex=`."""
    return f"hmac-sha256-hex={raw.hex()}"


SOURCE = Source(
    id="easypost",
    title="EasyPost",
    tells="scans of parcels, for many carriers",
    docs="https://docs.easypost.com/docs/webhooks",
    setup="The secret is the one that the webhook was given when it was made.",
    scheme=signatures.Hmac("x-hmac-signature", _header, key=_key),
    translate=translate,
    dedupe_id=retry_id("id", "result"),
    sample='{"description":"tracker.updated","id":"evt_$order","result":{"tracking_code":"TRIAL$order",'
    '"carrier":"UPS","tracking_details":[{"status":"in_transit","datetime":"$iso",'
    '"message":"Departed"}]}}',
    orders_by="nobody",
    unconfirmed="how often it tries again and how long it waits; statuses beyond the eight of its guide",
    retries=Retries(deadline=None, success="2xx", note="tries again, how often is not told; may disable the webhook"),
    tables={"status": STATUSES, "status/detail": DETAILS},
)
