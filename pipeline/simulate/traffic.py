"""What arrives, when: every life told by its voices, with the mischief that networks and retries make of it."""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import NamedTuple

from pipeline.settings import Account
from pipeline.simulate import stories, world
from pipeline.simulate.lives import Life
from pipeline.simulate.purchases import Purchase, buy
from pipeline.simulate.senders import VOICES
from pipeline.simulate.senders.voice import write
from pipeline.simulate.shops import MARKETPLACES, Shop
from schemas.times import DAY, HOUR, MINUTE, SECOND


class Webhook(NamedTuple):
    """One webhook before it is signed: when it arrives, through which account, the body byte for byte."""

    due: int
    account: Account
    body: bytes


class Manner(NamedTuple):
    """How lives are told. `pace` 60: a minute lasts a second; `timeless`: by senders that tell no time, too."""

    pace: float = 1.0
    timeless: bool = True
    mischief: bool = True


REPEATED, GARBLED = 0.03, 0.0005
"""The share of webhooks of which a second copy comes, and of those that are cut off."""


def traffic(shops: Sequence[Shop], placed: Iterator[int], seed: str, manner: Manner) -> Iterator[Webhook]:
    """Gives every webhook of the orders placed at these instants, in the order of arrival."""
    waiting: list[tuple[int, int, Webhook]] = []
    serial = count()
    for number, at in enumerate(placed):
        while waiting and waiting[0][0] <= at:
            yield heappop(waiting)[2]
        for webhook in life(shops, at, f"{seed}/{number}", manner):
            heappush(waiting, (webhook.due, next(serial), webhook))
    while waiting:
        yield heappop(waiting)[2]


def life(shops: Sequence[Shop], placed_at: int, seed: str, manner: Manner) -> Iterator[Webhook]:
    """Tells one order's whole life. The same seed and instant give the same bytes."""
    dice = Random(seed)
    story, shop = stories.draw(dice), dice.choice(shops)
    place = dice.choice(shop.has(*MARKETPLACES))
    bought = buy(dice, shop, place, placed_at, split=story.split, live=manner.timeless)
    if story.prepaid:
        bought = bought._replace(cod=False)
    voices = [VOICES[source](bought) for source in VOICES if _speaks(source, bought)]
    for step in story.tell(Life(dice, bought, manner.pace)):
        for voice in voices:
            for body in voice.tell(step):
                yield from _arrivals(dice, Webhook(step.at, voice.account, write(body)), manner)


def _speaks(source: str, purchase: Purchase) -> bool:
    """Tells whether a sender knows of this order: another marketplace does not."""
    return source in purchase.shop.accounts and (source not in MARKETPLACES[:2] or source == purchase.place)


def _arrivals(dice: Random, told: Webhook, manner: Manner) -> Iterator[Webhook]:
    if not manner.mischief:
        yield told
        return
    due = told.due + round(_delay(dice) / manner.pace)
    garbled = dice.random() < GARBLED and told.account.source != "midtrans"  # whose proof is in the body
    body = told.body[: len(told.body) // 2] if garbled else told.body
    yield told._replace(due=due, body=body)
    if dice.random() < REPEATED:
        yield told._replace(due=due + round(dice.uniform(MINUTE, 12 * HOUR) / manner.pace), body=body)


def _delay(dice: Random) -> float:
    """Most webhooks come at once, some after a retry or two, a few after days."""
    luck = dice.random()
    if luck < 0.92:  # noqa: PLR2004  # the shares are told in words above
        return dice.uniform(0, 4 * SECOND)
    if luck < 0.99:  # noqa: PLR2004
        return dice.uniform(MINUTE, 35 * MINUTE)
    return dice.uniform(HOUR, 3 * DAY)


def past(shops: Sequence[Shop], orders: int, *, seed: str, days: float, until: int) -> Iterator[Webhook]:
    """Tells exactly so many orders of the last days, as far as their lives have come."""
    placed = iter(world.spread(Random(seed), until - round(days * DAY), until, orders))
    return (webhook for webhook in traffic(shops, placed, seed, Manner()) if webhook.due <= until)
