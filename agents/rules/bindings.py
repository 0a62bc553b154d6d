"""When a tracking number belongs to an order: from some days before it was told until long after it, and never to a
stranger's.
"""

from typing import NamedTuple

from schemas.events import Event
from schemas.times import DAY

BEFORE, AFTER = 14 * DAY, 75 * DAY

OWN = ("standard_webhooks", "svix", "cloudevents")
"""Senders by which a shop's own system tells what it likes."""


class Teller(NamedTuple):
    """Whose account told something; "" where it is nobody's alone. is_own: it was the shop's own system."""

    seller_id: str
    is_own: bool


def teller(event: Event) -> Teller:
    """Tells whose account told an event."""
    return Teller(event.seller_id or "", event.source in OWN)


def belongs(bound_at: int, scanned_at: int) -> bool:
    """Tells whether a scan falls to an order that its number was bound to at an instant.

    It depends on the two instants alone, so it is the same whichever is heard of first, and a number that a carrier
    uses again after months belongs to its new order.
    """
    return bound_at - BEFORE <= scanned_at <= bound_at + AFTER


def strangers(one: Teller, other: Teller) -> bool:
    """Tells whether a shop's own system speaks of another's number: it neither hears of its scans nor makes some."""
    known = one.seller_id and other.seller_id and one.seller_id != other.seller_id
    return bool(known) and (one.is_own or other.is_own)
