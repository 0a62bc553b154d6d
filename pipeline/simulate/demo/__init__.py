"""The shop of `arus demo`: accounts with secrets of its own, some weeks of orders, and customers who go on."""

import heapq
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, count
from operator import attrgetter
from random import Random
from typing import Protocol

from msgspec import Struct, field
from msgspec import json as msgspec_json

from pipeline.settings import Settings, SettingsError
from pipeline.simulate import world
from pipeline.simulate.demo.accounts import SELLERS, open_shop
from pipeline.simulate.demo.opening import opening
from pipeline.simulate.hands import Ask
from pipeline.simulate.sending import Sending
from pipeline.simulate.sending.asking import Asking
from pipeline.simulate.shelves import shelves, shortage
from pipeline.simulate.shops import shops
from pipeline.simulate.traffic import BY_HAND, Deed, Manner, Webhook, deeds, traffic
from schemas.ids import order_id
from schemas.times import DAY, MINUTE, SECOND

__all__ = ["SELLERS", "Selling", "open_shop"]

PAST_DAYS, PER_DAY = 16, 90.0
NEXT_ORDER = 20 * SECOND
"""While the demo runs somebody orders this often, besides the usual trade; such orders live faster."""
LEAD = 12 * MINUTE
"""A new shop has sold so for a while already: whoever opens it sees quick orders at every stage of their lives."""

SAVE_EVERY = 3.0  # seconds


_DUE = attrgetter("due")


class Show(Protocol):
    """Whoever shows how far it is."""

    def progress(self, done: int, total: int, text: str) -> None:
        """Shows so much of so much."""


class Run(Struct):
    """How quick orders are sold from one start to the next: since when, by whose hands since when, how fast."""

    start: int
    by_hand_since: int
    speed: float


class Story(Struct):
    """What must be known to go on telling: `demo.json` in the home."""

    epoch: int
    told_until: int = 0
    run: Run | None = None
    """The last one."""
    buyers: dict[str, int] = field(default_factory=dict)
    """The ten buyers with the most orders."""


class Selling:
    """Tells the shop's story to the gateway: all that has happened since it was told last, then what happens now.

    speed: how many times faster quick orders live.
    """

    def __init__(self, settings: Settings, gateway: str, show: Show, speed: float) -> None:
        self._shops = shops(settings.accounts)
        if not self._shops:
            raise SettingsError(
                "no account of arus.toml sells anything: the demo needs a marketplace or a shop's system"
            )
        self._file, self._show = settings.home / "demo.json", show
        self._url, self._public = gateway, settings.gateway.public_url
        self._started = _now()
        self._story = self._read()
        self._run = Run(self._started - LEAD * self.is_new, self._started, speed)
        self._missed: list[Ask] = []
        self._coming: Iterator[Deed] = iter(())

    @property
    def sellers(self) -> Sequence[str]:
        """Every seller of the demo."""
        return [shop.seller for shop in self._shops]

    @property
    def seller(self) -> str:
        """The seller whose page is worth a look."""
        return self._shops[0].seller

    @property
    def buyer(self) -> str:
        """A buyer with many orders."""
        return max(self._story.buyers, key=self._story.buyers.__getitem__, default="nobody")

    @property
    def is_new(self) -> bool:
        """Tells whether nothing of this shop was told before."""
        return not self._story.told_until

    async def catch_up(self) -> None:
        """Tells what has happened and was not told yet: at the first start, all of it."""
        untold, due = self._untold(), list[Webhook]()
        for deed in untold:
            if deed.due > self._started:
                self._coming = chain((deed,), untold)
                break
            if isinstance(deed, Ask):
                self._missed.append(deed)
            else:
                due.append(deed)
        await self._sending().run(self._watched(due))
        self._story.told_until, self._story.run = self._started, self._run
        self._remember_buyers(due)
        self._save()

    async def go_on(self, asking: Asking) -> None:
        """Tells what happens, as it happens, without end; what people ask for goes through `asking`."""
        for ask in self._missed:
            asking.give(ask)
        await self._sending().run(self._saved(asking), in_time=True)

    def _untold(self) -> Iterator[Deed]:
        """Gives without end what was not told before: the usual trade, what is left of the last run, and this run."""
        story, seed = self._story, f"demo/{self._story.epoch}"
        placed = world.placements(Random(story.epoch), story.epoch, PER_DAY)
        known: list[Iterator[Deed]] = [
            shelves(self._shops, story.epoch, PER_DAY, seed),
            traffic(self._shops, placed, seed, Manner(timeless=False)),
        ]
        if story.run:
            ran = max(0, story.told_until - story.run.start) // NEXT_ORDER
            known.append(self._quick(story.run, range(ran)))
        old = (deed for deed in heapq.merge(*known, key=_DUE) if deed.due > story.told_until)
        return heapq.merge(old, shortage(self._shops, self._started), self._quick(self._run, count()), key=_DUE)

    def _quick(self, run: Run, numbers: "range | count[int]") -> Iterator[Deed]:
        placed = (run.start + (number + 1) * NEXT_ORDER for number in numbers)
        manner = Manner(pace=run.speed, by_hand=BY_HAND, since=run.by_hand_since)
        quick = deeds(self._shops, placed, f"demo/quick/{run.start}", manner)
        return heapq.merge(quick, opening(self._shops[0], run.by_hand_since, manner), key=_DUE)

    def _sending(self) -> Sending:
        return Sending(self._url, public_url=self._public)

    def _watched(self, webhooks: list[Webhook]) -> Iterator[Webhook]:
        for done, webhook in enumerate(webhooks):
            if done % 50 == 0:
                self._show.progress(done, len(webhooks), f"filling the shop: {done:,} of {len(webhooks):,} webhooks")
            yield webhook

    def _saved(self, asking: Asking) -> Iterator[Webhook]:
        saved = time.monotonic()
        for deed in self._coming:
            if isinstance(deed, Ask):
                asking.give(deed)
            else:
                yield deed
            self._story.told_until = deed.due
            if time.monotonic() - saved > SAVE_EVERY:
                self._save()
                saved = time.monotonic()

    def _remember_buyers(self, webhooks: list[Webhook]) -> None:
        placed = (
            (webhook.account.namespace, json.loads(webhook.body)["data"])
            for webhook in webhooks
            if webhook.body.startswith(b'{"type":"order_placed"') and webhook.body.endswith(b"}")
        )
        named = ((order_id(namespace, told["order_id"]), told["buyer_id"]) for namespace, told in placed)
        found = Counter(self._story.buyers)
        found.update(f"{order.partition(':')[0]}:{buyer}" for order, buyer in named)
        self._story.buyers = dict(found.most_common(10))

    def _read(self) -> Story:
        try:
            return msgspec_json.decode(self._file.read_bytes(), type=Story)
        except FileNotFoundError:
            return Story(epoch=self._started - PAST_DAYS * DAY)

    def _save(self) -> None:
        draft = self._file.with_suffix(".new")
        draft.write_bytes(msgspec_json.encode(self._story))
        draft.replace(self._file)


def _now() -> int:
    return time.time_ns() // 1_000_000
