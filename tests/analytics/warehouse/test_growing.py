"""A warehouse whose topics get more partitions: offsets of two partitions say nothing about each other."""

import pytest

from agents.stocking import move, stock
from analytics import reports
from analytics.access import OPERATOR
from pipeline import codec
from pipeline.broker.reader import Stored
from pipeline.growing.rows import Growth, moves
from pipeline.streams import testing
from pipeline.streams.testing import Given
from pipeline.streams.work.partitions import partition_of
from schemas.deliveries import Delivery
from schemas.facts import Anomaly
from schemas.ids import article_key
from schemas.times import HOUR
from tests.agents.events import ORDER, START, order_of, tell
from tests.analytics.seed import Record
from tests.analytics.warehouse.conftest import load, snapshot

OLD, NEW = 1, 5
"""Partitions of a key before and after."""


def test_the_newest_snapshot_counts_although_its_offset_is_lower(warehouse, loading):
    """Its facts too; those of the former partition do not stay in the file."""
    load(loading, "order.snapshots", snapshot("shop:1", offset=0), snapshot("shop:1", offset=3), partition=OLD)
    loading.compact()
    newest = snapshot("shop:1", "cancelled", offset=3)
    load(loading, "order.snapshots", newest, partition=NEW)
    for _ in range(2):
        [row] = reports.run(warehouse, "order", OPERATOR, order_id="shop:1")
        assert (row["status"], row["facts"].encode()) == ("cancelled", newest.value)
        assert (row["snapshot_partition"], row["snapshot_offset"]) == (NEW, 3)
        loading.compact()
    assert warehouse.query("select count(*) as n from raw.facts") == [{"n": 1}]


def test_the_last_word_on_a_contradiction_counts(warehouse, loading):
    """One that was withdrawn since is told no more; within a partition offsets decide, whatever clocks say."""
    told = [
        Anomaly(f"a{number}", ORDER, "toko", "kind", 1, "e", "f", "", withdrawn)
        for number, withdrawn in ((1, False), (2, True), (1, True), (2, False))
    ]
    records = [Record(ORDER.encode(), codec.encode(one), 90 + n, START + n) for n, one in enumerate(told[:2])]
    load(loading, "anomalies", *records, partition=OLD)
    later = [Record(ORDER.encode(), codec.encode(one), n, START + HOUR - n) for n, one in enumerate(told[2:])]
    load(loading, "anomalies", *later, partition=NEW)
    rows = reports.run(warehouse, "anomalies", OPERATOR, order_id=None, limit=9)
    assert [row["anomaly_id"] for row in rows] == ["a2"]


def test_a_repeat_in_another_partition_is_a_repeat(warehouse, loading):
    """However low its offset: of a webhook that came before and after, one was accepted and one is a repeat."""
    delivery = Delivery("shopee", "toko", "d1", b"{}", START)
    for partition, offset, at in ((OLD, 90, START), (NEW, 2, START + HOUR)):
        record = Record(delivery.key, b"{}", offset, at, tuple(delivery.record_headers()))
        load(loading, "webhooks.received", record, partition=partition)
    [row] = reports.run(warehouse, "intake", OPERATOR, now=START + 2 * HOUR)
    assert (row["accepted"], row["duplicates"]) == (1, 1)


@pytest.fixture
def article() -> bytes:
    return article_key("toko", "S").encode()


def test_an_article_has_the_pieces_of_its_orders_on_both_sides(warehouse, loading, article):
    """Movements of its former partition are in its level, those of the new one as far as it says."""
    paid, gone = (tell("order_placed"), tell("payment_paid", 1)), tell("order_cancelled", 2)
    first = testing.run(move, [Given(ORDER.encode(), codec.encode(order_of(*paid)), offset=4, timestamp=START)])
    then = testing.run(
        move, [Given(ORDER.encode(), codec.encode(order_of(*paid, gone)), offset=1, timestamp=START)],
        rows=first.rows, partition=NEW,
    )  # fmt: skip
    [reserved], [released] = ([m.value for m in out.messages] for out in (first, then))
    before = testing.run(stock, [Given(article, reserved, offset=70)], topic="stock.movements")
    load(loading, "stock.movements", Record(article, reserved, 70, START), partition=OLD)
    level = codec.encode(before.rows[article])
    load(loading, "stock.levels", Record(article, level, 70, START), partition=OLD)
    other = reserved.replace(b'"sku":"S"', b'"sku":"T"')
    load(loading, "stock.movements", Record(b"other", other, 0, START), partition=NEW)

    growth = next(Growth(1, count) for count in range(2, 99) if partition_of(article, count))
    [moved, _] = moves(growth, Stored("stock.levels", 0, 70, START, article, level, []))
    load(loading, "stock.levels", Record(article, moved.value, 0, START), partition=NEW)
    assert standing(warehouse) == (["reserved"], [])

    after = testing.run(
        stock, [Given(article, released, offset=3)], rows=before.rows, topic="stock.movements", partition=NEW
    )
    load(loading, "stock.movements", Record(article, released, 3, START + HOUR), partition=NEW)
    assert standing(warehouse)[1] == []  # the level does not have it yet, and says so
    load(loading, "stock.levels", Record(article, codec.encode(after.rows[article]), 1, START + HOUR), partition=NEW)
    assert standing(warehouse) == (["released"], [])
    told = reports.run(
        warehouse, "stock_movements", OPERATOR, sku="S", seller="toko", state=None, standing=False, cursor=None, limit=9
    )
    assert [row["state"] for row in told] == ["released", "reserved"]


def standing(warehouse) -> tuple[list[str], list[dict]]:
    """Gives what each order does with the article now, and what does not add up."""
    asked = {"sku": "S", "seller": "toko", "state": None, "standing": True, "cursor": None, "limit": 9}
    told = reports.run(warehouse, "stock_movements", OPERATOR, **asked)
    return [row["state"] for row in told], reports.run(warehouse, "stock_check", OPERATOR, limit=9)
