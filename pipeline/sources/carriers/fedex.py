"""FedEx, Advanced Integrated Visibility: type of the scan event → milestone.

Event types as karrioapi/karrio, modules/connectors/fedex @4705b0d9 has them. The signature's page shows base64 and
writes of hexadecimal: either is taken. No sample of a push is public; it is described as what the Track API answers,
which karrio's tests show, and is read as that. It says itself that pushes come out of order.
"""

from collections.abc import Iterator

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Retries, Source
from pipeline.sources.telling import Parcel, Telling, once
from schemas.deliveries import Delivery
from schemas.events import Event

EVENTS = {
    "OC": "label_created",
    "OX": "label_created",
    "EP": "label_created",
    "MD": "label_created",
    "PU": "picked_up",
    "PX": "picked_up",
    "OF": "picked_up",
    "AP": "picked_up",
    "DL": "delivered",
    "IT": "in_transit",
    "IX": "in_transit",
    "AA": "in_transit",
    "AC": "at_hub",
    "AF": "at_hub",
    "AR": "at_hub",
    "AX": "at_hub",
    "DP": "in_transit",
    "EA": "customs",
    "EO": "in_transit",
    "FD": "at_hub",
    "LO": "in_transit",
    "OW": "in_transit",
    "PF": "in_transit",
    "PL": "in_transit",
    "PM": "in_transit",
    "SF": "at_hub",
    "TR": "in_transit",
    "AE": "in_transit",  # arriving early
    "AO": "in_transit",  # arriving on time
    "CC": "customs",
    "CD": "customs",
    "CP": "customs",
    "AD": "out_for_delivery",
    "ED": "out_for_delivery",
    "OD": "out_for_delivery",
    "SE": "delayed",
    "DY": "delayed",
    "DD": "delayed",
    "PY": "delayed",
    "DE": "delivery_failed",
    "HA": "in_transit",  # it was asked that the parcel be held
    "HL": "available_for_pickup",
    "HP": "available_for_pickup",
    "CA": "cancelled",
    "RD": "cancelled",
    "RS": "return_started",
    "RT": "return_started",
}

RETURNING = ("RS", "RT")


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives one scan for each scan event of each parcel."""
    body = read(delivery.body)
    telling = Telling(delivery, account)
    whole = body.inside("output") if body.get("output") else body
    if not isinstance(whole.get("completeTrackResults"), list):
        raise whole.wrong("completeTrackResults", "is missing: what FedEx pushes is not publicly documented")
    return once(
        event
        for parcel in whole.each("completeTrackResults")
        for result in parcel.each("trackResults")
        for event in _scans(telling, parcel, result)
    )


def _scans(telling: Telling, whole: Reading, result: Reading) -> Iterator[Event]:
    if result.inside("error").value:
        return
    number = result.inside("trackingNumberInfo").optional_id("trackingNumber") or whole.id("trackingNumber")
    for entry in result.each("scanEvents"):
        code = entry.id("eventType")
        words = ": ".join(filter(None, map(entry.words, ("eventDescription", "exceptionDescription"))))
        yield telling.scanned(
            Parcel("fedex", number),
            entry.instant("date"),
            EVENTS.get(code.upper(), "unknown"),
            stamp=entry.words("date"),
            code=code,
            words=words,
            location=entry.inside("scanLocation").place("city", "stateOrProvinceCode", "countryCode"),
            returning=code.upper() in RETURNING,
        )


SOURCE = Source(
    id="fedex",
    title="FedEx",
    tells="scans of parcels",
    docs="https://developer.fedex.com/api/en-us/catalog/shipment-visibility-webhook/docs.html",
    setup="The secret is the security token. The address must be reached by TLS 1.2 or later and be no longer than 200 "
    "characters.",
    scheme=signatures.Hmac("fdx-signature", signatures.base_64, also=signatures.hexadecimal),
    translate=translate,
    orders_by="nobody",
    sample='{"completeTrackResults":[{"trackingNumber":"TRIAL$order",'
    '"trackResults":[{"scanEvents":[{"date":"$iso","eventType":"OD",'
    '"eventDescription":"On FedEx vehicle for delivery"}]}]}]}',
    unconfirmed="a sample of what is pushed (read as what the Track API answers), base64 or hexadecimal, retries",
    retries=Retries(deadline=None, success="200", note="not told"),
    tables={"eventType": EVENTS},
)
