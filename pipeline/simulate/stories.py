"""STORIES: how the lives of a thousand orders go, and how often."""

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

from pipeline.simulate.lives import Life, Step
from schemas.times import DAY, HOUR, MINUTE, SECOND

Telling = Callable[[Life], Iterator[Step]]


def smooth(life: Life) -> Iterator[Step]:
    """As it should be."""
    yield from life.checkout()
    yield from life.pack()
    yield from life.all_delivered()
    yield from life.received()


def packed_late(life: Life) -> Iterator[Step]:
    """Left lying for days before it is packed."""
    yield from life.checkout()
    yield life.step("order_confirmed", 2 * DAY, 4 * DAY)
    yield from life.arranged()
    yield from life.all_delivered()
    yield from life.received()


def unpaid(life: Life) -> Iterator[Step]:
    """Never paid, cancelled after a day."""
    yield from life.forgotten()


def paid_late(life: Life) -> Iterator[Step]:
    """The money comes after the order was cancelled for want of it."""
    yield from life.forgotten()
    yield life.step("payment_paid", HOUR, 5 * HOUR)
    yield from life.refund()


def held(life: Life) -> Iterator[Step]:
    """Held for a look first."""
    yield from life.checkout()
    yield from life.hold()
    yield from life.pack()
    yield from life.all_delivered()
    yield from life.received()


def regretted(life: Life) -> Iterator[Step]:
    """The buyer asks to cancel in time."""
    yield from life.checkout()
    case = {"case_id": f"CX{life.purchase.native}", "by": "buyer", "reason": "changed my mind"}
    yield life.step("cancellation_requested", 10 * MINUTE, 5 * HOUR, **case)
    yield life.step("order_cancelled", 10 * MINUTE, 5 * HOUR, **case)
    yield from life.refund()


def too_late(life: Life) -> Iterator[Step]:
    """The buyer asks to cancel when it is packed already."""
    yield from life.checkout()
    yield from life.pack()
    case = {"case_id": f"CX{life.purchase.native}", "by": "buyer", "reason": "found it cheaper"}
    yield life.step("cancellation_requested", MINUTE, 10 * MINUTE, **case)
    yield life.step("cancellation_rejected", 10 * MINUTE, HOUR, **(case | {"by": "seller", "reason": "packed"}))
    yield from life.all_delivered()
    yield from life.received()


def sold_out(life: Life) -> Iterator[Step]:
    """The seller has to cancel."""
    yield from life.checkout()
    yield life.step("order_cancelled", HOUR, DAY, by="seller", reason="out of stock")
    yield from life.refund()


def crossed(life: Life) -> Iterator[Step]:
    """Cancelled, and shipped all the same: a contradiction."""
    yield from life.checkout()
    yield from life.pack()
    yield life.step("order_cancelled", MINUTE, HOUR, by="buyer", reason="changed my mind")
    yield from life.journey(life.purchase.parcels[0], until="in_transit")


def second_try(life: Life) -> Iterator[Step]:
    """Nobody at home at first."""
    parcel = life.purchase.parcels[0]
    yield from life.checkout()
    yield from life.pack()
    yield from life.journey(parcel, until="out_for_delivery")
    yield from life.attempts(parcel, life.dice.choice((1, 1, 2)))
    yield from life.retry(parcel)
    yield from life.received()


def undeliverable(life: Life) -> Iterator[Step]:
    """Nobody at home at all; it goes back."""
    parcel = life.purchase.parcels[0]
    yield from life.checkout()
    yield from life.pack()
    yield from life.journey(parcel, until="out_for_delivery")
    yield from life.attempts(parcel, 3)
    yield from life.back(parcel)
    yield from life.refund()


def lost(life: Life) -> Iterator[Step]:
    """The carrier loses it."""
    parcel = life.purchase.parcels[0]
    yield from life.checkout()
    yield from life.pack()
    yield from life.journey(parcel, until="in_transit")
    yield life.scan("lost", 4 * DAY, 7 * DAY, parcel)
    yield from life.refund()


def silent(life: Life) -> Iterator[Step]:
    """Handed over, and never heard of again."""
    yield from life.checkout()
    yield from life.pack()
    yield from life.journey(life.purchase.parcels[0], until="picked_up")


def uncollected(life: Life) -> Iterator[Step]:
    """Packed, and nobody comes to fetch it: late by and by."""
    yield from life.checkout()
    yield from life.pack()


def delayed(life: Life) -> Iterator[Step]:
    """The courier comes for it a day late."""
    yield from life.checkout()
    yield from life.pack()
    yield life.scan("delayed", 20 * HOUR, 30 * HOUR, life.purchase.parcels[0], reason="no courier free")
    yield from life.all_delivered()
    yield from life.received()


def charged_back(life: Life) -> Iterator[Step]:
    """The buyer has it, and lets the bank take the money back."""
    yield from _until_delivered(life)
    yield from life.received()
    yield life.step("chargeback_opened", 2 * DAY, 6 * DAY)


def left_open(life: Life) -> Iterator[Step]:
    """Arrived, and nobody says another word: whoever wants it completed must do so."""
    yield from _until_delivered(life)


def left_unpaid(life: Life) -> Iterator[Step]:
    """Never paid, and nobody cancels it."""
    yield Step(life.at, "order_placed")
    yield life.step("payment_requested", SECOND, MINUTE)


def returned(life: Life) -> Iterator[Step]:
    """It does not fit: goods and money back."""
    yield from _until_delivered(life)
    case = {"case_id": f"RT{life.purchase.native}", "kind": "return_and_refund", "reason": "wrong size"}
    yield life.step("return_requested", HOUR, 3 * DAY, by="buyer", **case)
    yield life.step("return_approved", HOUR, DAY, by="seller", **case)
    yield life.step("return_shipped", 4 * HOUR, 2 * DAY, by="buyer", **case)
    yield life.step("return_received", DAY, 4 * DAY, by="seller", **case)
    yield life.step("return_closed", MINUTE, HOUR, by="system", outcome="refunded", **case)
    yield from life.refund(case["case_id"])


def refunded(life: Life) -> Iterator[Step]:
    """Something is missing: money back, the goods stay."""
    yield from _until_delivered(life)
    case = {"case_id": f"RT{life.purchase.native}", "kind": "refund", "reason": "item missing"}
    yield life.step("return_requested", HOUR, DAY, by="buyer", **case)
    yield life.step("return_approved", HOUR, DAY, by="seller", **case)
    yield life.step("return_closed", MINUTE, HOUR, by="system", outcome="refunded", **case)
    yield from life.refund(case["case_id"])


def refused(life: Life) -> Iterator[Step]:
    """A return that the seller does not grant."""
    yield from _until_delivered(life)
    case = {"case_id": f"RT{life.purchase.native}", "kind": "return_and_refund", "reason": "used and disliked"}
    yield life.step("return_requested", HOUR, 3 * DAY, by="buyer", **case)
    yield life.step("return_rejected", HOUR, DAY, by="seller", **case)
    yield life.step("order_completed", 3 * DAY, 4 * DAY)


def disputed(life: Life) -> Iterator[Step]:
    """Shown as delivered, and the buyer does not have it; the neighbour does."""
    yield from _until_delivered(life)
    case = {"case_id": f"CL{life.purchase.native}"}
    yield life.step("claim_opened", HOUR, DAY, by="buyer", reason="not received", **case)
    yield life.step("claim_resolved", 4 * HOUR, 2 * DAY, by="seller", outcome="none", **case)
    yield from life.received()


def _until_delivered(life: Life) -> Iterator[Step]:
    yield from life.checkout()
    yield from life.pack()
    yield from life.all_delivered()


class Story(NamedTuple):
    """A way for a life to go, and how many of a thousand go so. own: on the shop's own site, where it has one."""

    tell: Telling
    weight: int
    prepaid: bool = False
    split: bool = False
    own: bool = False


STORIES: dict[str, Story] = {
    "smooth": Story(smooth, 599),
    "left open": Story(left_open, 5, own=True),
    "left unpaid": Story(left_unpaid, 5, prepaid=True, own=True),
    "delayed": Story(delayed, 4),
    "charged back": Story(charged_back, 2, prepaid=True, own=True),
    "packed late": Story(packed_late, 25),
    "in two parcels": Story(smooth, 25, split=True),
    "unpaid": Story(unpaid, 70, prepaid=True),
    "paid late": Story(paid_late, 4, prepaid=True),
    "held": Story(held, 20),
    "regretted": Story(regretted, 45),
    "too late to cancel": Story(too_late, 8),
    "sold out": Story(sold_out, 18),
    "crossed": Story(crossed, 4),
    "second try": Story(second_try, 60),
    "undeliverable": Story(undeliverable, 18),
    "lost": Story(lost, 9),
    "silent": Story(silent, 8),
    "uncollected": Story(uncollected, 10),
    "returned": Story(returned, 35),
    "refunded": Story(refunded, 14),
    "refused": Story(refused, 6),
    "disputed": Story(disputed, 6),
}

_NAMES = tuple(STORIES)
_WEIGHTS = tuple(story.weight for story in STORIES.values())


def draw(dice: Random) -> Story:
    """Draws a story by its weight."""
    return STORIES[dice.choices(_NAMES, _WEIGHTS)[0]]
