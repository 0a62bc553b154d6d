"""Shipper (Indonesia): code of the status → milestone, from its logistics product and from its warehouses.

Codes and fields of logistics-docs.shipper.id/docs/payload and fulfillment-docs.shipper.id; the whole list of codes is
not public, so most words come as they are and can be mapped. `auth` in the body is a hash of the API key and the
address, the same for each webhook: no more than a password. What warehouses send has none: there a secret must stand
in the address. Their times name no zone and are Western Indonesian.
"""

import hashlib
import json
from dataclasses import dataclass

from pipeline.settings import Account
from pipeline.sources.proofs import Either, InAddress
from pipeline.sources.reading import Reading, read
from pipeline.sources.signatures import matches
from pipeline.sources.source import Refused, Request, Retries, Signed, Source, Untranslatable
from pipeline.sources.telling import Parcel, Telling
from pipeline.sources.zones import TAKES, check_zone, zone_of
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id

EXTERNAL = {"1000": "label_created"}
"""Being prepared."""

WAREHOUSE = {"50": "label_created"}
"""Partially picked: from the shelves, for the parcel."""


@dataclass(frozen=True)
class InBody:
    """Field `auth` of the body: MD5 of the API key, the address and `json`."""

    headers = ()

    def verify(self, account: Account, request: Request) -> None:
        """Raises Refused unless `auth` is made of a live key and this address."""
        try:
            given = read(request.body).words("auth")
        except Untranslatable as error:
            raise Refused("unreadable", f"{error.detail}, so that no auth can be read") from error
        if not given:
            raise Refused("missing_signature", "the body has no auth")
        good = (_auth(secret, account, request.url) for secret in account.live_secrets())
        if not matches(given, good):
            raise Refused("bad_signature", "auth is of another API key or address than those of this account")

    def sign(self, body: bytes, account: Account, at: int, url: str = "") -> Signed:
        """Gives the body with `auth` in it."""
        del at
        auth = _auth(account.live_secrets()[0], account, url)
        return Signed(json.dumps({**json.loads(body), "auth": auth}).encode(), {})


def _auth(secret: str, account: Account, url: str) -> str:
    text = secret + (account.extra("url") or url) + "json"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the one scan of a Shipper webhook; a warehouse's order without a waybill tells nothing yet."""
    body = read(delivery.body)
    telling = Telling(delivery, account)
    return _warehouse(telling, body) if body.get("order_no") else [_parcel(telling, body)]


def _parcel(telling: Telling, body: Reading) -> Event:
    status, number = body.inside("external_status"), body.optional_id("awb") or body.id("tracking_id")
    code = status.id("code")
    return telling.scanned(
        Parcel(_carrier(telling.account, body), number, telling.order_if_ours(body.optional_id("external_id"))),
        body.instant("status_date", assume=zone_of(telling.account)),
        EXTERNAL.get(code, "unknown"),
        stamp=body.words("status_date"),
        code=code,
        words=status.words("description", "name"),
    )


def _warehouse(telling: Telling, body: Reading) -> list[Event]:
    number, code = body.optional_id("express_no"), body.id("status_code")
    at = body.instant("status_time", assume=zone_of(telling.account))
    if not number:
        return []
    scan = telling.scanned(
        Parcel(_carrier(telling.account, body), number, telling.order_if_ours(body.id("order_no"))),
        at,
        WAREHOUSE.get(code, "unknown"),
        stamp=body.words("status_time"),
        code=f"warehouse {code}",
        words=body.words("status_descr", "status"),
    )
    return [scan]


def _carrier(account: Account, body: Reading) -> str:
    told = body.words("express_code")
    return carrier_id(account.extra("carrier") or ("" if told == "default" else told))


SOURCE = Source(
    id="shipper_id",
    title="Shipper",
    tells="status of parcels, for many carriers in Indonesia, and of warehouses",
    docs="https://logistics-docs.shipper.id/docs/payload",
    setup="The secret is the API key, which is hashed together with the address: what stands at Shipper must be `url` "
    "here, or gateway.public_url and the path. Warehouses prove nothing by themselves: their address ends with "
    "?token= and a secret of this account.",
    scheme=Either(InBody(), InAddress()),
    translate=translate,
    check_account=check_zone,
    takes={
        **TAKES,
        "url": "the address as it stands at Shipper, if it is not gateway.public_url and the path",
        "carrier": "who carries the parcels: Shipper's webhooks name no courier",
    },
    orders_by="nobody",
    sample='{"auth":"","awb":"TRIAL$order","external_id":"$order","status_date":"$iso",'
    '"external_status":{"code":"1000","description":"Paket siap dikirim"}}',
    unconfirmed="the list of status codes (all but 1000 and warehouse 50 come as unknown, with their words); how "
    "warehouses prove themselves",
    retries=Retries(deadline=None, success="200, 201 or 202", note="three times, for warehouses; else not told"),
    tables={"external status": EXTERNAL, "warehouse": WAREHOUSE},
)
