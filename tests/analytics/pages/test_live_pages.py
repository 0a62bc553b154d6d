"""Live pages in a real browser, with the content security policy on."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.xdist_group("pages")

WATCHED = "#lag-arus-loading-order-snapshots-2"
BEHIND = f"{WATCHED} td:nth-child(3)"


def move(served, order_id: str, status: str) -> None:
    address = f"{served.url}/-/orders/{order_id}?status={status}"
    assert httpx.post(address).status_code == 200


def tell_that_all_is_well(page: Page) -> None:
    """Makes the page come with another verdict than its first patch brings."""

    def answer(route) -> None:
        response = route.fetch()
        route.fulfill(
            response=response, body=re.sub("data-announced>[^<]*<", "data-announced>All is well<", response.text())
        )

    page.route("**/ops", answer)


def first_order(page: Page, tab: str) -> str:
    page.goto(f"/orders?tab={tab}")
    return page.locator("#rows tr[data-key]").first.get_attribute("data-key") or ""


def test_a_cell_changes_pauses_and_goes_on(visit):
    """A live cell changes by itself, stands still while paused, and goes on after that."""
    page = visit("operator", "/ops")
    cell = page.locator(BEHIND)
    before = cell.inner_text()
    expect(cell).not_to_have_text(before)
    page.get_by_role("button", name="Pause").click()
    frozen = cell.inner_text()
    page.wait_for_timeout(2_500)
    expect(cell).to_have_text(frozen)
    page.get_by_role("button", name="Resume").click()
    expect(cell).not_to_have_text(frozen)


def test_focus_survives_patches(visit, served):
    """A link that has the focus keeps it while its list is patched around it, also when its place changes."""
    page = visit("seller", "/")
    rows = page.locator("#risk li[data-key]")
    first, second = (rows.nth(i).get_attribute("data-key") or "" for i in (0, 1))
    link = rows.nth(1).locator("a")
    link.focus()
    move(served, first, "cancelled")
    expect(rows.first).to_have_attribute("data-key", second)
    expect(link).not_to_be_focused()
    expect(rows.first.locator("a")).to_be_focused()


def test_an_order_moves_before_the_eyes_of_its_seller_and_its_buyer(visit, served):
    """A new state of an order reaches open pages: the order's own page and the counts of tabs."""
    list_page = visit("seller", "/orders")
    order_id = first_order(list_page, "ready")
    today = visit("seller", "/")
    count = today.locator("#tabs a", has_text="In shipping").locator("span")
    before = int(count.inner_text().replace(",", ""))
    one = visit("seller", f"/orders/{order_id}")
    expect(one.locator("#state h2")).not_to_have_text("In transit")
    move(served, order_id, "in_transit")
    expect(one.locator("#state h2")).to_have_text("In transit")
    expect(one.locator("#timeline li").first).to_contain_text("In transit")
    expect(count).to_have_text(str(before + 1))


def test_rows_keep_their_place_and_their_identity(visit):
    """Rows of tables are patched in place, also those far down: a parser must not drop them."""
    page = visit("operator", "/ops")
    page.get_by_label("Only what needs a look").uncheck()
    last = page.locator("table.lag tbody").last.locator("tr").last.locator("th .small")
    before = last.inner_text()
    page.evaluate("window.row = [...document.querySelectorAll('table.lag tr')].at(-1)")
    expect(last).not_to_have_text(before)
    assert page.evaluate("window.row === [...document.querySelectorAll('table.lag tr')].at(-1)")


def test_what_is_well_can_be_hidden_without_scripts(visit):
    """Without JavaScript the checkbox still hides the partitions that are well, and pages are whole."""
    page = visit("operator", "/ops", java_script_enabled=False)
    well = page.locator("#lag-arus-intake-scans-0")
    expect(well).to_be_hidden()
    page.get_by_label("Only what needs a look").uncheck()
    expect(well).to_be_visible()


def test_a_change_of_verdict_is_spoken_and_numbers_are_not(visit):
    """A screen reader hears that the verdict changed, not every number."""
    page = visit("operator", "/ops", before=tell_that_all_is_well)
    told = page.locator("[data-announce]")
    expect(told).to_have_text(re.compile("partition"))
    page.evaluate(
        "window.told = 0; new MutationObserver(() => window.told++).observe("
        "document.querySelector('[data-announce]'), { childList: true, characterData: true, subtree: true })"
    )
    cell = page.locator(BEHIND)
    expect(cell).not_to_have_text(cell.inner_text())
    assert page.evaluate("told") == 0


def test_a_lost_server_is_told_and_found_again(visit, served):
    """A server that is killed shows as a lost connection; when it is back the page goes on by itself."""
    page = visit("operator", "/ops", calm=False)
    cell = page.locator(BEHIND)
    expect(cell).not_to_have_text(cell.inner_text())
    served.kill()
    try:
        expect(page.get_by_text("Connection lost")).to_be_visible()
    finally:
        served.start()
    expect(page.get_by_text("Connection lost")).to_be_hidden(timeout=30_000)
    before = cell.inner_text()
    expect(cell).not_to_have_text(before)


def test_rejected_webhooks_are_shown_with_their_reason_and_what_helps(visit):
    """By sender and reason since the gateways started, live; the verdict says whose secret to check."""
    page = visit("operator", "/ops")
    row = page.locator("#gateways tr", has_text="kopi-senja")
    expect(row).to_contain_text("wrong signature")
    rejected = row.locator("td").nth(1)
    expect(rejected).not_to_have_text(rejected.inner_text())
    expect(page.locator("#verdict")).to_contain_text("Check the secret of kopi-senja")
    expect(page.locator("#gateways tr", has_text="Midtrans")).to_contain_text("Kafka down 12")
    expect(page.locator("#gateways tr", has_text="Nobody")).to_contain_text("no such account 97")


def test_a_gateway_that_does_not_answer_is_shown_as_such(visit):
    """With the reason, beside one that answers."""
    page = visit("operator", "/ops")
    expect(page.locator("#gateways li", has_text="gateway-1")).to_contain_text("answers")
    silent = page.locator("#gateways li", has_text="gateway-2")
    expect(silent).to_contain_text("does not answer")
    expect(silent).to_contain_text("connection refused")
    expect(page.locator("#verdict")).to_contain_text("Gateway gateway-2:8600 has not answered", timeout=20_000)
