"""Promises by the settings: when they are near, and a seller's own stricter times, which are nobody else's to see."""

from collections.abc import AsyncIterator

import httpx
import pytest

from analytics import pages
from analytics.access import OPERATOR, Tokens, Viewer
from analytics.api.app import build
from analytics.api.services import Services
from analytics.loading import Loading
from analytics.monitor import Monitor
from analytics.warehouse import Warehouse
from pipeline import codec
from pipeline.sections import Policy, Promises
from pipeline.settings import Settings
from pipeline.streams.agent import Batch
from schemas.times import HOUR
from tests.agents.events import ORDER, START, order_of, tell
from tests.analytics.conftest import Silent
from tests.analytics.seed import Record

NOW = START + 4 * HOUR
SELLER, BUYER = Viewer("seller", "toko"), Viewer("buyer", "b1")


@pytest.fixture
async def ask(tmp_path) -> AsyncIterator:
    """Asks an API and pages with these settings about one order that was paid an hour after it came."""
    warehouse = Warehouse(tmp_path / "arus.duckdb")
    order = order_of(tell("order_placed"), tell("payment_paid", 1))
    record = Record(ORDER.encode(), codec.encode(order), 0, NOW)
    Loading(warehouse, clock=lambda: NOW).write([Batch("order.snapshots", 0, [record])], {("order.snapshots", 0): 1})

    async def get(viewer: Viewer, path: str, **said) -> httpx.Response:
        tokens = Tokens(tmp_path)
        settings = Settings(home=tmp_path, **said)
        monitor = Monitor(Silent(), lambda: NOW)
        app = build(Services(settings, warehouse, tokens, monitor, loading=lambda: True, now=lambda: NOW))
        pages.join(app)
        headers = {"Authorization": f"Bearer {tokens.make(viewer)}", "Accept-Language": "en"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://arus.test", headers=headers) as api:
            return await api.get(path)

    yield get
    warehouse.close()


OWN = (Policy(seller="toko", promise="dispatch", hours=2), Policy(seller="other", promise="confirm", hours=1))


async def promises(ask, viewer: Viewer, **said) -> dict[str, tuple[str, str]]:
    told = (await ask(viewer, f"/v1/orders/{ORDER}", **said)).json()["promises"]
    return {each["promise"]: (each["state"], each["policy"]) for each in told}


async def test_a_promise_is_near_when_the_settings_say(ask):
    """The same by API and on the page: three of 24 hours are an eighth."""
    assert (await promises(ask, SELLER))["confirm"][0] == "open"
    near = Promises(near="0.1")
    assert (await promises(ask, SELLER, promises=near))["confirm"][0] == "near"
    assert "Due soon" not in (await ask(SELLER, f"/orders/{ORDER}")).text
    assert "Due soon" in (await ask(SELLER, f"/orders/{ORDER}", promises=near)).text


async def test_a_sellers_own_time_is_the_sellers_to_see(ask):
    """It says whose time it is; an operator and a buyer see the marketplace's."""
    assert (await promises(ask, SELLER, policies=OWN))["dispatch"] == ("broken", "your own: 2 hours")
    assert (await promises(ask, SELLER, policies=OWN))["confirm"][0] == "open"
    for viewer in (OPERATOR, BUYER):
        told = (await promises(ask, viewer, policies=OWN))["dispatch"]
        assert told[0] == "open"
        assert told[1].startswith("TikTok Shop Indonesia")
    assert "2 h 00 m, your own time" in (await ask(SELLER, f"/orders/{ORDER}", policies=OWN)).text
    assert "your own time" not in (await ask(BUYER, f"/buyer/orders/{ORDER}", policies=OWN)).text
