"""The demo's shop: filled once, and its story goes on where it ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import takewhile

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pipeline.settings import Settings, load
from pipeline.simulate import demo
from pipeline.simulate.hands import Ask
from pipeline.simulate.traffic import Webhook
from schemas.times import DAY, MINUTE

NOON = 1_795_521_600_000


class Gateway:
    """Takes whatever comes and remembers it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        return web.Response()


class Quiet:
    """Shows nothing."""

    def progress(self, *_: object) -> None: ...


class Asked:
    """Remembers what people asked for."""

    def __init__(self) -> None:
        self.asks: list[Ask] = []

    def give(self, ask: Ask) -> None:
        self.asks.append(ask)


def selling(settings: Settings, url: str) -> demo.Selling:
    """Gives the shop as a start finds it."""
    return demo.Selling(settings, url, Quiet(), 1_440)


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    """A home with the demo's accounts and a small past."""
    monkeypatch.setattr(demo, "PAST_DAYS", 4)
    monkeypatch.setattr(demo, "PER_DAY", 15)
    demo.open_shop(tmp_path)
    return load(home=tmp_path)


@pytest.fixture
async def gateway() -> AsyncIterator[tuple[Gateway, str]]:
    taken = Gateway()
    app = web.Application()
    app.router.add_post("/webhooks/{source}/{name}", taken.take)
    async with TestServer(app) as server:
        yield taken, str(server.make_url("/"))


@pytest.fixture
def clock(monkeypatch) -> list[int]:
    """The demo's present; a test moves it."""
    now = [NOON]
    monkeypatch.setattr(demo, "_now", lambda: now[0])
    return now


async def test_the_shop_is_filled_once(settings, gateway, clock) -> None:
    """A second start at the same instant has nothing new to tell."""
    taken, url = gateway
    await selling(settings, url).catch_up()
    first = set(taken.bodies)
    await selling(settings, url).catch_up()
    assert len(first) > 200
    assert {body for body in taken.bodies if b"G141532850" not in body} <= first  # Midtrans' proof is in the body


async def test_what_happened_meanwhile_is_told_at_the_next_start(settings, gateway, clock) -> None:
    """A start a day later tells that day: orders go on with their lives, and new ones were placed."""
    taken, url = gateway
    await selling(settings, url).catch_up()
    told = set(taken.bodies)
    taken.bodies.clear()
    clock[0] += DAY
    await selling(settings, url).catch_up()
    fresh = [body for body in taken.bodies if body not in told]
    assert len(fresh) > 40
    assert any(body.startswith(b'{"type":"order_placed"') for body in fresh)


async def test_quick_orders_are_told_to_their_end_after_a_restart(settings, gateway, clock) -> None:
    """Orders that were placed while somebody watched do not stay on their way for ever, and nothing is asked twice."""
    taken, url = gateway
    await selling(settings, url).catch_up()
    first = selling(settings, url)
    run, until = first._story.run, NOON + 2 * MINUTE
    told = list(takewhile(lambda deed: deed.due <= NOON + DAY, first._quick(run, range(42))))
    first._story.told_until = until
    first._save()
    taken.bodies.clear()
    clock[0] += DAY
    second, asked = selling(settings, url), Asked()
    await second.catch_up()
    with suppress(TimeoutError):
        await asyncio.wait_for(second.go_on(asked), 0.5)
    left = [deed for deed in told if deed.due > until]
    bodies = {deed.body for deed in left if isinstance(deed, Webhook) and deed.account.source != "midtrans"}
    assert bodies
    assert bodies <= set(taken.bodies)
    assert [ask for ask in asked.asks if ask.due <= NOON + DAY] == [deed for deed in left if isinstance(deed, Ask)]


async def test_it_goes_on_until_it_is_stopped(settings, gateway, monkeypatch) -> None:
    """While it runs somebody orders again and again, each webhook when it is due; what people ask goes elsewhere."""
    taken, url = gateway
    monkeypatch.setattr(demo, "NEXT_ORDER", 100)
    monkeypatch.setattr(demo, "LEAD", 0)
    shop, asked = selling(settings, url), Asked()
    await shop.catch_up()
    taken.bodies.clear()
    task = asyncio.create_task(shop.go_on(asked))
    async with asyncio.timeout(20):
        while not asked.asks or sum(body.startswith(b'{"type":"order_placed"') for body in taken.bodies) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    task.cancel()


async def test_the_buyer_to_show_has_orders(settings, gateway, clock) -> None:
    """The buyer's page that the demo shows belongs to somebody who ordered."""
    taken, url = gateway
    shop = selling(settings, url)
    await shop.catch_up()
    assert any(f'"buyer_id":"{shop.buyer.partition(":")[2]}"'.encode() in body for body in taken.bodies)
    assert shop.seller in demo.SELLERS
