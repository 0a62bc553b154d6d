"""Orders: the list with its filters and pages, the tabs, one order with its trail."""

from collections import Counter

import msgspec
import pytest

from analytics.access import OPERATOR, Viewer
from analytics.loading import Loading
from analytics.reports import run
from analytics.warehouse import Warehouse
from pipeline import codec
from schemas.facts import Anomaly, Order
from schemas.statuses import BY_NAME
from schemas.times import DAY, MINUTE
from tests.analytics.seed import NOW, SELLERS, Kafka, told

MELATI = Viewer("seller", SELLERS[0])


def test_pages_hold_every_order_once_newest_first(warehouse):
    """However small the pages are, and though some orders were placed in one instant."""
    everything = run(warehouse, "orders", MELATI, limit=None)
    placed = [row["placed_at"] for row in everything]
    assert placed == sorted(placed, reverse=True)
    paged, cursor = [], None
    while page := run(warehouse, "orders", MELATI, limit=7, cursor=cursor):
        paged += page
        cursor = page[-1]["cursor"]
    assert paged == everything


def test_orders_of_one_instant_are_paged_by_their_id(tmp_path):
    """The cursor stands between them."""
    warehouse, kafka = Warehouse(tmp_path / "a.duckdb"), Kafka()
    for n in range(9):
        order = Order(f"shop:{n}", marks={"placed": (5, "e")}, history=[(5, "unpaid")], status="unpaid")
        kafka.add("order.snapshots", order.order_id, codec.encode(order), 1)
    kafka.write(Loading(warehouse))
    paged, cursor = [], None
    while page := run(warehouse, "orders", OPERATOR, limit=2, cursor=cursor):
        paged += [row["order_id"] for row in page]
        cursor = page[-1]["cursor"]
    assert paged == [f"shop:{n}" for n in range(8, -1, -1)]
    warehouse.close()


@pytest.mark.parametrize("cursor", ["", "x", "9", "/", "99999999999999999999/shop:1", "1/2/3", "' or 1=1"])
def test_a_cursor_that_is_none_finds_nothing_wrong(warehouse, cursor):
    """It is a value like any other."""
    assert run(warehouse, "orders", MELATI, cursor=cursor) is not None


def test_filters_leave_what_they_say(warehouse):
    """Tab, status, time and words; together they narrow."""
    everything = run(warehouse, "orders", MELATI, limit=None)
    for tab in {row["seller_tab"] for row in everything}:
        rows = run(warehouse, "orders", MELATI, tab=tab, limit=None)
        assert rows == [row for row in everything if row["seller_tab"] == tab]
    for status in {row["status"] for row in everything}:
        rows = run(warehouse, "orders", MELATI, status=status, limit=None)
        assert rows == [row for row in everything if row["status"] == status]
    since, until = NOW - 20 * DAY, NOW - 10 * DAY
    rows = run(warehouse, "orders", MELATI, since=since, until=until, tab="completed", limit=None)
    assert rows == [r for r in everything if since <= r["placed_at"] < until and r["seller_tab"] == "completed"]
    assert rows


@pytest.mark.parametrize("column", ["order_id", "buyer_name", "item", "tracking_number"])
def test_words_are_looked_for_where_people_look(warehouse, column):
    """Any part of them, in any case of letters."""
    everything = run(warehouse, "orders", MELATI, limit=None)
    word = next(row[column] for row in everything if row[column])[1:]
    rows = run(warehouse, "orders", MELATI, q=word.upper() if column != "order_id" else word, limit=None)
    assert [row for row in everything if word in row[column]] == [row for row in rows if word in row[column]] != []


def test_a_buyers_tabs_are_the_buyers(warehouse):
    """The same order stands elsewhere for its buyer."""
    viewer = Viewer("buyer", "buyer-1")
    rows = run(warehouse, "orders", viewer, tab="in_transit", limit=None)
    assert {row["buyer_tab"] for row in rows} == {"in_transit"}


def test_tabs_count_the_orders_in_them(warehouse):
    """Each order once on each side, by the table of statuses."""
    rows = run(warehouse, "orders", MELATI, limit=None)
    counted = {(row["side"], row["tab"]): row["orders"] for row in run(warehouse, "tab_counts", MELATI)}
    sellers = Counter(("seller", BY_NAME[row["status"]].seller_tab) for row in rows)
    buyers = Counter(("buyer", BY_NAME[row["status"]].buyer_tab) for row in rows)
    assert counted == {**sellers, **buyers}


def test_an_order_has_its_facts(warehouse):
    """The snapshot to the letter, and what the row says agrees with it."""
    for order in warehouse.orders[:40]:
        [row] = run(warehouse, "order", OPERATOR, order_id=order.order_id)
        facts = msgspec.json.decode(row["facts"], type=Order)
        assert facts == order
        assert (row["status"], row["since"], row["total"]) == (order.status, order.history[-1][0], order.details.total)
        assert row["seller_id"] == order.seller[3]
        assert row["item"] == order.details.lines[0].name


def test_a_trail_is_in_the_order_of_events(warehouse):
    """Each with the way down to its bytes; what came long after it happened says so."""
    late = 0
    for order in warehouse.orders[:60]:
        rows = run(warehouse, "trail", OPERATOR, order_id=order.order_id)
        assert [row["occurred_at"] for row in rows] == sorted(row["occurred_at"] for row in rows)
        assert len(rows) == len(order.history)
        for row in rows:
            assert row["late"] == (row["received_at"] - row["occurred_at"] > 10 * MINUTE)
            assert row["evidence_topic"] == "webhooks.received"
            [raw] = warehouse.query(
                "from raw.deliveries where part = $evidence_partition and kafka_offset = $evidence_offset",
                {name: row[name] for name in ("evidence_partition", "evidence_offset")},
            )
            assert raw["received_at"] == row["received_at"]
            late += row["late"]
    assert late


def test_what_is_told_twice_is_one_line(tmp_path):
    """With how often it was told; the first telling is the one that shows."""
    warehouse, (kafka, _) = Warehouse(tmp_path / "a.duckdb"), told(5)
    loading = Loading(warehouse)
    kafka.write(loading)
    (topic, part), records = next((place, rows) for place, rows in kafka.records.items() if place[0] == "orders")
    order_id = msgspec.json.decode(records[0].value)["order_id"]
    before = run(warehouse, "trail", OPERATOR, order_id=order_id)
    kafka.records[topic, part].append(records[0]._replace(offset=len(records), timestamp=NOW))
    kafka.write(loading)
    after = run(warehouse, "trail", OPERATOR, order_id=order_id)
    assert [row | {"times_told": 1} for row in after] == before
    assert sorted(row["times_told"] for row in after) == [*[1] * (len(after) - 1), 2]
    warehouse.close()


def test_an_anomaly_that_was_explained_is_gone(tmp_path):
    """Of two words on one contradiction the later stands."""
    warehouse, kafka = Warehouse(tmp_path / "a.duckdb"), Kafka()
    loading = Loading(warehouse)
    for name, withdrawn in (("a", False), ("b", False), ("a", True)):
        told_ = Anomaly(name, "shop:1", "x", "shipped_unpaid", 5, "e", withdrawn=withdrawn)
        kafka.add("anomalies", "shop:1", codec.encode(told_), 1)
        kafka.write(loading)
    assert [row["anomaly_id"] for row in run(warehouse, "anomalies", OPERATOR)] == ["b"]
    assert run(warehouse, "anomalies", OPERATOR, order_id="shop:2") == []
    warehouse.close()


def test_an_order_without_its_beginning_is_seen_by_operators_alone(tmp_path):
    """An orphan has no seller and no tab, and counts among all; it is listed by when it was last heard of."""
    warehouse, kafka = Warehouse(tmp_path / "a.duckdb"), Kafka()
    kafka.add("order.snapshots", "shop:1", codec.encode(Order("shop:1", last_at=77, status="unknown")), 1)
    kafka.write(Loading(warehouse))
    [row] = run(warehouse, "orders", OPERATOR)
    assert (row["status"], row["seller_tab"], row["placed_at"], row["since"]) == ("unknown", "", None, 77)
    assert {(row["tab"], row["orders"]) for row in run(warehouse, "tab_counts", OPERATOR)} == {("", 1)}
    warehouse.close()
