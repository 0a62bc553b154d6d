"""Addressing: which topics an event goes to, and under which key."""

from collections.abc import Iterator

from pipeline import codec
from pipeline.streams.agent import Message
from schemas.codes import unknown_in
from schemas.events import Event
from schemas.ids import article_key, tracking_key
from schemas.registry import EVENTS
from schemas.shipments import PackageScanned, ShippingArranged


def messages(event: Event) -> Iterator[Message]:
    """Sends an event to its order or article, and to matching what names a number or has no meaning yet.

    Scans go by matching alone, and so do statuses that no table knows.
    """
    value, headers, number = codec.encode_event(event), codec.headers(event), _number(event)
    if event.type == "status_reported" and unknown_in(event):
        yield Message("scans", event.order_id.encode(), value, headers)
        return
    if number:
        yield Message("scans", number.encode(), value, headers)
    if not number or event.type != "package_scanned":
        yield Message(EVENTS[event.type].topic, (event.order_id or _article(event)).encode(), value, headers)


def has_place(event: Event) -> bool:
    """Tells whether there is a topic where somebody waits for it."""
    return bool(event.order_id or _article(event) or (event.type == "package_scanned" and _number(event)))


def _article(event: Event) -> str:
    """Gives the article that an event tells of; of an order's events none."""
    seller, sku = event.seller_id, getattr(event, "sku", "")
    return article_key(seller, sku) if seller and sku else ""


def _number(event: Event) -> str:
    """Gives the tracking number that matching needs to see; of other events than scans and bindings none."""
    if not isinstance(event, (PackageScanned, ShippingArranged)) or not event.tracking_number:
        return ""
    return tracking_key(event.carrier, event.tracking_number)
