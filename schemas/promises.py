"""PROMISES: what must happen to an order by when, from which fact on, kept by which, and when it is void."""

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from msgspec import Struct, field

from schemas.facts import Order
from schemas.policies import Own, Owned, due_by, own_of
from schemas.statuses import implying

State = Literal["open", "near", "kept", "kept_late", "broken", "void"]
Role = Literal["seller", "buyer"]

NEAR = (50, 80)
"""Percent of a promise's time after which it is near; each is a notice, and the first makes the state."""


class Promise(NamedTuple):
    """One kind of promise.

    begins, kept_by, void: statuses that an order comes to, or, where `part` names a part of the order, milestones of
    each thing in it. While it is void nobody waits for it.
    near_to, broken_to: who is told that it is near, and that it is broken.
    """

    begins: tuple[str, ...]
    kept_by: tuple[str, ...]
    void: tuple[str, ...] = ()
    part: str = ""
    near_to: tuple[Role, ...] = ("seller",)
    broken_to: tuple[Role, ...] = ("seller",)


_SHIPPED = implying("picked_up")
_DELIVERED = implying("delivered")
_NEW = ("new", "ready_to_ship", "awaiting_collection")
_CONFIRMED = ("ready_to_ship", "awaiting_collection", "partially_shipped", *_SHIPPED)
_RETURNS = ("return_in_progress", "returned", "returned_to_seller")
_GONE = ("cancelled", *_RETURNS)

PROMISES: dict[str, Promise] = {
    "pay": Promise(("unpaid",), ("paid", "cod"), _GONE, near_to=("buyer",), broken_to=("seller", "buyer")),
    "confirm": Promise(_NEW, _CONFIRMED, _GONE),
    "dispatch": Promise(_NEW, _SHIPPED, _GONE),
    "deliver": Promise(_NEW, _DELIVERED, _GONE, broken_to=("seller", "buyer")),
    "scan": Promise(("scanned",), ("scanned",), part="packages"),
    "receive": Promise(
        ("delivered",),
        ("completed",),
        ("return_requested", *_GONE),
        near_to=("buyer",),
        broken_to=("seller", "buyer"),
    ),
    "answer_return": Promise(
        ("requested",), ("approved", "rejected"), ("withdrawn",), part="returns", broken_to=("seller", "buyer")
    ),
    "refund": Promise(("approved",), ("settled",), part="refunds", broken_to=("seller", "buyer")),
    "answer_claim": Promise(("opened",), ("resolved",), part="claims", broken_to=("seller", "buyer")),
}
"""Of `pay` the milestones count, as a shop's word or a held order may be paid without a status of its own; of `scan`
the last scan of each parcel under way, which every next one moves. A return or a claim that nobody answers in time
escalates: its buyer is told too, who may go to the marketplace with it."""


CLOCKS_VERSION = 1
"""Of the rows Clocks; see facts.VERSION."""


class Clock(Struct, array_like=True, omit_defaults=True, gc=False):
    """One promise of an order that somebody waits for, or of which something was told.

    told: percent of its time up to which that was, 100 when it was told to be broken. waits: whether somebody does.
    hush: when that is told which was late already when the clock was first seen.
    """

    since: int
    due: int
    told: int = 0
    waits: bool = True
    hush: int = 0


class Clocks(Struct, omit_defaults=True, gc=False):
    """The clocks of one order: the value of topic `promises.clocks`. wake: when the next of them rings; 0: none does.

    seller_id, buyer_id, item: who is told, and of which article.
    """

    seller_id: str = ""
    buyer_id: str = ""
    item: str = ""
    clocks: dict[str, Clock] = field(default_factory=dict)
    wake: int = 0
    touched_at: int = 0
    version: int = 1


class Standing(NamedTuple):
    """How one promise of an order stands. `subject` is the parcel, return, refund or claim, where it is about one.

    own: the seller's own time, where that is what it is due by.
    """

    kind: str
    subject: str
    since: int
    due: int
    kept_at: int | None
    state: State
    own: Own | None = None


class Times(NamedTuple):
    """By which times promises stand: `near`, percent of a promise's time; and sellers' own, where they are to count."""

    near: Sequence[int] = NEAR
    owned: Owned = MappingProxyType({})


PLAIN = Times()


def promises_of(order: Order, now: int, times: Times = PLAIN) -> list[Standing]:
    """Gives every promise that an order has begun and how it stands, the first due first."""
    return sorted(_standings(order, now, times), key=lambda standing: (standing.due, standing.kind, standing.subject))


def _standings(order: Order, now: int, times: Times) -> Iterator[Standing]:
    for key, officially in order.due.items():
        kind, _, subject = key.partition("/")
        since, kept_at = order.begun.get(key, officially), order.kept.get(key)
        own = own_of(times.owned, order.seller[3], kind, since, officially)
        due = due_by(own, since) if own else officially
        waits = kept_at is not None or is_waiting(order, key)
        state = _state(since, due, kept_at, now, times.near) if waits else "void"
        yield Standing(kind, subject, since, due, kept_at, state, own)


def _state(since: int, due: int, kept_at: int | None, now: int, near: Sequence[int]) -> State:
    if kept_at is not None:
        return "kept" if kept_at <= due else "kept_late"
    if now > due:
        return "broken"
    return "near" if near and now >= instant(since, due, min(near)) else "open"


def instant(since: int, due: int, percent: int) -> int:
    """Gives when so much of a promise's time is over."""
    return since + (due - since) * percent // 100


def is_waiting(order: Order, key: str) -> bool:
    """Tells whether somebody waits for a promise: it has begun, and is neither kept nor void."""
    if key not in order.due or key in order.kept:
        return False
    kind, _, subject = key.partition("/")
    promise = PROMISES[kind]
    if not promise.part:
        return order.status not in promise.void
    thing = getattr(order, promise.part).get(subject)
    return thing is None or thing.marks.keys().isdisjoint(promise.void)
