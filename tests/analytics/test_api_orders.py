"""Orders by the API: what is told, and that nobody is told of another's, by any path."""

from collections import Counter
from urllib.parse import quote

import pytest

from analytics.access import OPERATOR
from schemas.statuses import BUYER_TABS, BY_NAME, SELLER_TABS
from schemas.times import DAY, parse, rfc3339
from tests.analytics.conftest import KOPI, MELATI, SITI
from tests.analytics.seed import NOW
from tests.analytics.test_api_session import problem


async def every(api, **params):
    """Reads all pages of a list."""
    found, cursor = [], params.pop("cursor", None)
    while True:
        asked = params | {"limit": 37} | ({"cursor": cursor} if cursor else {})
        body = (await api.get("/v1/orders", params=asked)).json()
        found += body["orders"]
        cursor = body["next"]
        if cursor is None:
            return found


def owner(order):
    """Whose an order of the seed is."""
    return order.seller[3]


async def test_pages_together_hold_each_order_once(client, warehouse):
    """Newest first, none twice, none missing."""
    async with client(MELATI) as api:
        found = await every(api)
    assert Counter(order["order_id"] for order in found) == Counter(
        order.order_id for order in warehouse.orders if owner(order) == MELATI.id
    )
    placed = [order["placed_at"] for order in found]
    assert placed == sorted(placed, reverse=True)


@pytest.mark.parametrize("tab", SELLER_TABS)
async def test_a_tab_holds_its_statuses(client, warehouse, tab):
    """As STATUSES says."""
    async with client(MELATI) as api:
        found = await every(api, tab=tab)
    mine = [order for order in warehouse.orders if owner(order) == MELATI.id]
    assert {o["order_id"] for o in found} == {o.order_id for o in mine if BY_NAME[o.status].seller_tab == tab}


async def test_a_buyer_has_the_buyers_tabs(client):
    """And is told of their own orders alone, whatever the shop."""
    async with client(SITI) as api:
        for tab in BUYER_TABS:
            orders = await every(api, tab=tab)
            assert all(order["buyer_id"] == SITI.id and order["buyer_tab"] == tab for order in orders)
        assert problem(await api.get("/v1/orders?tab=ready")) == "invalid"


@pytest.mark.parametrize("viewer", [MELATI, OPERATOR], ids=lambda viewer: viewer.role)
async def test_a_tab_of_another_role_is_told(client, viewer):
    """Rather than found empty."""
    async with client(viewer) as api:
        answer = await api.get("/v1/orders?tab=received")
    assert problem(answer) == "invalid"
    assert all(tab in answer.json()["detail"] for tab in SELLER_TABS)


async def test_a_status_a_word_and_a_time_narrow_the_list(client):
    """Each filter alone and all together."""
    async with client(MELATI) as api:
        whole = await every(api)
        one = whole[10]
        assert [o["order_id"] for o in await every(api, q=one["order_id"].partition(":")[2])] == [one["order_id"]]
        completed = await every(api, status="completed")
        assert completed == [o for o in whole if o["status"] == "completed"]
        day = one["placed_at"][:10]
        of_the_day = await every(api, **{"from": f"{day}T00:00:00Z", "to": f"{day}T23:59:59.999Z"})
        assert of_the_day == [o for o in whole if o["placed_at"][:10] == day]


async def test_a_day_is_a_day_in_jakarta(client):
    """It begins at 17:00 UTC of the day before and is meant to its end."""
    async with client(MELATI) as api:
        whole = await every(api)
        day = rfc3339(NOW - 3 * DAY)[:10]
        begins = parse(f"{day}T00:00:00+07:00")
        found = await every(api, **{"from": day, "to": day})
    assert found == [o for o in whole if begins <= parse(o["placed_at"]) < begins + DAY]
    assert found


async def test_one_order_with_all_that_is_known(client, warehouse):
    """Status, tabs, history, packages, promises, money; times as RFC 3339, money with its currency."""
    order = next(o for o in warehouse.orders if o.status == "delivered" and not o.details.cod)
    async with client(OPERATOR) as api:
        told = (await api.get(f"/v1/orders/{order.order_id}")).json()
    assert (told["status"], told["seller_tab"], told["buyer_tab"]) == ("delivered", "shipping", "in_transit")
    assert [entry["status"] for entry in told["history"]] == [status for _, status in order.history]
    assert told["history"][0]["since"] == rfc3339(order.history[0][0])
    assert told["total"] == told["amounts"]["total"] == {"minor": order.details.total, "currency": "IDR"}
    [parcel] = told["packages"]
    assert list(parcel["milestones"]) == ["arranged", "picked_up", "delivered"]
    assert parcel["scan"]["words"] == "Paket telah diterima"
    assert {(each["promise"], each["subject"]): each["due_at"] for each in told["promises"]} == {
        (name.partition("/")[0], name.partition("/")[2] or None): rfc3339(at) for name, at in order.due.items()
    }
    assert {each["promise"]: each["state"] for each in told["promises"]}["receive"] in ("open", "near", "broken")
    assert {each["promise"]: each["policy"] for each in told["promises"]}["dispatch"].startswith(
        "TikTok Shop Indonesia"
    )
    assert told["payments"][0]["amount"]["minor"] == order.details.total


async def test_a_trail_leads_to_the_evidence(client, warehouse):
    """Oldest first, each with where its bytes lie."""
    order = next(o for o in warehouse.orders if o.status == "completed")
    async with client(OPERATOR) as api:
        events = (await api.get(f"/v1/orders/{order.order_id}/events")).json()["events"]
    times = [event["occurred_at"] for event in events]
    assert times == sorted(times)
    assert events[0]["type"] == "order_placed"
    assert all(event["evidence"]["topic"] == "webhooks.received" for event in events)


@pytest.fixture
def foreign(warehouse):
    """An order that is neither Melati's nor Siti's."""
    return next(o for o in warehouse.orders if owner(o) == KOPI.id and o.details.buyer_id != SITI.id)


@pytest.mark.parametrize("viewer", [MELATI, SITI], ids=lambda viewer: viewer.role)
class TestAnothersOrder:
    """It is as absent as one that never was."""

    @pytest.mark.parametrize("door", ["/v1/orders/{}", "/v1/orders/{}/events", "/v1/orders/{}/events?format=csv"])
    async def test_by_its_id(self, client, foreign, viewer, door):
        """The very answer that an id of nobody gets."""
        async with client(viewer) as api:
            refused = await api.get(door.format(foreign.order_id))
            absent = await api.get(door.format("tiktok_shop:1"))
        assert problem(refused) == problem(absent) == "not-found"
        assert refused.text.replace(foreign.order_id, "") == absent.text.replace("tiktok_shop:1", "")

    async def test_by_search(self, client, foreign, viewer):
        """By its id, its parcel, its buyer."""
        async with client(viewer) as api:
            for q in (foreign.order_id, *(p.number for p in foreign.packages.values())):
                assert (await api.get("/v1/orders", params={"q": q})).json()["orders"] == []

    async def test_by_a_cursor(self, client, foreign, viewer):
        """Another viewer's cursor is a place in one's own list, no key to theirs."""
        async with client(OPERATOR) as api:
            cursor = (await api.get("/v1/orders?limit=1")).json()["next"]
        async with client(viewer) as api:
            own = await every(api)
            for forged in (cursor, f"9999999999999/{foreign.order_id}", "999999999999999/' or true --"):
                assert all(order in own for order in await every(api, cursor=forged))

    async def test_by_an_export(self, client, viewer):
        """A file holds one's own orders alone."""
        async with client(viewer) as api:
            own = await every(api)
            lines = (await api.get("/v1/orders?format=csv")).text.splitlines()
        assert [line.split(",")[0] for line in lines[1:]] == [order["order_id"] for order in own]

    @pytest.mark.parametrize("extra", ["seller_id={}", "viewer={}", "role=operator", "seller={}"])
    async def test_by_a_parameter(self, client, viewer, extra):
        """What is no parameter is refused, not ignored."""
        async with client(viewer) as api:
            assert problem(await api.get("/v1/orders?" + extra.format(KOPI.id))) == "invalid"

    async def test_by_acting_as_an_operator(self, client, viewer):
        """`as` chooses among one's own sessions."""
        async with client(viewer) as api:
            assert problem(await api.get("/v1/orders?as=operator")) == "forbidden"


@pytest.mark.parametrize(
    "asked",
    [
        "tab=nonsense",
        "status=lost",
        "limit=0",
        "limit=501",
        "limit=1e3",
        "from=yesterday",
        "to=2026-13-01",
        "from=9999-12-31",
        "from=0001-01-01",
        "from=2026-11-24T10:00:00%2B99:00",
        "format=pdf",
        "q=" + "x" * 201,
        "cursor=9/" + "9" * 499,
        "cursor=/",
        "cursor=' or true --",
        "cursor=0/",
        "unknown=1",
    ],
)
async def test_an_odd_parameter_is_told(client, asked):
    """422, naming the parameter."""
    async with client(MELATI) as api:
        answer = await api.get(f"/v1/orders?{asked}")
    assert problem(answer) == "invalid"
    assert asked.partition("=")[0] in answer.json()["detail"]


@pytest.mark.parametrize("odd", ["\x00", "%", "_", "' or 1=1 --", "$role", "ß", "\u202e", "{}", "\\", "x" * 300])
async def test_an_odd_text_finds_nothing(client, odd):
    """Neither an order by that id nor, by search, another's."""
    async with client(MELATI) as api:
        assert (await api.get(f"/v1/orders/{quote(odd, safe='')}")).status_code == 404
        answer = await api.get("/v1/orders", params={"q": odd[:200], "limit": 500})
        assert {order["seller_id"] for order in answer.json()["orders"]} <= {MELATI.id}


async def test_an_id_with_a_slash_has_a_door(client):
    """Shops number their own orders as they like."""
    async with client(MELATI) as api:
        answer = await api.get(f"/v1/orders/{quote('own:INV/2026/11', safe='')}")
    assert answer.json()["detail"] == "You have no order own:INV/2026/11."
