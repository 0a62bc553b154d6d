"""The page of dead letters on a real Kafka: tried out first, sent once, and by nobody's form but ours."""

import httpx
import pytest

from analytics import pages
from analytics.access import OPERATOR, Tokens
from analytics.api.app import build
from analytics.api.services import Services
from analytics.monitor import Monitor
from pipeline.settings import Settings
from tests.analytics.conftest import MELATI, Silent
from tests.analytics.seed import NOW
from tests.analytics.test_api_kafka import bury, own, values

__all__ = ["own"]  # a fixture

ADDRESS, OURS = "/ops/dead-letters", {"Origin": "http://arus.test"}


@pytest.fixture
async def browser(own, warehouse, tmp_path):
    tokens = Tokens(tmp_path)
    monitor, settings = Monitor(Silent(), lambda: NOW), Settings(home=tmp_path, kafka=own)
    app = build(Services(settings, warehouse, tokens, monitor, loading=lambda: True, now=lambda: NOW))
    pages.join(app)
    cookies = {"arus-operator": tokens.make(OPERATOR), "arus-seller": tokens.make(MELATI)}
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://arus.test", cookies=cookies, headers=headers
    ) as client:
        yield client


async def test_letters_are_tried_out_then_sent_once(browser, own):
    """A dry run says how many and sends none; sending sends them, says so, and leaves none to send."""
    bury(own, ("undecodable", "{"), ("unknown_type", "{}"), ("unknown_type", "[]"))
    assert "unknown type" in (await browser.get(ADDRESS)).text
    form = {"step": "tracking", "cause": "unknown_type"}
    tried = await browser.post(ADDRESS, data=form | {"dry_run": "yes"}, headers=OURS)
    assert "<strong>2</strong> records would be sent again" in tried.text
    assert values(own, "orders") == []
    sent = await browser.post(ADDRESS, data=form, headers=OURS)
    assert sent.status_code == 303
    assert "<strong>2</strong> records were sent again" in (shown := await browser.get(sent.headers["location"])).text
    assert "all sent again" in shown.text
    assert values(own, "orders") == [b"{}", b"[]"]


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_a_form_of_another_site_sends_nothing(browser, own, headers):
    """What another site makes a browser send with our session is refused."""
    bury(own, ("unknown_type", "{}"))
    answer = await browser.post(ADDRESS, data={"step": "tracking", "cause": "unknown_type"}, headers=headers)
    assert answer.status_code == 403
    assert values(own, "orders") == []


async def test_a_silent_kafka_is_a_page_that_says_so(browser, own_kafka):
    """While Kafka does not answer the page says that, and that one may try again."""
    own_kafka.stop()
    answer = await browser.get(ADDRESS)
    assert answer.status_code == 503
    assert "A part of Arus does not answer" in answer.text
