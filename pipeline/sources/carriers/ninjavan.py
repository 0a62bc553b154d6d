"""Ninja Van, webhooks V2 (Indonesia, Singapore, Malaysia, Thailand, Vietnam, Philippines): event → milestone.

The 51 events of its OpenAPI document 4.1.0. An event is `status, state`; one that is not in the table is looked up by
its status, the part before the comma. It says itself that webhooks come out of order.
"""

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Retries, Source, Untranslatable
from pipeline.sources.telling import Telling
from schemas.deliveries import Delivery
from schemas.events import Event

EVENTS = {
    "Pending Pickup": "label_created",
    "Driver dispatched for Pickup": "label_created",
    "Pending Pickup, Shipper Dropoff": "picked_up",  # it lies in the carrier's own drop-off point: handed over
    "Picked Up, In Transit to Origin Hub": "picked_up",
    "Pickup Exception, Pending Reschedule": "delayed",
    "Pickup Exception, Reattempt Scheduled": "delayed",
    "Pickup Exception, Max Attempts Reached": "cancelled",  # terminal: the carrier will not come again
    "Pickup Exception, Pending Retrieval from PUDO": "delayed",
    "Arrived at Origin Hub": "at_hub",
    "Arrived at Transit Hub": "at_hub",
    "Arrived at Destination Hub": "at_hub",
    "In Transit to Next Sorting Hub": "in_transit",
    "Parcel Measurements Update": "in_transit",  # weighed, somewhere on the way
    "On Vehicle for Delivery": "out_for_delivery",
    "At PUDO, Pending Customer Collection": "available_for_pickup",
    "Delivered, Collected by Customer": "delivered",
    "Delivered, Left at Doorstep": "delivered",
    "Delivered, Received by Customer": "delivered",
    "Delivery Exception, Pending Reschedule": "delivery_failed",
    "Delivery Exception, Reattempt Scheduled": "delivery_failed",
    "Delivery Exception, Max Attempts Reached": "delivery_failed",
    "Delivery Exception, Parcel Overstayed at PUDO": "delivery_failed",
    "Delivery Exception, Parcel Lost": "lost",
    "Delivery Exception, Parcel Damaged": "damaged",
    "Delivery Exception, Return to Sender Initiated": "return_started",
    "Returned to Sender": "returned",
    "Cancelled": "cancelled",
    "Return to Shipper Exception, Parcel triggered for Shipper Collection": "return_started",
    "Return to Shipper Exception, Parcel collected by Shipper": "returned",
    "Return to Shipper Exception, Parcel Scrapped": "lost",
    "Return to Shipper Exception, Max Attempts Reached": "return_started",
    "International Transit, Fulfillment Request Submitted": "label_created",
    "International Transit, Fulfillment Packed": "label_created",
    "International Transit, En Route to Origin Facility": "in_transit",
    "International Transit, Handed Over to Origin Facility": "picked_up",
    "International Transit, Arrived at Origin Facility": "at_hub",
    "International Transit, Processed at Origin Facility": "at_hub",
    "International Transit, Handed Over to Linehaul": "in_transit",
    "International Transit, Export Cleared": "customs",
    "International Transit, Linehaul Scheduled": "in_transit",
    "International Transit, Linehaul Departed": "in_transit",
    "International Transit, Linehaul Arrived": "in_transit",
    "International Transit, Customs Cleared": "customs",
    "International Transit, Customs Held": "customs",
    "International Transit, Handed Over to Last Mile": "in_transit",
    "International Transit, Returned to Sender at Origin Facility": "returned",
    "International Transit, Returned to XB Warehouse": "returned",
    "International Transit, Parcel Exception": "delayed",
    "International Transit, Parcel Disposed": "lost",
    "International Transit, Parcel Lost": "lost",
    "International Transit, Parcel Damaged": "damaged",
}

STATUSES = {
    "Picked Up": "picked_up",
    "Pickup Exception": "delayed",
    "At PUDO": "available_for_pickup",
    "Delivered": "delivered",
    "Delivery Exception": "delivery_failed",
    "Return to Shipper Exception": "return_started",
    "International Transit": "in_transit",
}
"""What a status alone says, where it is no event of its own."""


def milestone(event: str, status: str) -> str:
    """Gives the milestone of an event, else of its status; `unknown` when neither is known."""
    plain = event.partition(",")[0].strip() or status
    return EVENTS.get(event) or EVENTS.get(plain) or STATUSES.get(plain, "unknown")


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the one scan of a Ninja Van webhook."""
    body = read(delivery.body)
    status = body.words("status")
    event = body.words("event") or status
    if not event:
        raise body.wrong("event", "is missing, and so is status")
    number, at = body.id("tracking_id"), body.instant("timestamp")
    block = _block(body)
    telling = Telling(delivery, account)
    scan = telling.scan(
        (number, event, body.words("timestamp")),
        at,
        milestone(event, status),
        order=telling.order_if_ours(body.optional_id("shipper_order_ref_no")),
        carrier="ninjavan",
        tracking_number=number,
        code=event,
        words=_words(event, body, block),
        location=block.place("hub", "city", "country"),
        returning=body.flag("is_parcel_on_rts_leg"),
        proof=_proof(block),
        next_expected_at=_expected(block),
    )
    return [scan]


def _block(body: Reading) -> Reading:
    """Gives the one object that tells more, whatever the event calls it."""
    return next((body.inside(name) for name, value in body.value.items() if isinstance(value, dict)), Reading({}))


def _words(event: str, body: Reading, block: Reading) -> str:
    why = block.words("failure_reason", "reason", "remark") or body.words("rts_reason")
    return f"{event}: {why}" if why else event


def _proof(block: Reading) -> str:
    proof = block.inside("proof")
    images = proof.get("image_uris")
    first = images[0] if isinstance(images, list) and images else proof.get("signature_uri")
    return Reading({"uri": first}).link("uri")


def _expected(block: Reading) -> int | None:
    """Gives when the carrier means to try again or to arrive; what it writes there is not always a time."""
    for reading, name in (
        (block, "rescheduled_date"),
        (block.inside("linehaul_information"), "estimated_time_of_arrival"),
    ):
        try:
            if at := reading.optional_instant(name):
                return at
        except Untranslatable:
            continue
    return None


SOURCE = Source(
    id="ninjavan",
    title="Ninja Van",
    tells="scans of parcels",
    docs="https://api-docs.ninjavan.co/en#tag/Webhooks",
    setup="The secret is the client secret. Ninja Van sends from no fixed addresses, and blocks an address that "
    "rejects many of its webhooks.",
    scheme=signatures.Hmac("x-ninjavan-hmac-sha256", signatures.base_64),
    translate=translate,
    sample='{"tracking_id":"TRIAL$order","shipper_order_ref_no":"$order","timestamp":"$iso",'
    '"event":"Arrived at Origin Hub","status":"Arrived at Origin Hub","is_parcel_on_rts_leg":false}',
    orders_by="nobody",
    retries=Retries(  # every 4xx is final, so it is said only to what no secret of ours proves
        deadline=3,
        success="2xx",
        note="tries again, ever more slowly, for 48 hours after the event, but never after a 4xx",
    ),
    tables={"event": EVENTS, "status alone": STATUSES},
)
