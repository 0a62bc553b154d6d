"""What can be done on an order's page: forms without a script, refusals in words, and by nobody's form but ours."""

import re
from html import unescape

import httpx
import pytest

from analytics import pages
from analytics.access import Viewer
from tests.agents.events import ORDER, order_of, tell
from tests.agents.rules.test_commands import APPROVED, DELIVERED, NEW, READY, RETURNING
from tests.analytics.test_api_commands import BUYER, SELLER, STRANGER, door, stream

__all__ = ["door", "stream"]  # fixtures

OURS = {"Origin": "http://arus.test"}
FORM = re.compile(r'<form method="post" action="([^"]+)"><input type="hidden" name="seen" value="([^"]*)">')


@pytest.fixture
def browser(door, stream):
    """Makes browsers of somebody who has signed in."""

    def make(viewer: Viewer = SELLER, lang: str = "en") -> httpx.AsyncClient:
        client = door(viewer)
        app = client._transport.app
        if not hasattr(app.state, "draw_problem"):
            pages.join(app)
        token = client.headers.pop("authorization").removeprefix("Bearer ")
        client.cookies.set(f"arus-{viewer.role}", token)
        client.headers.update({"Accept": "text/html", "Accept-Language": lang})
        return client

    return make


def forms(text: str) -> dict[str, tuple[str, str]]:
    """Gives each form of a page: command → its address and what it was made from."""
    found = [(unescape(address), seen) for address, seen in FORM.findall(text)]
    return {address.rpartition("/")[2]: (address, seen) for address, seen in found}


async def act(client: httpx.AsyncClient, page: str, name: str, **fields: str) -> str:
    """Fills in a form as a browser without a script does, follows where it leads and gives that page."""
    address, seen = forms((await client.get(page)).text)[name]
    answer = await client.post(address, data={"seen": seen, **fields}, headers=OURS)
    assert answer.status_code == 303, answer.text
    return (await client.get(answer.headers["location"])).text


async def test_a_seller_confirms_and_arranges(browser, stream):
    """Stock and details stand beside the button; each step leads to the next one's form."""
    stream.load(order_of(*NEW))
    async with browser() as client:
        page = f"/orders/{ORDER}"
        assert "nobody told how many there are" in (await client.get(page)).text
        done = await act(client, page, "confirm")
        assert "Done." in done
        assert "arrange_shipping" in forms(done)
        fields = {"method": "drop_off", "carrier": "JNE", "tracking_number": "CGK9", "insured": "yes"}
        arranged = await act(client, page, "arrange_shipping", **fields)
        assert "CGK9" in arranged
    package = stream.rows[ORDER.encode()].packages["jne/CGK9"]
    assert (package.method, package.insured) == ("drop_off", True)


async def test_a_form_sent_twice_is_one_command(browser, stream):
    """Whoever presses twice has pressed once; what is filled in again after an answer is asked anew."""
    stream.load(order_of(*READY))
    async with browser() as client:
        address, seen = forms((await client.get(f"/orders/{ORDER}")).text)["cancel"]
        fields = {"seen": seen, "reason": "sold out"}
        first, second = [await client.post(address, data=fields, headers=OURS) for _ in range(2)]
        assert first.headers["location"] == second.headers["location"]
        assert len(stream.commands) == 1


async def test_a_refusal_is_said_in_words(browser, stream):
    """With since when and by whom, in the reader's language."""
    stream.load(order_of(*NEW))
    async with browser(lang="id") as client:
        address, seen = forms((await client.get(f"/orders/{ORDER}")).text)["confirm"]
        await act(client, f"/orders/{ORDER}", "confirm")
        answer = await client.post(address, data={"seen": seen + "later"}, headers=OURS)
        said = (await client.get(answer.headers["location"])).text
        assert "Sudah dilakukan sebelumnya" in said
        assert "oleh toko" in said


async def test_what_was_asked_is_listed_with_what_became_of_it(browser, stream):
    """Done or refused by which rule, also when it was asked by a program; to whoever asked, and in their language."""
    stream.load(order_of(*NEW))
    async with browser() as client:
        for key in ("1", "2"):
            headers = {"Idempotency-Key": key, "Origin": "http://arus.test"}
            await client.post(f"/v1/orders/{ORDER}/confirm", headers=headers)
        page = (await client.get(f"/orders/{ORDER}")).text
    assert "Refused: It was done before: the first one counts." in page
    assert len(re.findall("<b>Confirm the order</b>", page)) == 2
    async with browser(lang="id") as client:
        assert "Ditolak: " in (await client.get(f"/orders/{ORDER}")).text
    async with browser(BUYER) as client:
        assert "Asked lately" not in (await client.get(f"/buyer/orders/{ORDER}")).text


async def test_a_slow_stream_is_said_too(browser, stream):
    """The command is kept; the page says so."""
    stream.load(order_of(*NEW))
    stream.stands = True
    async with browser() as client:
        assert "waits for its turn" in await act(client, f"/orders/{ORDER}", "confirm")


async def test_a_buyer_claims_and_the_seller_answers_beside_the_evidence(browser, stream):
    """What the carrier shows, and whether it was insured, stands where the claim is answered."""
    stream.load(order_of(*DELIVERED))
    async with browser(BUYER) as client:
        assert "Done." in await act(client, f"/buyer/orders/{ORDER}", "open_claim", reason="nothing came")
    async with browser() as client:
        page = (await client.get(f"/orders/{ORDER}")).text
        assert "no proof of delivery" in page
        assert "not insured" in page
        assert "Done." in await act(client, f"/orders/{ORDER}", "resolve_claim", outcome="refunded")
    [claim] = stream.rows[ORDER.encode()].claims.values()
    assert (claim.reason, claim.outcome) == ("nothing came", "refunded")


@pytest.mark.parametrize(("accept", "status"), [("true", "return_in_progress"), ("false", "delivered")])
async def test_a_return_is_decided_by_one_of_two_buttons(browser, stream, accept, status):
    """Yes and no are two buttons of one form."""
    stream.load(order_of(*RETURNING))
    async with browser() as client:
        await act(client, f"/orders/{ORDER}", "decide_return", accept=accept, reason="")
    assert stream.rows[ORDER.encode()].status == status


@pytest.mark.parametrize(
    ("fields", "said"), [({"carrier": "JNE", "tracking_number": "cgk77"}, "JNE CGK77"), ({}, "Return sent")]
)
async def test_a_buyer_says_that_the_goods_are_on_their_way_back(browser, stream, fields, said):
    """With carrier and number or without; the seller sees it beside the return, and the form is gone."""
    stream.load(order_of(*APPROVED))
    async with browser(BUYER) as client:
        done = await act(client, f"/buyer/orders/{ORDER}", "ship_return", **fields)
        assert "Done." in done
        assert "ship_return" not in forms(done)
    async with browser() as client:
        page = (await client.get(f"/orders/{ORDER}")).text
    [requests] = re.findall(r'<div id="cases">.*?</div>', page, re.DOTALL)
    assert said in " ".join(requests.split())


async def test_a_buyer_gets_a_part_of_the_money_back(browser, stream):
    """An amount may be left out, and has thousands as people write them."""
    stream.load(order_of(*DELIVERED, tell("payment_paid", 2, payment_id="p2", amount=150_000)))
    async with browser(BUYER) as client:
        await act(client, f"/buyer/orders/{ORDER}", "request_refund", amount="50.000,00", reason="half is missing")
    refunds = stream.rows[ORDER.encode()].refunds.values()
    assert [refund.amount for refund in refunds] == [50_000]


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_a_form_of_another_site_does_nothing(browser, stream, headers):
    """What another site makes a browser send with our session is refused."""
    stream.load(order_of(*NEW))
    async with browser() as client:
        answer = await client.post(f"/orders/{ORDER}/confirm", data={}, headers=headers)
    assert answer.status_code == 403
    assert stream.commands == []


@pytest.mark.parametrize(
    ("viewer", "command", "status"),
    [
        (STRANGER, "confirm", 404),
        (SELLER, "explode", 404),
        (SELLER, "cancel", 422),
        (SELLER, "request_refund", 422),
    ],
)
async def test_what_cannot_be_is_a_page_that_says_so(browser, stream, viewer, command, status):
    """Another's order, no command, a field that does not fit: nothing goes into the stream."""
    stream.load(order_of(*NEW))
    async with browser(viewer) as client:
        fields = {"reason": " ", "amount": "many"}
        assert (await client.post(f"/orders/{ORDER}/{command}", data=fields, headers=OURS)).status_code == status
    assert stream.commands == []


async def test_a_seller_sets_what_goes_on_by_itself(browser, stream):
    """A form with boxes, shown again as it was saved; and by nobody's form but ours."""
    async with browser() as client:
        assert "checked" not in (await client.get("/settings")).text
        form = {"confirms": "yes", "buyer_cancels": "ready_to_ship"}
        saved = await client.post("/settings", data=form, headers=OURS)
        assert saved.status_code == 303
        page = (await client.get(saved.headers["location"])).text
        assert "Saved." in page
        assert page.count(" checked") == 1
        assert '<option value="ready_to_ship" selected>' in page
        assert (await client.post("/settings", data=form)).status_code == 403
        wrong = await client.post("/settings", data={"buyer_cancels": "never"}, headers=OURS)
        assert wrong.status_code == 422
