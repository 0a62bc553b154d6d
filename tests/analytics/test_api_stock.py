"""Stock by the API: where articles stand, what makes up their numbers, and nobody's but one's own."""

from collections import Counter

import pyarrow as pa
import pytest

from analytics.access import OPERATOR
from schemas.ids import article_key
from tests.analytics.conftest import KOPI, MELATI, SITI
from tests.analytics.seed import ITEMS
from tests.analytics.shelves import LEFT, LOW_AT
from tests.analytics.test_api_session import problem

FIRST, SECOND, LAST = ITEMS[0][0], ITEMS[1][0], ITEMS[-1][0]


async def every(api, **params):
    """Reads all pages of a list, three articles on each."""
    found, cursor = [], None
    while True:
        body = (
            await api.get("/v1/stock", params=params | {"limit": 3} | ({"cursor": cursor} if cursor else {}))
        ).json()
        found += body["articles"]
        cursor = body["next"]
        if cursor is None:
            return found


async def test_what_is_urgent_comes_first(client):
    """Oversold, low, enough, never counted; each article once, and its numbers add up."""
    async with client(MELATI) as api:
        found = await every(api)
    assert [article["state"] for article in found] == ["oversold", "low", *["ok"] * 5, "uncounted"]
    assert {article["sku"]: article["available"] for article in found[:-1]} == {
        sku: left for (sku, _, _), left in zip(ITEMS, LEFT, strict=True) if left is not None
    }
    for article in found:
        parts = article["available"] + article["reserved"] + article["shipped"] - article["returned"]
        assert article["received"] == parts
        assert article["on_hand"] == article["available"] + article["reserved"]
        assert article["seller_id"] == MELATI.id
    assert {article["threshold"] for article in found} == {LOW_AT, None}


@pytest.mark.parametrize(("params", "skus"), [({"state": "low"}, {SECOND}), ({"q": "kopi gayo"}, {"KOP-GAYO-500"})])
async def test_articles_are_found(client, params, skus):
    """By their state, by a part of their SKU or name, however it is written."""
    async with client(MELATI) as api:
        assert {article["sku"] for article in await every(api, **params)} == skus


async def test_the_orders_of_an_article_make_up_its_numbers(client, warehouse):
    """What each order does now, added up, is what the article says; each is an order whose trail there is."""
    async with client(MELATI) as api:
        body = (await api.get(f"/v1/stock/{FIRST}?standing=true&limit=500")).json()
        pieces = Counter()
        for movement in body["movements"]:
            pieces[movement["state"]] += movement["quantity"]
        trail = (await api.get(f"/v1/orders/{body['movements'][0]['order_id']}/events")).json()
    assert body["reserved"] == pieces["reserved"]
    assert body["shipped"] == pieces["shipped"] + pieces["returned"]
    assert body["released"] == pieces["released"]
    assert trail["events"]
    mine = {o.order_id for o in warehouse.orders if o.seller[3] == MELATI.id}
    assert {movement["order_id"] for movement in body["movements"]} <= mine
    [counted] = body["told"]
    assert (counted["type"], counted["quantity"]) == ("stock_counted", body["received"])
    assert counted["evidence_topic"] == "webhooks.received"


async def test_pages_of_movements_hold_each_once(client):
    """The latest first; together as many as the file has rows."""
    async with client(MELATI) as api:
        found, cursor = [], ""
        while cursor is not None:
            body = (await api.get(f"/v1/stock/{FIRST}?limit=7" + (f"&cursor={cursor}" if cursor else ""))).json()
            found += [movement["movement_id"] for movement in body["movements"]]
            cursor = body["next"]
        file = await api.get(f"/v1/stock/{FIRST}?format=arrow")
        rows = pa.ipc.open_stream(file.content).read_all()
    assert found == rows["movement_id"].to_pylist()
    assert len(found) == len({*found}) > 7


async def test_another_s_article_is_as_absent_as_none(client):
    """For a seller; an operator who asks for what several have must say whose, and a buyer sees no stock."""
    async with client(MELATI) as api:
        assert problem(await api.get("/v1/stock/NOTHING")) == "not-found"
        assert problem(await api.get(f"/v1/stock/{FIRST}?seller={KOPI.id}")) == "not-found"
    async with client(OPERATOR) as api:
        assert problem(await api.get(f"/v1/stock/{FIRST}")) == "invalid"
        assert (await api.get(f"/v1/stock/{FIRST}?seller={KOPI.id}")).json()["seller_id"] == KOPI.id
    async with client(SITI) as api:
        assert problem(await api.get("/v1/stock")) == "forbidden"


@pytest.fixture
def tampered(warehouse):
    """A level of which the stock job lost a piece, and that has counted `ahead` movements more than are loaded."""

    def tamper(pieces, ahead=0):
        change = "update raw.levels set reserved = reserved + $pieces, movements_until = movements_until + $ahead"
        told = {"pieces": pieces, "ahead": ahead, "seller": MELATI.id, "sku": FIRST}
        warehouse.query(f"{change} where seller_id = $seller and sku = $sku", told)

    return tamper


async def test_an_article_that_does_not_add_up_is_told(client, tampered):
    """With what its orders say; an article whose movements are not loaded yet is not judged."""

    async def off():
        async with client(OPERATOR) as api:
            rows = (await api.get("/v1/ops/stock-check")).json()["rows"]
        return [(row["seller_id"], row["sku"], row["reserved"] - row["orders_reserved"]) for row in rows]

    assert await off() == []
    tampered(-1)
    assert await off() == [(MELATI.id, FIRST, -1)]
    tampered(0, ahead=1_000)
    assert await off() == []
    tampered(1, ahead=-1_000)
    assert await off() == []


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow", "xlsx"])
async def test_all_articles_leave_as_a_file(client, form):
    """One row each."""
    async with client(MELATI) as api:
        assert (await api.get(f"/v1/stock?format={form}")).headers["Arus-Rows"] == str(len(ITEMS))


@pytest.mark.parametrize(("seller", "sku"), [("a", "b/c"), ("a/b", "c"), ("tiktok_shop:7", "ü 1"), ("a b%~", "x")])
def test_the_warehouse_names_articles_as_topics_do(warehouse, seller, sku):
    """No two articles share a name, and a key that is gone is found."""
    [row] = warehouse.query("select article_of($a, $b) as name", {"a": seller, "b": sku})
    assert row["name"] == article_key(seller, sku)
