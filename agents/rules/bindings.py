"""When a tracking number belongs to an order: from some days before it was told until long after it."""

from schemas.times import DAY

BEFORE, AFTER = 14 * DAY, 75 * DAY


def belongs(bound_at: int, scanned_at: int) -> bool:
    """Tells whether a scan falls to an order that its number was bound to at an instant.

    It depends on the two instants alone, so it is the same whichever is heard of first, and a number that a carrier
    uses again after months belongs to its new order.
    """
    return bound_at - BEFORE <= scanned_at <= bound_at + AFTER
