"""Doing something on an order's page with a real browser: without a script, by keyboard, and seen live by others."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.analytics.pages.test_layout import RULES

pytestmark = pytest.mark.xdist_group("pages")


def open_order(visit, status: str, *, who: str = "seller", **how) -> Page:
    """Opens the newest order in a status."""
    page = visit(who, f"/orders?status={status}" if who == "seller" else "/buyer", **how)
    page.goto(page.locator("main a[href*='/orders/']").first.get_attribute("href") or "")
    return page


def test_a_seller_confirms_and_ships_without_a_script(visit):
    """Forms, buttons and the answer need none; what is left to do is the next step."""
    page = open_order(visit, "new", java_script_enabled=False)
    page.get_by_role("button", name="Confirm the order").click()
    expect(page.get_by_role("status").filter(has_text="Done.")).to_be_visible()
    expect(page.locator("#state")).to_contain_text("Ready to ship")
    page.get_by_text("Arrange shipping", exact=True).first.click()
    page.get_by_label("Carrier").fill("JNE")
    page.get_by_label("Tracking number").fill("CGK-77")
    page.get_by_label("Insured").check()
    page.get_by_role("button", name="Arrange shipping").click()
    expect(page.locator("#state")).to_contain_text("Awaiting collection")
    expect(page.locator("#parcels")).to_contain_text("CGK-77")


def test_what_one_does_another_sees(visit):
    """On a page that stays open the order moves on, and what can be done with it too."""
    watching = open_order(visit, "new")
    expect(watching.get_by_role("button", name="Confirm the order")).to_be_visible()
    doing = visit("seller", watching.url)
    doing.get_by_role("button", name="Confirm the order").click()
    expect(doing.locator("#state")).to_contain_text("Ready to ship")
    expect(watching.locator("#state")).to_contain_text("Ready to ship")
    expect(watching.locator("#acts")).to_contain_text("Arrange shipping")
    expect(watching.get_by_role("button", name="Confirm the order")).to_have_count(0)


def test_every_form_is_accessible_when_it_is_open(visit):
    """Axe finds nothing in the forms themselves, nor in an answer; what a reader opened no live patch closes."""
    page = open_order(visit, "ready_to_ship", bypass_csp=True)
    page.evaluate("document.querySelectorAll('#acts details').forEach(each => each.open = true)")
    expect(page.locator("html")).to_have_attribute("data-stream", "open")
    assert not violations(page)
    page.locator("#cancel-reason").fill("sold out")
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.locator("#state")).to_contain_text("Cancelled")
    assert not violations(page)


def violations(page: Page) -> list:
    """Gives what axe finds."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [(v["id"], [node["html"][:120] for node in v["nodes"]][:3]) for v in found]
