"""DHL, Unified Push: code of the status → milestone.

The five codes of its Unified Tracking API. It signs nothing: it sends a header and token that were given when it was
subscribed to. A new subscription asks to be activated before it pushes anything; that is a dead letter, since a person
with DHL's API key must answer it. Times that name no zone are those of the account.
"""

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Retries, Source, Untranslatable
from pipeline.sources.telling import Parcel, Telling, once
from pipeline.sources.zones import TAKES, check_zone, zone_of
from schemas.deliveries import Delivery
from schemas.events import Event

STATUSES = {
    "pre-transit": "label_created",
    "transit": "in_transit",
    "delivered": "delivered",
    "failure": "delivery_failed",
    "unknown": "unknown",
}


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the scans of each shipment of a push."""
    body = read(delivery.body)
    scope = body.id("scope")
    if scope == "subscription.validate":
        raise Untranslatable(
            "to_activate",
            "DHL waits until this subscription is activated: POST to the address in `self`, with the `secret` beside it"
            " and your DHL-API-Key",
        )
    if scope != "subscription.push":
        return []
    telling = Telling(delivery, account)
    return once(event for shipment in body.each("shipments") for event in _scans(telling, shipment))


def _scans(telling: Telling, shipment: Reading) -> list[Event]:
    reference = shipment.inside("details").inside("references").optional_id("number")
    parcel = Parcel("dhl", shipment.id("id"), telling.order_if_ours(reference))
    return [_scan(telling, parcel, entry) for entry in (*shipment.each("events"), shipment.inside("status"))]


def _scan(telling: Telling, parcel: Parcel, entry: Reading) -> Event:
    code = entry.id("statusCode")
    return telling.scanned(
        parcel,
        entry.instant("timestamp", assume=zone_of(telling.account)),
        STATUSES.get(code, "unknown"),
        stamp=entry.words("timestamp"),
        code=code,
        words=entry.words("description", "status", "remark"),
        location=entry.inside("location").inside("address").place("addressLocality", "countryCode"),
    )


SOURCE = Source(
    id="dhl",
    title="DHL",
    tells="scans of parcels",
    docs="https://developer.dhl.com/api-reference/shipment-tracking-unified-push",
    setup="Subscribe by POST https://api-eu.dhl.com/tracking/push/v1/subscription with your `DHL-API-Key`: `hook.uri` "
    "is this address, `hook.authentication` has type ApiKeyAuthentication, `header` as this account names it, "
    "and as `token` its secret. DHL then posts a first webhook that asks to be activated: it waits as a dead "
    "letter `to_activate`, with what to post where.",
    scheme=signatures.Token(),
    translate=translate,
    check_account=check_zone,
    needs={"header": "the name of the header in which DHL was told, at subscription, to send the token"},
    example={"header": "X-DHL-Token"},
    takes=TAKES,
    orders_by="nobody",
    sample='{"scope":"subscription.push","shipments":[{"id":"TRIAL$order",'
    '"details":{"references":{"number":"$order"}},"status":{"timestamp":"$iso",'
    '"statusCode":"transit","status":"In transit"}}]}',
    unconfirmed="retries, and the words of `scope`, known from public code",
    retries=Retries(deadline=None, success="200", note="not told"),
    tables={"statusCode": STATUSES},
)
