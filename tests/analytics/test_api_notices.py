"""The stream of notices: live, resumable, one look for all who listen, and over when it must be."""

import asyncio
import socket
from contextlib import asynccontextmanager

import httpx
import pytest

from analytics.access import OPERATOR, Tokens
from analytics.api.app import build
from analytics.api.services import Services
from analytics.loading import Loading
from analytics.monitor import Monitor
from analytics.server import _server
from analytics.warehouse import Warehouse
from pipeline import codec
from pipeline.settings import Settings
from schemas.notices import Notice
from tests.analytics.conftest import KOPI, MELATI, SITI, Silent
from tests.analytics.seed import NOW, Kafka


class Shop:
    """A running API on a warehouse of its own, to which notices come."""

    def __init__(self, home):
        self.kafka, self.warehouse = Kafka(), Warehouse(home / "arus.duckdb")
        self.services = Services(
            Settings(home=home),
            self.warehouse,
            Tokens(home),
            Monitor(Silent(), lambda: NOW),
            loading=lambda: True,
            now=lambda: NOW,
        )
        self.loading, self.told = Loading(self.warehouse, clock=lambda: NOW), 0

    async def notify(self, viewer, times=1):
        """Loads notices to a viewer, as the loader does."""
        for _ in range(times):
            self.told += 1
            notice = Notice(
                f"n{self.told}", viewer.audience, "delivered", "tiktok_shop:1", NOW, "e", {"carrier": "jnt"}
            )
            self.kafka.add("notices", viewer.audience, codec.encode(notice), NOW)
        await asyncio.to_thread(self.kafka.write, self.loading)

    def headers(self, viewer, **more):
        """What a listener of this viewer sends."""
        return {"Authorization": f"Bearer {self.services.tokens.make(viewer)}", **more}


@pytest.fixture
async def shop(tmp_path):
    """A running shop, and its address."""
    made, listener = Shop(tmp_path), socket.create_server(("127.0.0.1", 0))
    server = _server(build(made.services))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    made.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    yield made
    made.services.close()
    server.should_exit = True
    await serving
    made.warehouse.close()


@asynccontextmanager
async def listening(shop, viewer, **headers):
    """Opens the stream as a viewer and gives what reads its next notices' ids."""
    async with (
        httpx.AsyncClient(base_url=shop.address, timeout=20) as browser,
        browser.stream("GET", "/v1/notices/stream", headers=shop.headers(viewer, **headers)) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert await anext(lines) == "retry: 2000"

        async def heard(count):
            return [line[4:] for _ in range(count) async for line in _ids(lines)]

        yield heard


async def _ids(lines):
    async for line in lines:
        if line.startswith("id: "):
            yield line
            return


async def test_each_hears_their_own(shop):
    """A seller, a buyer and an operator listen; nobody hears another's."""
    async with listening(shop, MELATI) as melati, listening(shop, SITI) as siti, listening(shop, OPERATOR) as operator:
        await shop.notify(KOPI)
        await shop.notify(MELATI)
        await shop.notify(SITI)
        assert await melati(1) == ["2"]
        assert await siti(1) == ["3"]
        assert await operator(3) == ["1", "2", "3"]


async def test_only_what_is_new_is_told(shop):
    """Who comes later reads the inbox for what was before."""
    await shop.notify(MELATI, times=3)
    async with listening(shop, MELATI) as heard:
        await shop.notify(MELATI)
        assert await heard(1) == ["4"]


async def test_a_break_loses_nothing(shop):
    """The browser says what it heard last."""
    await shop.notify(MELATI, times=5)
    async with listening(shop, MELATI, **{"Last-Event-ID": "2"}) as heard:
        assert await heard(3) == ["3", "4", "5"]


async def test_a_place_beyond_the_newest_is_the_newest(shop):
    """A warehouse made anew may count less than before."""
    await shop.notify(MELATI, times=3)
    async with listening(shop, MELATI, **{"Last-Event-ID": "900"}) as heard:
        await shop.notify(MELATI)
        assert await heard(1) == ["4"]


async def test_many_at_once_come_in_order(shop):
    """More than one turn of them."""
    async with listening(shop, MELATI) as heard:
        await shop.notify(MELATI, times=250)
        assert await heard(250) == [str(number) for number in range(1, 251)]


@pytest.mark.parametrize("odd", ["x", "-1", "1" * 21, "²", "9999999999999999999"])
async def test_an_odd_place_to_go_on_from_breaks_nothing(shop, odd):
    """It is no place: told from now on, or refused."""
    async with httpx.AsyncClient(base_url=shop.address) as browser:
        headers = [
            (name.encode(), value.encode()) for name, value in shop.headers(MELATI, **{"Last-Event-ID": odd}).items()
        ]
        async with browser.stream("GET", "/v1/notices/stream", headers=headers) as answer:
            assert answer.status_code in (200, 422)


async def test_a_listener_who_left_is_forgotten(shop):
    """Nothing is looked up for nobody."""
    async with listening(shop, MELATI) as heard:
        await shop.notify(MELATI)
        await heard(1)
    await shop.notify(MELATI)
    async with asyncio.timeout(10):
        while shop.services.bell.listeners:
            await asyncio.sleep(0.05)
            await shop.notify(MELATI)


async def test_a_revoked_token_hears_no_more(shop):
    """At the next notice the stream ends instead."""
    token = shop.services.tokens.make(MELATI)
    async with listening(shop, MELATI, Authorization=f"Bearer {token}") as heard:
        await shop.notify(MELATI)
        assert await heard(1) == ["1"]
        shop.services.tokens.revoke(token)
        await shop.notify(MELATI)
        assert await heard(1) == []


async def test_streams_end_with_the_process(shop):
    """So that it can end."""
    async with listening(shop, MELATI) as heard:
        shop.services.close()
        assert await heard(1) == []
