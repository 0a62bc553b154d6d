"""What operators ask of gateways: what was accepted and rejected, by account and reason."""

from dataclasses import replace

import httpx
import pytest

from analytics.access import OPERATOR
from analytics.api.app import build
from analytics.scraper import Scraper
from pipeline.gateway.counters import Counters
from tests.analytics.conftest import MELATI
from tests.analytics.seed import NOW
from tests.analytics.test_api_session import problem

URLS = ("http://gateway-1:8600", "http://gateway-2:8600")


@pytest.fixture
async def api(services):
    """A client beside two gateways: one has rejected a webhook just now, the other is away."""
    scraper, counters = Scraper(URLS, lambda: NOW - 20_000), Counters(lambda: 0.0)
    counters.door("xendit", "kopi-senja").accepted.inc(7)
    for url in (*URLS, URLS[0]):
        scraper.scrape(url, {URLS[0]: lambda _: counters.text().decode()}.get(url, away))
        counters.door("xendit", "kopi-senja").refused("bad_signature").inc()
    app = build(replace(services, scraper=scraper))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://arus.test") as client:
        yield client


def away(url):
    raise TimeoutError("timed out")


def token(services, viewer):
    return {"Authorization": f"Bearer {services.tokens.make(viewer)}"}


async def test_an_operator_is_told_what_is_rejected_and_why(api, services):
    """With the gateway that does not answer, and all of it as a table too."""
    told = (await api.get("/v1/ops/gateways", headers=token(services, OPERATOR))).json()
    assert told["verdict"] == "attention"
    assert [(one["reason"], one["gateway"], one["account"], one["webhooks"]) for one in told["troubles"]] == [
        ("silent", "gateway-2:8600", None, 0),
        ("bad_signature", None, "kopi-senja", 2),
    ]
    assert [one["silent_since"] is None for one in told["gateways"]] == [True, False]
    [account] = told["accounts"]
    assert (account["accepted"], account["rejected"], account["rejected_last_minute"]) == (
        *(7, {"bad_signature": 2}),
        {"bad_signature": 2},
    )
    table = await api.get("/v1/ops/gateways?format=csv", headers=token(services, OPERATOR))
    assert "xendit,kopi-senja,bad_signature,2,2" in table.text


async def test_nobody_else_is_told(api, services):
    """A seller may not know who else sends."""
    assert problem(await api.get("/v1/ops/gateways", headers=token(services, MELATI))) == "forbidden"
