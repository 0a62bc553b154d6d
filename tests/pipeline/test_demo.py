"""The demo's shop: filled once, and its story goes on where it ended."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pipeline.settings import Settings, load
from pipeline.simulate import demo
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
    """A second start at the same instant has nothing left to tell."""
    taken, url = gateway
    await demo.Selling(settings, url, Quiet()).catch_up()
    first = len(taken.bodies)
    await demo.Selling(settings, url, Quiet()).catch_up()
    assert first > 200
    assert len(taken.bodies) == first


async def test_what_happened_meanwhile_is_told_at_the_next_start(settings, gateway, clock) -> None:
    """A start a day later tells that day: orders go on with their lives, and new ones were placed."""
    taken, url = gateway
    await demo.Selling(settings, url, Quiet()).catch_up()
    told = set(taken.bodies)
    taken.bodies.clear()
    clock[0] += DAY
    await demo.Selling(settings, url, Quiet()).catch_up()
    fresh = [body for body in taken.bodies if body not in told]
    assert len(fresh) > 40
    assert any(body.startswith(b'{"type":"order_placed"') for body in fresh)


async def test_quick_orders_are_told_to_their_end_after_a_restart(settings, gateway, clock) -> None:
    """Orders that were placed while somebody watched do not stay on their way for ever."""
    taken, url = gateway
    await demo.Selling(settings, url, Quiet()).catch_up()
    story = demo.Selling(settings, url, Quiet())._story
    quick = demo.Selling(settings, url, Quiet())._quick(NOON, range(4))
    story.told_until = NOON + 2 * MINUTE
    (settings.home / "demo.json").write_bytes(demo.msgspec_json.encode(story))
    taken.bodies.clear()
    clock[0] += DAY
    await demo.Selling(settings, url, Quiet()).catch_up()
    left = [
        webhook.body for webhook in quick if webhook.due > story.told_until and webhook.account.source != "midtrans"
    ]
    assert left
    assert set(left) <= set(taken.bodies)


async def test_it_goes_on_until_it_is_stopped(settings, gateway, monkeypatch) -> None:
    """While it runs somebody orders again and again, each webhook when it is due."""
    taken, url = gateway
    monkeypatch.setattr(demo, "NEXT_ORDER", 100)
    selling = demo.Selling(settings, url, Quiet())
    await selling.catch_up()
    taken.bodies.clear()
    task = asyncio.create_task(selling.go_on())
    async with asyncio.timeout(20):
        while sum(body.startswith(b'{"type":"order_placed"') for body in taken.bodies) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    task.cancel()


async def test_the_buyer_to_show_has_orders(settings, gateway, clock) -> None:
    """The buyer's page that the demo shows belongs to somebody who ordered."""
    taken, url = gateway
    selling = demo.Selling(settings, url, Quiet())
    await selling.catch_up()
    assert any(f'"buyer_id":"{selling.buyer.partition(":")[2]}"'.encode() in body for body in taken.bodies)
    assert selling.seller in demo.SELLERS
