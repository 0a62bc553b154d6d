"""Pages over HTTP: who sees what, in which language, with which headers, and what they never show."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from analytics import pages
from analytics.access import OPERATOR, Viewer
from analytics.api.app import build
from analytics.pages.sellers.shop import DUE
from schemas.statuses import BUYER_TABS, SELLER_TABS
from tests.analytics.conftest import KOPI, MELATI, SITI

BUDI, NEW = Viewer("buyer", "buyer-2"), Viewer("seller", "toko-baru")
HOMES = [(MELATI, "/"), (SITI, "/buyer"), (OPERATOR, "/ops"), (NEW, "/"), (Viewer("buyer", "nobody"), "/buyer")]


@pytest.fixture
async def browse(services) -> AsyncIterator:
    """Makes a browser with the sessions of these viewers."""
    app = build(services)
    pages.join(app)
    browsers = []

    def make(*viewers: Viewer, **headers: str) -> httpx.AsyncClient:
        cookies = {f"arus-{viewer.role}": services.tokens.make(viewer) for viewer in viewers}
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Accept": "text/html", "Accept-Language": "en", **headers}
        browsers.append(
            httpx.AsyncClient(transport=transport, base_url="http://arus.test", headers=headers, cookies=cookies)
        )
        return browsers[-1]

    yield make
    for browser in browsers:
        await browser.aclose()


def order_of(services, viewer: Viewer, **wanted: str) -> str:
    return services.report("orders", viewer, limit=1, **wanted)[0]["order_id"]


@pytest.mark.parametrize(("viewer", "path"), HOMES, ids=lambda value: getattr(value, "id", value))
@pytest.mark.parametrize("lang", ["id", "en"])
async def test_every_home_opens(browse, viewer, path, lang):
    """Each role's first page opens in each language, also with nothing to show, and says its language."""
    answer = await browse(viewer).get(path, params={"lang": lang})
    assert answer.status_code == 200
    assert f'<html lang="{lang}"' in answer.text
    assert answer.headers["content-language"] == lang


@pytest.mark.parametrize(
    "path",
    ["/", "/orders", "/orders?tab=completed", "/at-risk", "/notices", "/rates/LDR", "/buyer", "/ops", "/ops/senders"],
)
async def test_pages_may_load_from_us_alone_and_are_kept_nowhere(browse, path):
    """No page allows inline scripts, inline styles or anything from elsewhere, nor may a cache keep it."""
    answer = await browse(MELATI, SITI, OPERATOR).get(path)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "no-store" in answer.headers["cache-control"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=|javascript:", answer.text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


async def test_nobody_is_asked_to_sign_in(browse):
    """Without a session a page is the sign-in form, answered 401, and it posts the token to us."""
    answer = await browse().get("/orders")
    assert answer.status_code == 401
    assert '<form method="post" action="/enter">' in answer.text
    assert "arus_" in answer.text


async def test_a_wrong_token_is_told_on_the_form(browse):
    """A token that is wrong brings the form back with a sentence."""
    answer = await browse(Origin="http://arus.test", Host="arus.test").post("/enter", data={"token": "arus_wrong"})
    assert answer.status_code == 401
    assert "That token is wrong" in answer.text


async def test_another_role_is_shown_the_way_to_its_own_pages(browse):
    """A buyer who opens the seller's page is told so and led to the buyer's pages."""
    answer = await browse(SITI).get("/")
    assert answer.status_code == 403
    assert 'href="/buyer"' in answer.text


@pytest.mark.parametrize("live", ["", "/live"])
async def test_no_seller_sees_the_order_of_another(browse, services, live):
    """Another seller's order is not there: 404, as for one that never was; its live stream too."""
    theirs = order_of(services, KOPI)
    browser = browse(MELATI)
    refused, unknown = await browser.get(f"{live}/orders/{theirs}"), await browser.get(f"{live}/orders/tiktok_shop:1")
    assert refused.status_code == unknown.status_code == 404
    assert theirs.partition(":")[2] not in refused.text


@pytest.mark.parametrize("live", ["orders", "live"])
async def test_no_buyer_sees_the_order_of_another(browse, services, live):
    """Another buyer's order is not there, neither the page nor its live stream."""
    answer = await browse(BUDI).get(f"/buyer/{live}/{order_of(services, SITI)}")
    assert answer.status_code == 404


async def test_lists_hold_the_viewers_orders_alone(browse, services):
    """Every order on the pages of a seller and of a buyer is their own."""
    for viewer, paths in ((KOPI, ("/", "/orders", "/at-risk", "/notices", "/rates/OTDR")), (SITI, ("/buyer",))):
        own = {row["order_id"] for row in services.report("orders", viewer, limit=10_000)}
        for path in paths:
            text = (await browse(viewer).get(path)).text
            assert {*re.findall(r'/orders/([a-z_]+:[^"?]+)"', text)} <= own, path


async def test_a_buyer_is_not_told_what_is_the_shops(browse, services):
    """The buyer's page has no anomalies, no raw bytes, no article numbers and no names of senders' codes."""
    order_id = order_of(services, SITI, tab="in_transit")
    text = (await browse(SITI).get(f"/buyer/orders/{order_id}")).text
    assert "/v1/events/" not in text
    assert "Event trail" not in text
    assert "SKU" not in text
    sku = services.report("order", OPERATOR, order_id=order_id)[0]["facts"].split('"sku":"')[1].split('"')[0]
    assert sku not in text


async def test_the_sellers_order_page_leads_down_to_the_bytes(browse, services):
    """Each event of the trail links to the webhook that told it, as the seller."""
    order_id = order_of(services, MELATI, tab="shipping")
    text = (await browse(MELATI).get(f"/orders/{order_id}")).text
    events = services.report("trail", MELATI, order_id=order_id)
    assert events
    for event in events:
        assert f"/v1/events/{event['event_id']}/raw?as=seller" in text


@pytest.mark.parametrize(("viewer", "path", "tabs"), [(MELATI, "/orders", SELLER_TABS), (SITI, "/buyer", BUYER_TABS)])
async def test_tabs_count_what_they_list(browse, services, viewer, path, tabs):
    """The number on each tab is the number of orders in it, and all that are listed belong there."""
    browser = browse(viewer)
    text = (await browser.get(path)).text
    counts = {
        tab: int(n.replace(",", "")) for tab, n in re.findall(r'\?tab=(\w+)"[^>]*>[^<]*<span>([\d,]+)</span>', text)
    }
    assert set(counts) == set(tabs)
    for tab, count in counts.items():
        assert count == len(services.report("orders", viewer, tab=tab, limit=10_000))


@pytest.mark.parametrize("kind", ["cancellation_asked", "silent", "return_to_answer"])
async def test_a_tile_leads_to_just_the_orders_that_it_counts(browse, services, kind):
    """The number on a tile is the number of orders behind its link."""
    count = services.report("todo", MELATI, now=services.now())[0][kind]
    text = (await browse(MELATI).get("/orders", params={"waiting": kind})).text
    assert text.count("<tr data-key=") == count


@pytest.mark.parametrize("kind", DUE)
async def test_a_promises_tile_leads_to_just_the_orders_that_are_late_or_soon_late(browse, services, kind):
    """What a tile of Today counts is what its link lists; a kind with nothing has no tile."""
    rows = {row["promise"]: row for row in services.report("due", KOPI, now=services.now())}
    late, soon = (rows[kind]["late"], rows[kind]["soon"]) if kind in rows else (0, 0)
    browser, door = browse(KOPI), f"/at-risk?promise={kind}"
    tile = re.search(rf'<a href="{re.escape(door)}".*?</a>', (await browser.get("/")).text)
    told = re.findall(r">(\d+) (late|due soon)<", tile[0]) if tile else []
    assert told == [(str(count), words) for count, words in ((late, "late"), (soon, "due soon")) if count]
    listed = (await browser.get(door)).text
    assert (listed.count(" late</span>"), listed.count(" left</span>")) == (late, soon)


async def test_search_finds_by_order_tracking_number_and_buyer(browse, services):
    """The search takes an order's id, a tracking number or a name, and says what it looked for."""
    row = services.report("orders", MELATI, tab="shipping", limit=1)[0]
    for q in (row["order_id"].partition(":")[2], row["tracking_number"].lower(), row["buyer_name"]):
        text = (await browse(MELATI).get("/orders", params={"q": q})).text
        assert row["order_id"] in text
        assert f"Found for “{q}”" in text


async def test_older_orders_follow_without_gap_or_repeat(browse, services):
    """Page after page every order comes once, newest first."""
    browser, path, seen = browse(MELATI), "/orders", []
    while path:
        text = (await browser.get(path)).text
        seen += re.findall(r'<tr data-key="([^"]+)"', text)
        follows = re.search(r'href="([^"]+)" rel="next"', text)
        path = follows[1].replace("&amp;", "&") if follows else ""
    assert seen == [row["order_id"] for row in services.report("orders", MELATI, limit=10_000)]


async def test_the_language_is_remembered(browse):
    """A language asked for in the address is kept in a cookie; the switch keeps the rest of the address."""
    browser = browse(MELATI)
    first = await browser.get("/orders?tab=ready&lang=id")
    assert "Siap dikirim" in first.text
    assert 'href="?tab=ready&amp;lang=en"' in first.text
    assert "Pesanan" in (await browser.get("/orders")).text


@pytest.mark.parametrize("path", ["/nowhere", "/rates/XYZ", "/orders/", "/static/x/../../site.py", "/static/x/site.py"])
async def test_what_is_not_there_is_a_page_too(browse, path):
    """Whatever is not there is answered 404 with a page, with a way back and no inner detail."""
    answer = await browse(MELATI).get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


async def test_nonsense_in_the_address_does_no_harm(browse):
    """Parameters that make no sense count as not given."""
    for query in (
        "tab=nonsense&cursor=%00",
        "cursor=nonsense",
        "q=%25%27%22--",
        "status=';drop",
        "lang=xx&tab=%F0%9F%92%A3",
    ):
        answer = await browse(MELATI).get(f"/orders?{query}")
        assert answer.status_code == 200, query


async def test_files_are_ours_immutable_and_compressed(browse):
    """Style sheet and scripts come compressed, may be kept for ever, and change their address with their content."""
    browser = browse(MELATI)
    text = (await browser.get("/")).text
    addresses = set(re.findall(r'(?:src|href)="(/static/[^"#]+)', text))
    assert len(addresses) >= 5
    total = 0
    for address in addresses:
        answer = await browser.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        total += int(answer.headers["content-length"])
    assert total < 40_000


async def test_a_page_is_small(browse):
    """The seller's first page is at most 20 KB over the wire, and no page of the operator more than that."""
    for viewer, path in ((MELATI, "/"), (OPERATOR, "/ops")):
        async with browse(viewer).stream("GET", path) as answer:
            size = sum([len(part) async for part in answer.aiter_raw()])
        assert size < 20_000, path
