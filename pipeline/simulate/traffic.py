"""What arrives, when: every life told by its voices, with the mischief that networks and retries make of it."""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import NamedTuple

from pipeline.settings import Account
from pipeline.simulate import stories, world
from pipeline.simulate.hands import OWN, Ask, Hands, Mistake, draw_mistake
from pipeline.simulate.lives import Life
from pipeline.simulate.purchases import Purchase, buy
from pipeline.simulate.senders import VOICES
from pipeline.simulate.senders.voice import write
from pipeline.simulate.shops import MARKETPLACES, Shop
from pipeline.simulate.stories import Story
from schemas.times import DAY, HOUR, MINUTE, SECOND


class Webhook(NamedTuple):
    """One webhook before it is signed: when it arrives, through which account, the body byte for byte."""

    due: int
    account: Account
    body: bytes


class Manner(NamedTuple):
    """How lives are told. `pace` 60: a minute lasts a second; `timeless`: by senders that tell no time, too.

    by_hand: the share of orders that people handle in Arus, from the instant `since` on.
    """

    pace: float = 1.0
    timeless: bool = True
    mischief: bool = True
    by_hand: float = 0.0
    since: int = 0


class Scene(NamedTuple):
    """A life that is no matter of luck: a story on a shop's own site, by hand, and the mistake that somebody makes."""

    story: Story
    mistake: Mistake | None = None


Deed = Webhook | Ask
"""What happens from outside: somebody sends a webhook, or gives a command."""

BY_HAND = 0.6
"""Where people act at all, they handle so many orders in Arus itself."""

ECHO = 3 * SECOND
"""What was asked for here, a marketplace tells so much later."""

REPEATED, GARBLED = 0.03, 0.0005
"""The share of webhooks of which a second copy comes, and of those that are cut off."""


def traffic(shops: Sequence[Shop], placed: Iterator[int], seed: str, manner: Manner) -> Iterator[Webhook]:
    """Gives every webhook of the orders placed at these instants, in the order of arrival."""
    return (deed for deed in deeds(shops, placed, seed, manner) if isinstance(deed, Webhook))


def deeds(shops: Sequence[Shop], placed: Iterator[int], seed: str, manner: Manner) -> Iterator[Deed]:
    """Gives webhooks and commands of the orders placed at these instants, in the order in which they are due."""
    waiting: list[tuple[int, int, Deed]] = []
    serial = count()
    for number, at in enumerate(placed):
        while waiting and waiting[0][0] <= at:
            yield heappop(waiting)[2]
        for deed in life(shops, at, f"{seed}/{number}", manner):
            heappush(waiting, (deed.due, next(serial), deed))
    while waiting:
        yield heappop(waiting)[2]


def life(
    shops: Sequence[Shop], placed_at: int, seed: str, manner: Manner, scene: Scene | None = None
) -> Iterator[Deed]:
    """Tells one order's whole life. The same seed and instant give the same bytes, and the same times whoever acts."""
    dice = Random(seed)
    drawn, shop = stories.draw(dice), dice.choice(shops)
    story, place = scene.story if scene else drawn, dice.choice(shop.has(*MARKETPLACES))
    place = OWN if (scene or story.own) and shop.has(OWN) else place
    bought = buy(dice, shop, place, placed_at, split=story.split, live=manner.timeless)
    if story.prepaid:
        bought = bought._replace(cod=False)
    voices = [VOICES[source](bought) for source in VOICES if _speaks(source, bought)]
    hands = _hands(seed, bought, manner, scene)
    for step in story.tell(Life(dice, bought, manner.pace)):
        asks = list(hands.asks(step)) if hands and step.at > manner.since else []
        yield from asks
        named = hands.named(step) if hands else step
        for voice in voices:
            for body in voice.tell(named):
                arriving = list(_arrivals(dice, Webhook(step.at, voice.account, write(body)), manner))
                if not asks:
                    yield from arriving
                elif voice.source != OWN:
                    yield from (webhook._replace(due=webhook.due + ECHO) for webhook in arriving)
        if hands and step.at > manner.since:
            yield from hands.mistakes(step)


def _hands(seed: str, bought: Purchase, manner: Manner, scene: Scene | None) -> Hands | None:
    if scene:
        return Hands(bought, manner.pace, scene.mistake)
    has_hands = OWN in bought.shop.accounts and Random(f"{seed}/by hand").random() < manner.by_hand
    return Hands(bought, manner.pace, draw_mistake(seed)) if has_hands else None


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
