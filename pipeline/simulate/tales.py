"""A tale: so many orders of some days, as a past that has just ended, or as days to come that pass faster."""

from collections.abc import Iterator
from heapq import merge
from itertools import dropwhile, takewhile
from operator import attrgetter
from random import Random
from typing import NamedTuple

from pipeline.simulate import world
from pipeline.simulate.hands import Ask
from pipeline.simulate.shelves import shelves, shortage
from pipeline.simulate.shops import Shop
from pipeline.simulate.traffic import BY_HAND, Deed, Manner, deeds, life, past
from schemas.times import DAY

_DUE = attrgetter("due")


class Tale(NamedTuple):
    """The same tale has the same bytes. speed: of days to come how many times faster they pass; 0: it is a past.

    by_hand: the share of orders to come that people handle in Arus.
    """

    shops: tuple[Shop, ...]
    orders: int
    seed: str
    days: float
    present: int
    speed: float = 0
    by_hand: float = BY_HAND

    def deeds(self) -> Iterator[Deed]:
        """Gives what happens, in the order in which it is due."""
        if self.speed:
            return merge(self._coming(), shortage(self.shops, self.present), key=_DUE)
        lives = past(self.shops, self.orders, seed=self.seed, days=self.days, until=self.present)
        stock = shelves(self.shops, self._start, self.orders / self.days, self.seed)
        return merge(lives, takewhile(lambda told: told.due <= self.present, stock), key=_DUE)

    def next_asks(self, most: int) -> list[Ask]:
        """Gives what people do next in a past, of all its orders some; in days to come they do it as it comes."""
        asks = [] if self.speed or not most else list(self._going_on())
        return asks[:: max(1, len(asks) // max(1, most))][:most]

    @property
    def _start(self) -> int:
        return self.present - round(self.days * DAY)

    def _coming(self) -> Iterator[Deed]:
        placed = world.spread(Random(self.seed), self._start, self.present, self.orders)
        faster = (self.present + round((at - self._start) / self.speed) for at in placed)
        return deeds(self.shops, faster, self.seed, Manner(pace=self.speed, by_hand=self.by_hand))

    def _going_on(self) -> Iterator[Ask]:
        """Gives the commands that come next, of each order of which all has arrived so far."""
        manner = Manner(by_hand=1.0, since=self.present)
        for number, at in enumerate(world.spread(Random(self.seed), self._start, self.present, self.orders)):
            told = life(self.shops, at, f"{self.seed}/{number}", manner)
            for deed in dropwhile(lambda deed: deed.due <= self.present, told):
                if not isinstance(deed, Ask):
                    break
                yield deed
