"""The page of codes on a real Kafka: what would change is shown first, and nobody's form but ours changes it."""

import dataclasses

import httpx
import msgspec
import pytest

from analytics import pages
from analytics.access import OPERATOR
from analytics.api.app import build
from analytics.api.services import Services
from pipeline.broker.codes import Change, Given
from schemas.codes import CodeMapped
from tests.agents.events import ORDER
from tests.analytics.conftest import MELATI
from tests.analytics.test_api_codes import strange, worded
from tests.analytics.test_api_kafka import own, values

__all__ = ["own", "strange", "worded"]  # fixtures

ADDRESS, OURS = "/ops/codes", {"Origin": "http://arus.test"}
FORM = {"kind": "scan", "source": "jne", "code": "U99", "carrier": "", "means": "out_for_delivery"}


def visit(services, viewer=OPERATOR, language="en"):
    """Gives a browser of whoever has this session."""
    app = build(services)
    pages.join(app)
    cookies = {f"arus-{viewer.role}": services.tokens.make(viewer)}
    headers = {"Accept": "text/html", "Accept-Language": language}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://arus.test", cookies=cookies, headers=headers)


async def test_a_code_is_tried_out_then_given_its_meaning(strange, own):
    """The list has its carrier's words, the preview the order before and after; confirming says what was done."""
    async with visit(strange) as browser:
        assert "Paket naik haji" in (await browser.get(ADDRESS)).text
        other = await browser.post(ADDRESS, data=FORM | {"carrier": "sicepat", "dry_run": "yes"}, headers=OURS)
        assert "<strong>0</strong> orders have such events" in other.text
        assert 'name="carrier" value="sicepat"' in other.text
        tried = await browser.post(ADDRESS, data=FORM | {"dry_run": "yes"}, headers=OURS)
        assert "<strong>1</strong> gets another status." in tried.text
        shown = tried.text
        assert shown.index(f"/ops/orders/{ORDER}") < shown.index("Awaiting collection") < shown.index("In transit")
        assert values(own, "codes") == []
        done = await browser.post(ADDRESS, data=FORM, headers=OURS)
        assert done.status_code == 303
        told = (await browser.get(done.headers["location"])).text
        again = await browser.post(ADDRESS, data=FORM | {"means": "lost", "dry_run": "yes"}, headers=OURS)
    assert "means “Out for delivery” now." in told
    assert "1 event was told once more." in told
    assert "It means “Out for delivery” so far" in again.text
    kept = {msgspec.json.decode(value, type=CodeMapped).milestone for value in values(own, "codes")}
    assert kept == {"out_for_delivery"}
    assert len(values(own, "scans")) == 2


async def test_a_word_for_a_status_means_one_of_ours(worded, own):
    """Its list of meanings has statuses, in people's words; tried out, then given."""
    word = {"kind": "status", "source": "shopee", "code": "SPLIT", "means": "completed"}
    async with visit(worded) as browser:
        listed = (await browser.get(ADDRESS)).text
        tried = (await browser.post(ADDRESS, data=word | {"dry_run": "yes"}, headers=OURS)).text
        done = await browser.post(ADDRESS, data=word, headers=OURS)
        told = (await browser.get(done.headers["location"])).text
    assert "status of orders · 1 event" in listed
    assert '<option value="ready_to_ship">Ready to ship</option>' in listed
    assert 'value="picked_up"' not in listed
    assert 'name="carrier"' not in listed
    assert "SPLIT as “Completed”" in tried
    assert tried.index(f"/ops/orders/{ORDER}") < tried.index("Awaiting collection") < tried.index("→")
    assert "means “Completed” now." in told
    kept = {msgspec.json.decode(value, type=CodeMapped).status for value in values(own, "codes")}
    assert kept == {"completed"}


async def test_the_preview_speaks_indonesian(services):
    """What it would change, and the button that does it."""
    changes = [Change(f"shop:{n}", "awaiting_collection", "in_transit", 1) for n in range(60)]
    async with visit(_giving(services, changes), language="id") as browser:
        tried = (await browser.post(ADDRESS, data=FORM | {"dry_run": "yes"}, headers=OURS)).text
    assert "<strong>60</strong> pesanan punya peristiwa seperti itu" in tried
    assert "dan 10 lagi" in tried
    assert "Beri arti ini" in tried


def _giving(services, changes):
    """Gives services beside a Kafka that has these orders with such scans."""
    given = Given("out_for_delivery", 0, changes)

    class Giving(Services):
        def give_meaning(self, mapping, *, dry_run):
            assert dry_run
            assert mapping.code == "U99"
            return given

    return Giving(**{field.name: getattr(services, field.name) for field in dataclasses.fields(services)})


WRONG = (
    *({"means": "unknown"}, {"means": ""}, {"code": ""}, {"code": "x" * 201}, {"kind": ""}, {"kind": "order"}),
    *({"kind": "status"}, {"means": "ready_to_ship"}, {"kind": "status", "means": "unknown"}),
)


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_form_without_a_meaning_is_refused(services, wrong):
    """Nobody asks Kafka, which is silent here, and the page says that something is wrong."""
    async with visit(services) as browser:
        assert (await browser.post(ADDRESS, data=FORM | wrong, headers=OURS)).status_code == 422


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_a_form_of_another_site_maps_nothing(services, headers):
    """What another site makes a browser send with our session is refused before Kafka is asked."""
    async with visit(services) as browser:
        assert (await browser.post(ADDRESS, data=FORM, headers=headers)).status_code == 403


async def test_codes_are_for_operators_alone(services):
    """A seller's session opens nothing here and maps nothing."""
    async with visit(services, MELATI) as browser:
        assert "Preview" not in (await browser.get(ADDRESS)).text
        assert (await browser.post(ADDRESS, data=FORM, headers=OURS)).status_code in (303, 401, 403)


async def test_a_silent_kafka_is_a_page_that_says_so(services):
    """The list is there, from the warehouse; a preview is not."""
    async with visit(services) as browser:
        assert (await browser.get(ADDRESS)).status_code == 200
        assert (await browser.post(ADDRESS, data=FORM | {"dry_run": "yes"}, headers=OURS)).status_code == 503
