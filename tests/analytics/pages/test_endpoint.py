"""The page of a seller's own endpoint over HTTP: each button, and the secret that is shown once."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from analytics import pages
from schemas.endpoints import Standing, sending_id
from tests.analytics.seed import NOW
from tests.analytics.test_endpoint import SELLER, URL, door, stream

__all__ = ["door", "stream"]  # fixtures

PAGE = "/settings/endpoint"


@pytest.fixture
async def page(door) -> AsyncIterator[httpx.AsyncClient]:
    """A browser with the seller's session."""
    api = door()
    app = api._transport.app
    pages.join(app)
    cookies = {"arus-seller": app.state.services.tokens.make(SELLER)}
    headers = {"Accept": "text/html", "Accept-Language": "en", "Sec-Fetch-Site": "same-origin"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://arus.test", headers=headers, cookies=cookies
    ) as made:
        yield made
    await api.aclose()


async def test_the_first_url_shows_the_secret_and_nothing_later_does(page, stream):
    """Only the answer to the form has it; the page that is opened then has none."""
    saved = await page.post(PAGE, data={"url": URL})
    [secret] = set(re.findall(r"whsec_[\w+/=]+", saved.text))
    assert (saved.status_code, secret) == (200, stream.set[0].secret)
    assert "whsec_" not in (await page.get(PAGE)).text
    again = await page.post(f"{PAGE}/secret")
    assert stream.set[-1].secret in again.text
    assert stream.set[-1].secret != secret


async def test_a_url_that_may_not_be_is_told_on_the_form(page, stream):
    """With what was typed still in it."""
    refused = await page.post(PAGE, data={"url": "https://10.0.0.1/x"})
    assert refused.status_code == 422
    assert 'value="https://10.0.0.1/x"' in refused.text
    assert "public internet" in refused.text
    assert not stream.set


async def test_words_to_buyers_are_ticked(page, stream):
    """What is ticked is set, and shown ticked."""
    saved = await page.post(PAGE, data={"url": URL, "shipped": "yes", "delivered": "yes"})
    assert stream.set[-1].messages == ["shipped", "delivered"]
    assert len(re.findall(r'<input type="checkbox"[^>]* checked>', saved.text)) == 2
    await page.post(PAGE, data={"url": URL})
    assert stream.set[-1].messages == []


async def test_buttons_ask_for_what_they_say(page, stream):
    """A test, one message again, all that did not arrive; each leads back to the page with a sentence."""
    await page.post(PAGE, data={"url": URL})
    stream.send("n1", "failed", answer="500", attempts=10, attempted_at=NOW)
    stream.send("n2", "delivered", answer="204", attempts=1, attempted_at=NOW)
    shown = (await page.get(PAGE)).text
    assert (shown.count("Given up"), shown.count("Arrived"), shown.count("10 attempts")) == (1, 1, 1)
    for path, data, sentence in (
        ("test", {}, "A test message is on its way."),
        ("again", {"sending_id": sending_id("n2")}, "It is sent again."),
        ("again", {}, "It is sent again."),
    ):
        done = await page.post(f"{PAGE}/{path}", data=data, follow_redirects=True)
        assert sentence in done.text
    assert [wish.notice.notice_id for _, wish in stream.wishes][1:] == ["n2", "n1"]
    assert (await page.post(f"{PAGE}/nothing")).status_code == 404


async def test_a_paused_endpoint_says_why_and_is_resumed(page, stream):
    """The button is there just while it is paused."""
    await page.post(PAGE, data={"url": URL})
    stream.stand(Standing("kios", NOW - 9, NOW - 5, "410", NOW - 5))
    paused = (await page.get(PAGE)).text
    assert ">Resume<" in paused
    assert "410" in paused
    resumed = await page.post(f"{PAGE}/resume", follow_redirects=True)
    assert ">Resume<" not in resumed.text
    assert "It works again." in resumed.text


async def test_another_sites_form_is_refused(page, stream):
    """Nothing is set by it."""
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert (await page.post(PAGE, data={"url": URL}, headers=foreign)).status_code == 403
    assert not stream.set
