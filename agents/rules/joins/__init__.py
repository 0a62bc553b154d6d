"""How each kind of event joins the facts of an order: one module a topic, and here the joins that they share.

A join is commutative, associative and idempotent: whatever comes late, twice or in another order, the facts are the
same in the end. So nothing here counts, asks a clock or looks at what was derived from the facts.

Words that a field has as its default are interned: msgspec leaves a default out when it is that very object, and one
state must always be the same bytes.
"""

from bisect import bisect_left
from typing import Any

from schemas.events import Event
from schemas.facts import Marks, Stamp

SAME, MOVED, NEW = 0, 1, 2
"""What an event changed: nothing that counts, when or how something happened, or that it happened at all."""


def keep_earliest(marks: Marks, name: str, event: Event) -> int:
    """Keeps the earliest event that tells of a milestone."""
    known = marks.get(name)
    if known is None:
        marks[name] = (event.occurred_at, event.event_id)
        return NEW
    at = event.occurred_at
    if at > known[0] or (at == known[0] and event.event_id >= known[1]):
        return SAME
    marks[name] = (at, event.event_id)
    return MOVED


def keep_all(items: list[Any], item: object) -> int:
    """Keeps every different item, in order."""
    place = bisect_left(items, item)
    if place < len(items) and items[place] == item:
        return SAME
    items.insert(place, item)
    return NEW


def is_newer(event: Event, stamp: Stamp) -> bool:
    """Tells whether an event is later than what a register holds."""
    at = event.occurred_at
    return at > stamp[0] or (at == stamp[0] and (event.rank, event.event_id) > stamp[1:])


def stamp_of(event: Event) -> Stamp:
    """Gives what a register remembers of the event that it was written by."""
    return (event.occurred_at, event.rank, event.event_id)
