"""Asking Shopee and Lazada, which behave as they are documented: signatures, tokens, illness and pages."""

import httpx
import pytest

from pipeline.completion.client import Client
from pipeline.completion.memory import Memory
from pipeline.completion.reconciling import pages, reconcile, since, spans
from pipeline.settings import Account
from pipeline.sources.apis import APIS
from pipeline.sources.apis.api import Ask, Declined, Locked, Span, Unwell
from schemas.times import DAY
from tests.pipeline.completion import fake_lazada, fake_shopee
from tests.pipeline.completion.fake_lazada import FakeLazada
from tests.pipeline.completion.fake_shopee import FakeShopee

NOW = 1_764_100_000_000
AT = NOW // 1000 - 3600


def _shopee(url, **said):
    api = {"refresh_token": "refresh-1", "partner_id": fake_shopee.PARTNER, "shop_id": fake_shopee.SHOP, "url": url}
    return Account(source="shopee", name="main", secrets=(fake_shopee.SECRET,), api={**api, **said})


def _lazada(url, **said):
    api = {"refresh_token": "refresh-1", "seller_id": "7", "url": url, "auth_url": url, **said}
    return Account(source="lazada", name="main", secrets=(fake_lazada.SECRET,), app_key=fake_lazada.KEY, api=api)


class Shop:
    """A sender with orders, and the means to ask it."""

    def __init__(self, source, folder, http):
        self.fake = {"shopee": FakeShopee, "lazada": FakeLazada}[source]()
        self._source, self._folder, self._http = source, folder, http

    def account(self, **said):
        return {"shopee": _shopee, "lazada": _lazada}[self._source](self.fake.url, **said)

    def client(self, **said):
        account = self.account(**said)
        return Client(APIS[self._source], account, Memory(self._folder, account), self._http, lambda: NOW)

    def sell(self, name, at=AT):
        if self._source == "shopee":
            self.fake.orders[name] = fake_shopee.order(name, at=at)
        else:
            self.fake.sell(name, at)


@pytest.fixture(params=["shopee", "lazada"])
async def shop(request, tmp_path, without_pauses):
    async with httpx.AsyncClient() as http:
        shop = Shop(request.param, tmp_path, http)
        with shop.fake:
            yield shop


class Keeper:
    def __init__(self):
        self.deliveries = []

    async def keep(self, delivery):
        self.deliveries.append(delivery)


async def test_an_order_is_asked_for_with_a_signature_that_the_sender_believes(shop):
    """The answer tells of its articles."""
    shop.sell("5")
    assert b"KOPI-250" in await shop.client().ask(Ask("order", "5"))
    assert not shop.fake.refused


async def test_a_token_that_has_expired_is_renewed_and_the_question_asked_again(shop, tmp_path):
    """The renewed tokens are on the disk, with their end, and the next start goes on with them."""
    shop.sell("5")
    await shop.client().ask(Ask("order", "5"))
    shop.fake.expire()
    assert b"KOPI-250" in await shop.client().ask(Ask("order", "5"))
    kept = Memory(tmp_path, shop.account()).tokens()
    assert (shop.fake.renewals, kept.refresh) == (2, shop.fake.refresh)
    assert kept.expires_at > NOW


async def test_credentials_that_let_nobody_in_name_the_account_and_the_remedy(shop):
    """The sentence is for the person who mends it."""
    shop.fake.refresh = "by-a-person"
    with pytest.raises(Locked, match=r"main.*authorize the app anew"):
        await shop.client().ask(Ask("order", "5"))


async def test_what_the_sender_will_never_answer_is_declined(shop):
    """An order of another shop is not asked for again and again."""
    with pytest.raises(Declined):
        await shop.client().ask(Ask("order", "404"))


async def test_an_ill_server_is_asked_some_times_and_then_left_alone(shop):
    """5xx is repeated; a whole row of them is a failure."""
    shop.sell("5")
    shop.fake.ails.extend([(503, {}, {})])
    assert b"KOPI-250" in await shop.client().ask(Ask("order", "5"))
    shop.fake.ails.extend([(500, {}, {})] * 4)
    with pytest.raises(Unwell):
        await shop.client().ask(Ask("order", "5"))


async def test_every_page_of_what_changed_is_kept(shop, tmp_path):
    """A page a delivery, and each order once."""
    names = {str(number) for number in range(1, 121)}
    for name in names:
        shop.sell(name, at=AT + int(name))
    memory, kept = Memory(tmp_path, shop.account()), Keeper()
    found = await reconcile(shop.client(), memory, kept, since(memory, NOW), NOW)
    assert {change.id for change in found} == names
    assert len(found) == len(names)
    asked = {str(ask) for delivery in kept.deliveries for ask in APIS[delivery.source].asks(delivery)}
    assert asked == {f"order/{name}" for name in names}


async def test_a_long_time_is_asked_for_in_pieces_that_the_sender_allows(shop):
    """What changed a month ago is found, also where a search may not span so much."""
    shop.sell("1", at=AT - 29 * 86_400)
    shop.sell("2")
    found = [change.id async for _, _, changes in pages(shop.client(), NOW - 30 * DAY, NOW) for change in changes]
    assert found == ["1", "2"]


def test_a_span_is_cut_without_a_gap():
    """Each piece begins where the one before it ends."""
    assert list(spans(0, 35, 15)) == [Span(0, 15), Span(15, 30), Span(30, 35)]
    assert list(spans(0, 35, None)) == [Span(0, 35)]


async def test_more_orders_than_lazada_lets_a_search_skip_are_all_found(tmp_path, without_pauses, monkeypatch):
    """The search begins anew at the time of the last order, and finds the rest."""
    monkeypatch.setattr("pipeline.sources.apis.lazada.FARTHEST", 200)
    monkeypatch.setattr("tests.pipeline.completion.fake_lazada.FARTHEST", 200)
    async with httpx.AsyncClient() as http:
        shop = Shop("lazada", tmp_path, http)
        with shop.fake:
            for number in range(1, 451):
                shop.sell(str(number), at=AT + number)
            client = shop.client()
            found = {c.id async for _, _, changes in pages(client, NOW - DAY, NOW) for c in changes}
    assert len(found) == 450


async def test_a_search_that_is_declined_keeps_no_other_back(tmp_path, without_pauses):
    """Orders are found, and are asked for from here the next time; returns from where they stood."""
    async with httpx.AsyncClient() as http:
        shop = Shop("shopee", tmp_path, http)
        with shop.fake:
            shop.sell("5")
            declined = {"error": "error_param", "message": "Wrong parameters, detail: page_no."}
            shop.fake._returns = lambda _: (200, {}, declined)
            memory = Memory(tmp_path, shop.account())
            found = await reconcile(shop.client(), memory, Keeper(), since(memory, NOW), NOW)
    assert [change.id for change in found] == ["5"]
    assert (memory.reconciled_until("orders"), memory.reconciled_until("returns")) == (NOW, 0)


async def test_returns_are_found_by_their_own_search(tmp_path, without_pauses):
    """Shopee's returns come page by page, by number."""
    async with httpx.AsyncClient() as http:
        shop = Shop("shopee", tmp_path, http)
        with shop.fake:
            for number in range(60):
                case = {"return_sn": str(number), "order_sn": "5", "status": "REQUESTED", "update_time": AT + number}
                shop.fake.returns[str(number)] = case
            client = shop.client()
            found = {c.id async for _, _, changes in pages(client, NOW - DAY, NOW) for c in changes}
            assert found == set(shop.fake.returns)
            assert b'"59"' in await client.ask(Ask("return", "59"))
