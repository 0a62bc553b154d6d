"""How pages hold together: no sideways scroll, no shift, no failure of accessibility, in light and dark."""

from itertools import product

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.xdist_group("pages")

PAGES = (
    ("seller", "/"),
    ("seller", "/orders"),
    ("seller", "/at-risk"),
    ("seller", "/at-risk?promise=dispatch"),
    ("seller", "/?source=tiktok_shop&channel=live"),
    ("seller", "/rates/LDR"),
    ("seller", "/notices"),
    ("seller", "/settings"),
    ("seller", "/settings/endpoint"),
    ("seller", "/stock"),
    ("seller", "/stock/HJB-VOAL"),
    ("new seller", "/stock"),
    ("seller", "{order}"),
    ("new seller", "/"),
    ("buyer", "/buyer"),
    ("buyer", "/buyer{order}"),
    ("other buyer", "/buyer?tab=returns"),
    ("odd seller", "/"),
    ("odd seller", "/orders"),
    ("odd seller", "{order}"),
    ("odd buyer", "/buyer"),
    ("odd buyer", "/buyer{order}"),
    ("operator", "/ops"),
    ("operator", "/ops/senders"),
    ("operator", "/ops/codes"),
    ("", "/"),
    ("seller", "/nowhere"),
)
WIDTHS = (320, 390, 768, 1024, 1440)
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture
def open_page(visit):
    """Opens one of PAGES; `{order}` is the newest order of whoever looks."""

    def open_one(who: str, path: str, **how) -> Page:
        if "{order}" in path:
            page = visit(who, "/buyer" if "buyer" in who else "/orders", **how)
            link = page.locator("main a[href*='/orders/']").first
            page.goto(link.get_attribute("href") or "")
            return page
        return visit(who, path, calm=path != "/nowhere" and who != "", **how)

    return open_one


@pytest.mark.parametrize(("who", "path"), PAGES)
def test_no_page_scrolls_sideways(open_page, who, path):
    """Nothing is wider than the window, from the smallest phone to the desktop, in the longer language."""
    page = open_page(who, path, lang="id")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert too_wide <= 0, f"{path} is {too_wide} px too wide at {width}"


@pytest.mark.parametrize(("who", "path"), PAGES)
def test_axe_finds_nothing(open_page, who, path):
    """No violation of WCAG 2.2 AA or of best practices is found by axe, in light and dark, on desktop and phone."""
    page = open_page(who, path, bypass_csp=True)
    for viewport, scheme in product((DESKTOP, PHONE), ("light", "dark")):
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page, options=RULES).response["violations"]
        told = [(v["id"], [node["html"][:120] for node in v["nodes"]][:3]) for v in found]
        assert not told, (scheme, viewport, told)


def test_a_preview_of_a_meaning_fits_and_axe_finds_nothing(visit):
    """What a form leads to is held to the same: the longest ids, on the smallest phone, in light and dark."""
    page = visit("operator", "/ops/codes", lang="id", bypass_csp=True)
    page.get_by_label("Arti U99").select_option("delivery_failed")
    page.locator("form.meaning", has_text="U99").get_by_role("button", name="Pratinjau").click()
    expect(page.get_by_role("button", name="Beri arti ini")).to_be_visible()
    expect(page.locator(".changes li")).to_have_count(50)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page, options=RULES).response["violations"]
        assert not [(v["id"], [node["html"][:120] for node in v["nodes"]][:3]) for v in found], scheme
    page.get_by_role("button", name="Beri arti ini").click()
    expect(page.get_by_role("status").first).to_contain_text("61 peristiwa disampaikan sekali lagi")


@pytest.mark.parametrize(("who", "path"), [("seller", "/"), ("operator", "/ops")])
def test_live_patches_shift_nothing(visit, who, path):
    """While patches come in, nothing on the page jumps."""
    page = visit(who, path)
    page.evaluate(
        """() => { window.shift = 0; new PerformanceObserver(list => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value
        }).observe({ type: 'layout-shift', buffered: true }) }"""
    )
    page.wait_for_timeout(4_000)
    assert page.evaluate("shift") < 0.02


def test_the_chart_is_read_by_keyboard(visit):
    """The arrow keys read the chart of sales day by day, from the table beside it."""
    page = visit("seller", "/")
    plot = page.locator("[data-chart]")
    plot.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".tip b")).to_have_text("Tuesday, 24 November, so far")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".tip b")).to_have_text("Monday, 23 November")
    expect(page.locator(".tip dl > div").first).to_contain_text("Kept")
    page.keyboard.press("Escape")
    expect(page.locator(".tip")).to_be_hidden()


def test_the_chart_is_read_by_pointer(visit):
    """Hovering shows the day under the pointer, inside the chart."""
    page = visit("seller", "/")
    plot = page.locator("[data-chart]")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box
    page.mouse.move(box["x"] + 5, box["y"] + 40)
    expect(page.locator(".tip b")).to_contain_text("26 October")
    tip = page.locator(".tip").bounding_box()
    assert tip
    assert tip["x"] >= box["x"]


def test_tabs_search_and_chart_need_no_scripts(visit):
    """Without JavaScript tabs change the list, the search finds, and the chart is drawn."""
    page = visit("seller", "/", java_script_enabled=False)
    assert page.locator("path.kept").count() == 2
    page.locator("#tabs a", has_text="Completed").click()
    expect(page.locator("#rows .chip").first).to_have_text("Completed")
    order = page.locator("#rows tr[data-key] .id a").first.inner_text()
    page.get_by_role("searchbox").fill(order)
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#rows tr[data-key]")).to_have_count(1)


def test_theme_and_language_are_remembered(visit):
    """What is switched on one page holds on the next."""
    page = visit("seller", "/", color_scheme="light")
    page.get_by_role("button", name="Switch light and dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("link", name="Bahasa Indonesia").click()
    expect(page.locator("html")).to_have_attribute("lang", "id")
    page.goto("/orders")
    expect(page.locator("html")).to_have_attribute("lang", "id")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_tracking_number_is_copied(visit):
    """The button beside a tracking number copies it and says so."""
    page = visit("seller", "/orders?tab=shipping")
    page.goto(page.locator("#rows .id a").first.get_attribute("href") or "")
    button = page.get_by_role("button", name="Copy the tracking number").first
    number = page.locator("#parcels .copyable code").first.inner_text()
    page.bring_to_front()
    page.evaluate("addEventListener('copy', event => window.copied = event.clipboardData.getData('text/plain'))")
    button.click()
    expect(button).to_have_attribute("data-copied", "Copied")
    assert page.evaluate("window.copied") == number


def test_a_live_page_leaves_the_word_that_it_was_copied(visit):
    """What the server sends meanwhile knows nothing of it, and must not take it away."""
    page = visit("seller", "/orders?tab=shipping")
    live = (page.locator("script[src$='page.js']").get_attribute("src") or "").replace("page.js", "live.js")
    kept = """async live => {
        const { morph } = await import(live)
        const old = document.createElement('button'), next = document.createElement('button')
        old.dataset.copied = 'Copied', old.title = 'old'
        morph(old, next)
        return [old.dataset.copied, old.title]
    }"""
    assert page.evaluate(kept, live) == ["Copied", ""]


def test_signing_in_and_out(visit, served):
    """A pasted token opens its own pages, a wrong one is told, and signing out closes them."""
    page = visit("", "/", calm=False)
    page.get_by_label("Token").fill("arus_nonsense")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("That token is wrong")
    page.get_by_label("Token").fill(served.tokens["buyer"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My orders")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
