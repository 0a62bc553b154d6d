"""Where an order stands: EVIDENCE says what proves each row of STATUSES; the first row that is proved is the status."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from agents.rules import passing
from agents.rules.parcels import BACK, ENDED, FOREVER, KNOWN, PICKED_UP, PROVES, known_by, tally
from schemas.facts import Marks, Order
from schemas.statuses import STATUSES

NAMES = tuple(row.name for row in STATUSES)
UNKNOWN = len(NAMES) - 1

PASSING_WORDS = frozenset(("return_requested", "return_approved"))
"""What a marketplace's word says until its next word."""


class Evidence(NamedTuple):
    """What proves that a status is reached: any one of these."""

    marks: tuple[str, ...] = ()
    """Milestones of the order."""
    words: tuple[str, ...] = ()
    """Milestones that a marketplace's word implies."""
    some_parcel: int = 0
    every_parcel: int = 0
    """What some parcel, or every one, has to prove (see parcels)."""
    passing: Callable[[Order, int], bool] | None = None
    """A state that may end again."""


EVIDENCE: dict[str, Evidence] = {
    "returned": Evidence(words=("returned",), passing=passing.is_returned),
    "return_in_progress": Evidence(passing=passing.is_return_in_progress),
    "return_requested": Evidence(passing=passing.is_return_requested),
    "cancelled": Evidence(marks=("cancelled",), words=("cancelled",)),
    "returned_to_seller": Evidence(words=("returned_to_seller",), every_parcel=BACK),
    "completed": Evidence(marks=("received", "completed"), words=("completed",)),
    "delivered": Evidence(words=("delivered",), every_parcel=ENDED),
    "in_transit": Evidence(words=("picked_up",), every_parcel=PICKED_UP),
    "partially_shipped": Evidence(words=("partly_picked_up",), some_parcel=PICKED_UP),
    "awaiting_collection": Evidence(words=("arranged",), some_parcel=KNOWN),
    "ready_to_ship": Evidence(marks=("confirmed",), words=("confirmed",)),
    "on_hold": Evidence(passing=passing.is_held),
    "new": Evidence(marks=("cod", "paid"), words=("paid",)),
    "unpaid": Evidence(marks=("placed",), words=("placed",)),
    "unknown": Evidence(),
}


def status_of(order: Order, at: int = FOREVER) -> str:
    """Gives the status of an order by the facts up to an instant: the first row of STATUSES that they prove."""
    place = _first_row(_MARKS, order.marks, at)
    if order.reported:
        place = min(place, _first_row(_WORDS, order.reported, at))
    if order.packages:
        place = min(place, _place_of_parcels(*tally(order, at)))
    if order.returns or order.holds or order.reported:
        place = min([place, *(row for row, holds in _PASSING if row < place and holds(order, at))])
    return NAMES[place]


def is_steady(order: Order) -> bool:
    """Tells whether what the facts prove stays proved: nothing may pass, and no parcel waits for another."""
    if order.returns or order.holds or len(order.packages) > 1 or not PASSING_WORDS.isdisjoint(order.reported):
        return False
    return not any("cancelled" in package.marks for package in order.packages.values())


def steps_of(order: Order) -> list[tuple[int, int]]:
    """Gives (instant, place in STATUSES) of all that a steady order's facts prove, in order."""
    steps = [(at, _MARKS[mark]) for mark, (at, _) in order.marks.items()]
    steps += [(at, _WORDS[milestone]) for milestone, (at, _) in order.reported.items()]
    for package in order.packages.values():
        steps += [(at, _place_of_parcels(PROVES[mark], PROVES[mark])) for mark, (at, _) in package.marks.items()]
    for things in (order.payments, order.refunds, order.cancellations, order.claims):
        steps += [(at, UNKNOWN) for thing in things.values() for at, _ in thing.marks.values()]
    steps += [(at, UNKNOWN) for at, _ in order.recuts]
    if order.review:
        steps.append((order.review.at[0], UNKNOWN))
    return sorted(steps)


def _first_row(places: Mapping[str, int], marks: Marks, at: int) -> int:
    place = UNKNOWN
    for mark in marks if at == FOREVER else known_by(marks, at):
        if places[mark] < place:  # noqa: PLR1730  # min() takes three times as long, and this is the hottest loop
            place = places[mark]
    return place


@cache
def _place_of_parcels(some: int, every: int) -> int:
    """Gives the first row that the parcels prove."""
    rows = enumerate(EVIDENCE.values())
    return next((n for n, row in rows if some & row.some_parcel or every & row.every_parcel), UNKNOWN)


class _Places(dict[str, int]):
    """Milestone → the first row that it proves; one that proves none is as good as unknown."""

    def __missing__(self, milestone: str) -> int:
        return UNKNOWN


_MARKS = _Places({mark: n for n, name in enumerate(NAMES) for mark in EVIDENCE[name].marks})
_WORDS = _Places({word: n for n, name in enumerate(NAMES) for word in EVIDENCE[name].words})
_PASSING = [(n, holds) for n, name in enumerate(NAMES) if (holds := EVIDENCE[name].passing)]
