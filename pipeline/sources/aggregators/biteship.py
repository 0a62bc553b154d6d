"""Biteship, which speaks for JNE, SiCepat, AnterAja, J&T, GoSend and others in Indonesia: status → milestone.

Words of biteship.com/en/docs as of 2026-11. It signs nothing: it echoes a header that was chosen in its dashboard. Its
webhooks carry no time, so a status counts from its arrival, and of two at once the farther one is the later. The flat
form is the documented one; a nested `courier` and camelCase words are seen too.
"""

import re

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Request, Retries, Source
from pipeline.sources.telling import Telling
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id

STATUSES = {
    "confirmed": "label_created",
    "scheduled": "label_created",
    "allocated": "label_created",
    "picking_up": "label_created",
    "courier_not_found": "cancelled",
    "cancelled": "cancelled",
    "picked": "picked_up",
    "dropping_off": "out_for_delivery",
    "on_hold": "delayed",
    "rejected": "delivery_failed",
    "delivered": "delivered",
    "return_in_transit": "return_started",
    "returned": "returned",
    "disposed": "lost",
}
"""In the order in which a parcel goes through them."""

RANKS = {status: place for place, status in enumerate(STATUSES, 1)}

RETURNING = ("return_in_transit", "returned")


def _status(telling: Telling, body: Reading, order: str) -> list[Event]:
    word = body.id("status")
    status = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower()
    carrier, waybill = _parcel(body)
    milestone = STATUSES.get(status, "unknown")
    # A label that has no waybill yet would be a second parcel once it has one. Who rides at once never gets one.
    number = waybill or ("" if milestone == "label_created" else _own_number(body))
    if not number:
        return []
    scan = telling.scan(
        (order or body.words("order_id"), number, status),
        telling.received_at,
        milestone,
        rank=RANKS.get(status, 0),
        order=order,
        carrier=carrier,
        tracking_number=number,
        code=word,
        words=word.replace("_", " "),
        returning=status in RETURNING,
    )
    return [scan]


def _waybill(telling: Telling, body: Reading, order: str) -> list[Event]:
    """Tells the binding where the order is known, else that a label was made."""
    carrier, number = _parcel(body)
    if not number:
        return []
    told = {"carrier": carrier, "tracking_number": number}
    key = (body.words("order_id"), carrier, number)
    if not order:
        return [telling.scan(key, telling.received_at, "label_created", code="order.waybill_id", **told)]
    service = body.words("courier_type") or body.inside("courier").words("type")
    package = body.words("order_id") or number
    at = telling.received_at
    return [telling.event("shipping_arranged", key, order, at, package_id=package, service=service, **told)]


def _parcel(body: Reading) -> tuple[str, str]:
    """Gives carrier and waybill, as far as they are told."""
    courier = body.inside("courier")
    company = body.words("courier_company") or courier.words("company")
    return carrier_id(company), body.optional_id("courier_waybill_id") or courier.optional_id("waybill_id")


def _own_number(body: Reading) -> str:
    """Gives Biteship's own number of a parcel."""
    return body.optional_id("courier_tracking_id") or body.inside("courier").optional_id("tracking_id")


EVENTS = {"order.status": _status, "order.waybill_id": _waybill}
"""The events that tell of a parcel. `order.price` corrects what Biteship charges and tells nothing of the order."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the events of one Biteship webhook."""
    body = read(delivery.body)
    tell = EVENTS.get(body.id("event"))
    if tell is None:
        return []
    telling = Telling(delivery, account)
    return tell(telling, body, telling.order_if_ours(body.optional_id("order_id")))


def is_challenge(request: Request) -> bool:
    """Tells the empty POST that Biteship makes when the webhook is installed."""
    return not request.body.strip()


SOURCE = Source(
    id="biteship",
    title="Biteship",
    tells="status of parcels and their waybills, for many carriers",
    docs="https://biteship.com/en/docs/api/webhook/overview",
    setup="Its dashboard keeps the name and value of a header that comes with each webhook: the value is the secret, "
    "`header` the name. When it is installed Biteship posts an empty body, as public code has it, which is "
    "answered 200.",
    scheme=signatures.Token(),
    translate=translate,
    is_challenge=is_challenge,
    needs={"header": "the name of the header that Biteship's dashboard was told to send the secret in"},
    example={"header": "X-Biteship-Secret"},
    sample='{"event":"order.status","order_id":"$order","courier_company":"jne",'
    '"courier_waybill_id":"TRIAL$order","status":"dropping_off"}',
    orders_by="nobody",
    unconfirmed="retries, how long it waits, and a time of its own in a webhook (a status counts from its arrival)",
    retries=Retries(deadline=None, success="200", note="not told"),
    tables={"status": STATUSES},
)
