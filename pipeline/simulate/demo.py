"""The shop of `arus demo`: accounts with secrets of its own, some weeks of orders, and customers who go on."""

import heapq
import json
import secrets
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from itertools import count, takewhile
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Protocol

from msgspec import Struct, field
from msgspec import json as msgspec_json

from pipeline.settings import DEMO, Settings, SettingsError
from pipeline.simulate import world
from pipeline.simulate.sending import Sending
from pipeline.simulate.shelves import shelves
from pipeline.simulate.shops import shops
from pipeline.simulate.traffic import Manner, Webhook, traffic
from schemas.times import DAY, SECOND

SELLERS: dict[str, dict[str, str]] = {
    "toko-melati": {
        "tiktok_shop": "",
        "standard_webhooks": "melati,tiktok_shop",
        "midtrans": "melati",
        "ninjavan": "tiktok_shop,melati",
        "biteship": "",
    },
    "kopi-nusantara": {
        "shopee": "",
        "standard_webhooks": "kopi,shopee",
        "xendit": "kopi",
        "aftership": "shopee,kopi",
        "biteship": "",
    },
    "rumah-elektrik": {
        "tiktok_shop": "",
        "shopee": "",
        "standard_webhooks": "elektrik,tiktok_shop,shopee",
        "ninjavan": "tiktok_shop,shopee,elektrik",
        "easypost": "",
    },
}
"""The demo's sellers: each one's senders, and whose order numbers these name."""

PAST_DAYS, PER_DAY = 16, 90.0
NEXT_ORDER = 30 * SECOND
"""While the demo runs somebody orders this often, besides the usual trade …"""
PACE = 240.0
"""… and such an order lives so many times faster, so that one can watch it arrive."""

SAVE_EVERY = 3.0  # seconds


class Show(Protocol):
    """Whoever shows how far it is."""

    def progress(self, done: int, total: int, text: str) -> None:
        """Shows so much of so much."""


class Story(Struct):
    """What must be known to go on telling: `demo.json` in the home."""

    epoch: int
    told_until: int = 0
    quick_from: int = 0
    """When the last run began to sell quickly."""
    buyers: dict[str, int] = field(default_factory=dict)
    """The ten buyers with the most orders."""


def open_shop(home: Path) -> None:
    """Makes the accounts of the demo, once; the settings read them from the home when no others are named."""
    file = home / DEMO
    if file.exists():
        return
    home.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    lines = ["# Made by `arus demo`: read while no other accounts are set. Delete it to forget them.", ""]
    for seller, senders in SELLERS.items():
        for source, orders in senders.items():
            lines += [
                "[[accounts]]",
                *(f"{name} = {json.dumps(value)}" for name, value in _account(source, seller, orders)),
            ]
            lines.append("")
    file.write_text("\n".join(lines))


def _account(source: str, seller: str, orders: str) -> Iterator[tuple[str, str | list[str]]]:
    yield "source", source
    yield "name", seller
    yield "seller", seller
    key = secrets.token_bytes(32)
    yield "secrets", [f"whsec_{b64encode(key).decode()}" if source == "standard_webhooks" else key.hex()]
    if orders:
        yield "orders", orders
    if source == "tiktok_shop":
        yield "app_key", secrets.token_hex(6)
    if source == "biteship":
        yield "header", "x-biteship-secret"


class Selling:
    """Tells the shop's story to the gateway: all that has happened since it was told last, then what happens now."""

    def __init__(self, settings: Settings, gateway: str, show: Show) -> None:
        self._shops = shops(settings.accounts)
        if not self._shops:
            raise SettingsError(
                "no account of arus.toml sells anything: the demo needs a marketplace or a shop's system"
            )
        self._file, self._show = settings.home / "demo.json", show
        self._url, self._public = gateway, settings.gateway.public_url
        self._started = _now()
        self._story = self._read()
        self._usual: Iterator[Webhook] = iter(())

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
        self._usual = self._untold()
        due = list(takewhile(lambda webhook: webhook.due <= self._started, self._usual))
        sending = self._sending()
        await sending.run(self._watched(due))
        self._story.told_until = self._story.quick_from = self._started
        self._remember_buyers(due)
        self._save()

    async def go_on(self) -> None:
        """Tells what happens, as it happens, without end."""
        quick = self._quick(self._started, count())
        await self._sending().run(self._saved(heapq.merge(self._usual, quick, key=_due)), in_time=True)

    def _untold(self) -> Iterator[Webhook]:
        """Gives all of the usual trade, and what is left of the quick orders of the last run."""
        story = self._story
        placed = world.placements(Random(story.epoch), story.epoch, PER_DAY)
        usual = traffic(self._shops, placed, f"demo/{story.epoch}", Manner(timeless=False))
        ran = max(0, story.told_until - story.quick_from) // NEXT_ORDER if story.quick_from else 0
        stock = shelves(self._shops, story.epoch, PER_DAY, f"demo/{story.epoch}")
        told = heapq.merge(stock, usual, self._quick(story.quick_from, range(ran)), key=_due)
        return (webhook for webhook in told if webhook.due > story.told_until)

    def _quick(self, start: int, numbers: "range | count[int]") -> Iterator[Webhook]:
        placed = (start + number * NEXT_ORDER for number in numbers)
        return traffic(self._shops, placed, f"demo/quick/{start}", Manner(pace=PACE))

    def _sending(self) -> Sending:
        return Sending(self._url, public_url=self._public)

    def _watched(self, webhooks: list[Webhook]) -> Iterator[Webhook]:
        for done, webhook in enumerate(webhooks):
            if done % 50 == 0:
                self._show.progress(done, len(webhooks), f"filling the shop: {done:,} of {len(webhooks):,} webhooks")
            yield webhook

    def _saved(self, webhooks: Iterator[Webhook]) -> Iterator[Webhook]:
        saved = time.monotonic()
        for webhook in webhooks:
            yield webhook
            self._story.told_until = webhook.due
            if time.monotonic() - saved > SAVE_EVERY:
                self._save()
                saved = time.monotonic()

    def _remember_buyers(self, webhooks: list[Webhook]) -> None:
        placed = (
            itemgetter("order_id", "buyer_id")(json.loads(w.body)["data"])
            for w in webhooks
            if w.body.startswith(b'{"type":"order_placed"') and w.body.endswith(b"}")
        )
        found = Counter(self._story.buyers)
        found.update(f"{order_id.partition(':')[0]}:{buyer}" for order_id, buyer in placed)
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


def _due(webhook: Webhook) -> int:
    return webhook.due


def _now() -> int:
    return time.time_ns() // 1_000_000
