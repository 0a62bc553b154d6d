"""Marketplaces and channels side by side: every list and figure splits by them, and the parts add up to the whole."""

from collections import Counter

import msgspec
import pytest

from analytics.access import OPERATOR, Viewer
from analytics.loading import Loading
from analytics.reports import REPORTS, run
from analytics.warehouse import Warehouse
from pipeline import codec
from schemas.facts import Article, Details, Order, Payment
from schemas.notices import Notice
from schemas.times import DAY, HOUR, parse
from tests.analytics.seed import Kafka

NOW = parse("2026-11-20T03:00:00Z")
SPAN = {"since": NOW - 30 * DAY, "until": NOW}
SELLER = Viewer("seller", "toko")
PLACES = [("tiktok_shop", "live"), ("tiktok_shop", "video"), ("tiktok_shop", ""), ("shopee", ""), ("shopee", "live")]


def an_order(number: int) -> Order:
    """Gives a paid order of one of PLACES; every third is delivered, every fourth waits to be sent."""
    source, channel = PLACES[number % len(PLACES)]
    at = NOW - (number % 25) * DAY - HOUR
    details = Details((at, 0, "e"), lines=[Article("s", "Kopi", 1, 10)], total=10 + number, channel=channel)
    order = Order(f"{source}:{number}", (2, 0, "", "toko"), {"placed": (at, "e")}, details=details, status="new")
    order.payments["p"] = Payment({"paid": (at, "e")}, amount=order.details.total)
    order.history = [(at, "new")]
    if number % 3 == 0:
        order.status, order.history = "delivered", [(at, "new"), (at + HOUR, "delivered")]
    elif number % 4 == 0:
        order.due, order.begun = {"dispatch": NOW - HOUR}, {"dispatch": at - DAY}
    return order


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Forty orders of five places."""
    warehouse, kafka = Warehouse(tmp_path_factory.mktemp("places") / "arus.duckdb"), Kafka()
    for number in range(40):
        order = an_order(number)
        kafka.add("order.snapshots", order.order_id, codec.encode(order), NOW)
    kafka.write(Loading(warehouse))
    yield warehouse
    warehouse.close()


ASKED = {
    "orders": {"limit": 100},
    "at_risk": {"now": NOW, "limit": 100},
    "waiting": {"kind": "silent", "now": NOW, "limit": 100},
    "policy_orders": {"code": "SFCR", "part": "denominator", "now": NOW, "limit": 100},
}


@pytest.mark.parametrize("name", ASKED)
def test_the_parts_of_a_list_are_the_list(shop, name):
    """Each order is in the list of its own place alone."""
    whole = [row["order_id"] for row in run(shop, name, SELLER, **ASKED[name])]
    parts = [
        row["order_id"]
        for source, channel in PLACES
        for row in run(shop, name, SELLER, **ASKED[name], source=source, channel=channel)
    ]
    assert sorted(parts) == sorted(whole)
    assert whole or name == "waiting"


def test_a_part_holds_its_own_orders_alone(shop):
    """Of a marketplace, of a channel, of both."""
    for split in ({"source": "shopee"}, {"channel": "live"}, {"source": "tiktok_shop", "channel": "live"}):
        rows = run(shop, "orders", SELLER, limit=100, **split)
        assert rows
        assert all(row[name] == value for row in rows for name, value in split.items())
    assert run(shop, "orders", SELLER, limit=100, source="lazada") == []


@pytest.mark.parametrize("name", ["tab_counts", "due", "policy", "sales"])
def test_the_figures_of_the_parts_add_up(shop, name):
    """Counts and money of two marketplaces are those of the shop."""
    given = {"now": NOW} if "now" in REPORTS[name].parameters else SPAN if name == "sales" else {}

    def summed(**split):
        found: Counter[str] = Counter()
        for row in run(shop, name, SELLER, **given, **split):
            words = "/".join(str(row[key]) for key in ("side", "tab", "promise", "code", "bucket") if key in row)
            for key, value in row.items():
                if isinstance(value, int) and key not in ("days", "starts_at"):
                    found[f"{words} {key}"] += value
        return found

    whole = summed()
    assert +(summed(source="shopee") + summed(source="tiktok_shop")) == +whole
    assert any(whole.values())


def test_places_are_compared_by_what_they_brought(shop):
    """The money of all is that of the sales of that time, and what brought most stands first."""
    rows = run(shop, "places", SELLER, **SPAN)
    assert {(row["source"], row["channel"]) for row in rows} == {*PLACES}
    assert [row["kept"] for row in rows] == sorted((row["kept"] for row in rows), reverse=True)
    sales = run(shop, "sales", SELLER, **SPAN)
    for ours, theirs in (("paid", "orders"), ("gross", "gross"), ("kept", "kept")):
        assert sum(row[ours] for row in rows) == sum(row[theirs] for row in sales) > 0


def test_the_inbox_splits_by_marketplace_and_channel(shop):
    """Its lines name orders, and those their marketplace; the channel is the order's own."""
    notice = Notice("n", "seller:toko", "shipped", "shopee:3", NOW, "e", {})
    kafka = Kafka()
    for told in (notice, msgspec.structs.replace(notice, notice_id="m", order_id="tiktok_shop:1")):
        kafka.add("notices", told.audience, codec.encode(told), NOW)
    kafka.write(Loading(shop))
    assert [row["notice_id"] for row in run(shop, "notices", SELLER, source="shopee")] == ["n"]
    assert len(run(shop, "notices", SELLER)) == 2
    assert [row["notice_id"] for row in run(shop, "channel_notices", SELLER, channel="video")] == ["m"]
    assert run(shop, "channel_notices", SELLER, channel="video", source="shopee") == []
    assert run(shop, "channel_notices", Viewer("seller", "other"), channel="video") == []


def test_nobody_sees_anothers_places(shop):
    """A seller of the same marketplaces finds none; an operator finds all."""
    assert run(shop, "places", Viewer("seller", "other"), **SPAN) == []
    assert len(run(shop, "places", OPERATOR, **SPAN)) == len(PLACES)
