"""Asking TikTok Shop, which behaves as it is documented: signatures, tokens, limits and illness."""

import asyncio
import json
import threading

import httpx
import pytest

from pipeline.completion.client import Client
from pipeline.completion.memory import Memory
from pipeline.completion.reconciling import pages, reconcile, since
from pipeline.sources.apis import APIS
from pipeline.sources.apis.api import Ask, Declined, Locked, Throttled, Unwell
from schemas.times import DAY, MINUTE
from tests.pipeline.completion.fake import order

NOW = 1_764_100_000_000


@pytest.fixture
async def client(tmp_path, owner, without_pauses):
    """Makes a client with a clock that stands still: `client(refresh_token="other")`."""
    async with httpx.AsyncClient() as http:
        yield lambda **said: Client(
            APIS["tiktok_shop"], owner(**said), Memory(tmp_path, owner(**said)), http, lambda: NOW
        )


async def test_an_order_is_asked_for_with_a_signature_that_tiktok_believes(client, tiktok):
    """GET with a query, POST with a body, a path with an id: each is signed as the documentation says."""
    tiktok.orders["5"], tiktok.packages["p1"] = order("5"), {"package_id": "p1"}
    tiktok.returns["r1"] = {"return_id": "r1", "update_time": 1}
    asking = client()
    told = [json.loads(await asking.ask(ask)) for ask in (Ask("order", "5"), Ask("package", "p1"), Ask("return", "r1"))]
    assert told[0]["data"]["orders"][0]["id"] == "5"
    assert told[1]["data"]["package_id"] == "p1"
    assert told[2]["data"]["return_orders"][0]["return_id"] == "r1"
    assert not tiktok.refused


async def test_a_token_that_has_expired_is_renewed_and_the_question_asked_again(client, tiktok, owner, tmp_path):
    """The renewed tokens are on the disk before they are used, and the next start goes on with them."""
    tiktok.orders["5"] = order("5")
    await client().ask(Ask("order", "5"))
    tiktok.expire()
    assert b'"5"' in await client().ask(Ask("order", "5"))
    assert tiktok.renewals == 2
    assert Memory(tmp_path, owner()).tokens().refresh == tiktok.refresh


async def test_a_new_refresh_token_in_the_settings_wins_over_what_was_renewed(client, tiktok):
    """Whoever authorizes a shop anew sets the new token, and that is the one that is used."""
    await client().search("orders", _span())
    tiktok.refresh, tiktok.access = "by-a-person", "nobody-has-it"
    with pytest.raises(Locked, match="authorize the app anew"):
        await client().search("orders", _span())
    await client(refresh_token="by-a-person").search("orders", _span())


async def test_too_many_questions_are_held_for_as_long_as_the_sender_says(client, tiktok, monkeypatch):
    """A 429 with Retry-After stops every question to the account until then; the asked one is answered after that."""
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setattr("pipeline.completion.client.asyncio.sleep", sleep)
    tiktok.orders["5"] = order("5")
    tiktok.ails.append((429, {"retry-after": "7"}, {}))
    assert b'"5"' in await client().ask(Ask("order", "5"))
    assert max(slept) == pytest.approx(7, abs=0.2)


async def test_an_ill_server_is_asked_some_times_and_then_left_alone(client, tiktok):
    """5xx, and TikTok's own code for an internal error, are repeated; a whole row of them is a failure."""
    tiktok.orders["5"] = order("5")
    tiktok.ails.extend([(503, {}, {}), (200, {}, {"code": 36009003, "message": "Internal error"})])
    assert b'"5"' in await client().ask(Ask("order", "5"))
    tiktok.ails.extend([(500, {}, {})] * 4)
    with pytest.raises(Unwell):
        await client().ask(Ask("order", "5"))
    tiktok.ails.extend([(200, {}, {"code": 36009002, "message": "Too many requests"})] * 4)
    with pytest.raises(Throttled):
        await client().ask(Ask("order", "5"))


async def test_a_sender_that_cannot_be_reached_tells_no_secret(client, tiktok):
    """The address of a renewal holds the app's secret; the error does not."""
    with pytest.raises(Unwell) as caught:
        await client(auth_url="http://127.0.0.1:1").ask(Ask("order", "5"))
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_what_tiktok_will_never_answer_is_declined(client):
    """A package of another seller is not asked for again and again."""
    with pytest.raises(Declined, match="does not belong"):
        await client().ask(Ask("package", "nobodys"))


async def test_credentials_that_let_nobody_in_name_the_account_and_the_remedy(client):
    """The sentence is for the person who mends it."""
    with pytest.raises(Locked, match=r"tiktok_shop/main.*shop_cipher"):
        await client(shop_cipher="").ask(Ask("order", "5"))


async def test_every_page_of_what_changed_is_kept_and_then_remembered(client, tiktok, owner, tmp_path):
    """A page a delivery; the next look begins a little before where this one ended."""
    for number in range(120):
        tiktok.orders[str(number)] = order(str(number), at=NOW // 1000 - 1 - number)
    memory, kept = Memory(tmp_path, owner()), Keeper()
    found = await reconcile(client(), memory, kept, since(memory, NOW), NOW)
    assert {change.id for change in found} == set(tiktok.orders)
    assert len(kept.deliveries) == 3
    assert since(memory, NOW + DAY) == NOW - 10 * MINUTE


async def test_a_look_that_fails_is_made_again(client, tiktok, owner, tmp_path):
    """Nothing is remembered of a look that did not end."""
    tiktok.orders["5"], memory = order("5"), Memory(tmp_path, owner())
    asking = client()
    await asking.search("orders", _span())
    tiktok.ails.extend([(500, {}, {})] * 4)
    with pytest.raises(Unwell):
        await reconcile(asking, memory, Keeper(), since(memory, NOW), NOW)
    assert memory.reconciled_until() == 0


async def test_nothing_that_changed_is_no_page(client):
    """An answer without orders says nothing, and is not kept."""
    assert [page async for page in pages(client(), 0, NOW)] == []


class Keeper:
    def __init__(self):
        self.deliveries = []

    async def keep(self, delivery):
        self.deliveries.append(delivery)


def _span():
    from pipeline.sources.apis.api import Span

    return Span(0, NOW)


async def test_a_lock_that_somebody_holds_does_not_hold_up_everything(client, owner, tmp_path):
    """A question holds it while it waits for its token, which comes through the loop that is not to stand still."""
    memory, held, free = Memory(tmp_path, owner()), threading.Event(), threading.Event()

    def hold():
        with memory.alone():
            held.set()
            return free.wait(5)

    holding = asyncio.create_task(asyncio.to_thread(hold))
    await asyncio.to_thread(held.wait)
    searching = asyncio.create_task(reconcile(client(), memory, Keeper(), since(memory, NOW), NOW))
    await asyncio.sleep(0.5)
    assert memory.reconciled_until() == 0
    free.set()
    assert await holding, "the loop stood still"
    await searching
    assert memory.reconciled_until() == NOW
