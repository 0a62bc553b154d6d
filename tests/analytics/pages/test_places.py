"""One shop on several marketplaces: a look at one part keeps to it from page to page, and says how to see all again."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.xdist_group("pages")


def test_marketplaces_stand_side_by_side_and_lead_to_their_part(visit):
    """The figures of Today are then those of that part, and every way from there keeps to it."""
    page = visit("seller", "/")
    whole = int(page.locator("#tabs a span").first.inner_text())
    channels = page.locator(".places .channel a")
    assert channels.count() == 2
    place = urlsplit(channels.first.get_attribute("href") or "").query
    channels.first.click()
    expect(page.locator(".title b")).to_contain_text("Only TikTok Shop")
    part = int(page.locator("#tabs a span").first.inner_text())
    assert 0 < part < whole
    wanted = parse_qs(place)
    for way in page.locator("#tabs a, .todo a, #rules a, a[href*='at-risk'], .foot a[href*='/orders']").all():
        kept = parse_qs(urlsplit(way.get_attribute("href") or "").query)
        assert {name: kept.get(name) for name in wanted} == wanted
    page.locator(".foot a[href*='/orders']").last.click()
    assert int(page.locator("#tabs a span").first.inner_text()) == part
    page.get_by_role("link", name="The whole shop").click()
    assert int(page.locator("#tabs a span").first.inner_text()) == whole


def test_a_marketplace_is_the_sum_of_its_channels_and_the_rest(visit):
    """The number of a row is that of the page that it leads to."""
    page = visit("seller", "/")
    total = page.locator(".places tbody tr:not(.channel)")
    paid = [int(text) for text in page.locator(".places .channel td:nth-child(2)").all_inner_texts()]
    told = int(total.locator("td").nth(1).inner_text())
    assert told > sum(paid) > 0
    total.locator("a").click()
    assert int(page.locator(".facts div:nth-child(3) dd").inner_text()) == told


def test_a_search_keeps_to_its_part(visit):
    """What is found is of that marketplace and channel."""
    page = visit("seller", "/orders?source=tiktok_shop&channel=live")
    page.locator("#q").fill("a")
    page.get_by_role("button", name="Search").click()
    assert re.search(r"channel=live", page.url)
    expect(page.locator(".title")).to_contain_text("live")


def test_a_part_that_is_none_is_empty_not_an_error(visit):
    """An old bookmark, or a slip of the pen."""
    page = visit("seller", "/?source=nowhere")
    expect(page.get_by_role("link", name="The whole shop")).to_be_visible()
