"""The first minutes of a run: one order for each thing that people do in Arus, placed so that it is done just then.

And orders that nobody does anything about: just then their time is near its end, or over, which is for automation.
"""

from collections.abc import Iterator
from itertools import chain, count

from pipeline.simulate.hands import MISTAKES, Ask
from pipeline.simulate.shops import Shop
from pipeline.simulate.stories import STORIES
from pipeline.simulate.traffic import Deed, Manner, Scene, life
from schemas.times import DAY, MINUTE, SECOND

FIRST, EVERY = 25 * SECOND, 12 * SECOND
"""After the start comes the first thing that somebody does, and then another this often."""

DONE = (
    ("smooth", "confirm"),
    ("regretted", "request_cancellation"),
    ("disputed", "open_claim"),
    ("returned", "request_return"),
    ("lost", "request_refund"),
    ("delayed", "arrange_shipping"),
    ("charged back", ""),
    ("regretted", "decide_cancellation"),
    ("sold out", "cancel"),
    ("disputed", "resolve_claim"),
    ("refused", "decide_return"),
    ("returned", "ship_return"),
    ("returned", "receive_return"),
    ("too late to cancel", "decide_cancellation"),
    ("undeliverable", "decide_refund"),
    ("smooth", "confirm_receipt"),
)
"""The story of an order, and what is done with it; nothing: its end is shown."""

SCENES = (
    *((Scene(STORIES[story]), command, "") for story, command in DONE),
    *((Scene(STORIES["smooth"], mistake), mistake.name, mistake.rule) for mistake in MISTAKES),
)

OVER = (("left open", 7 * DAY), ("left unpaid", DAY), ("left unpaid", 4 * DAY // 5))
"""The story of an order that is left alone, and how long after its end its time is over, or near that."""


def opening(shop: Shop, start: int, manner: Manner) -> Iterator[Deed]:
    """Gives the lives of these orders of one shop, in the order in which things are due."""
    if not shop.has("standard_webhooks"):
        return
    timed = manner._replace(timeless=False)  # most of these lives are over when they are told
    lives = [_life(shop, start, timed, number) for number in range(len(SCENES))]
    lives += [_left(shop, start + MINUTE - time, f"demo/opening/{start}/{story}/{time}", story) for story, time in OVER]
    yield from sorted(chain.from_iterable(lives), key=lambda deed: deed.due)


def _life(shop: Shop, start: int, manner: Manner, number: int) -> list[Deed]:
    """Finds a life in which the thing is done, and has its order placed so long before."""
    seeds = (f"demo/opening/{start}/{number}/{trial}" for trial in count())
    seed, at = next((seed, at) for seed in seeds if (at := _done_at(shop, start, seed, manner, number)))
    wanted = start + FIRST + number * EVERY
    return list(life((shop,), start + wanted - at, seed, manner, SCENES[number][0]))


def _done_at(shop: Shop, placed_at: int, seed: str, manner: Manner, number: int) -> int:
    """Tells when the thing is done in a life; 0 = never: not every such life comes to it."""
    scene, command, rule = SCENES[number]
    told = list(life((shop,), placed_at, seed, manner._replace(since=0), scene))
    if not command:
        return max(deed.due for deed in told)
    asks = (deed for deed in told if isinstance(deed, Ask))
    return next((ask.due for ask in asks if (ask.name, ask.refuses) == (command, rule)), 0)


def _left(shop: Shop, end: int, seed: str, story: str) -> list[Deed]:
    """Has an order live at the pace of life, up to an instant."""
    manner, scene = Manner(timeless=False, mischief=False, since=end), Scene(STORIES[story])
    last = max(deed.due for deed in life((shop,), end, seed, manner, scene))
    return list(life((shop,), 2 * end - last, seed, manner, scene))
