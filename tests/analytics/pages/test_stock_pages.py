"""The seller's stock in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.analytics.seed import ITEMS


@pytest.mark.xdist_group("pages")
def test_a_seller_sees_what_is_urgent_and_why(visit):
    """From the list, oversold first, to an article, to an order that it is for; on a phone and without scripts."""
    page = visit("seller", "/", java_script_enabled=False, viewport={"width": 390, "height": 844})
    page.get_by_role("link", name="Stock", exact=True).click()
    expect(page.locator("tr[data-key] .chip").first).to_have_text("Oversold")
    expect(page.locator("tr[data-key]")).to_have_count(len(ITEMS))
    page.get_by_role("link", name="Low").click()
    expect(page.locator("tr[data-key]")).to_have_count(1)
    page.get_by_role("searchbox").fill("kopi")
    page.goto("/stock?q=kopi")
    page.locator("tr[data-key] a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kopi Gayo bubuk 500 g")
    page.locator("li[data-key] a").first.click()
    expect(page.locator("#trail")).to_be_visible()
