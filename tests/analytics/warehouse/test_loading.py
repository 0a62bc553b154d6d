"""Loading: rows and offsets, both or neither; the newest snapshot; what nobody can read."""

from random import Random
from threading import Thread

import duckdb
import pytest

from analytics import reports
from analytics.access import OPERATOR, Viewer
from analytics.loading import Loading, ReplacedKafkaError
from analytics.rows import TABLES
from analytics.warehouse import Warehouse
from pipeline import codec
from pipeline.streams.agent import Batch
from pipeline.topics import TOPICS
from schemas.deliveries import Delivery
from schemas.facts import Transition
from schemas.letters import DeadLetter
from schemas.notices import Notice
from tests.analytics.seed import Record
from tests.analytics.warehouse.conftest import load, snapshot


def statuses(warehouse: Warehouse) -> dict[str, str]:
    rows = warehouse.query("select order_id, status from visible_orders('operator', '')")
    assert len(rows) == len({row["order_id"] for row in rows})
    return {row["order_id"]: row["status"] for row in rows}


@pytest.mark.parametrize("topic", TABLES)
def test_what_is_read_of_a_topic_fills_its_table(warehouse, topic):
    """Every column of raw.sql is told by a record, made by SQL, or the record's place; and there are no others."""
    table = TABLES[topic]
    place = {"part", "kafka_offset", "written_at"} | (
        {"topic"} if topic in {"orders", "payments", "shipments"} else set()
    )
    beside = {table.beside} if table.beside else set()
    assert (
        set(warehouse.types(f"raw.{table.name}")) == ({*table.row.__struct_fields__} - beside) | {*table.made} | place
    )


def test_it_reads_topics_that_there_are():
    """A topic that nobody writes would never fill its table."""
    assert set(TABLES) <= set(TOPICS)


def test_rows_and_offsets_are_kept_together(warehouse, loading):
    """After a write the file knows the rows and where to go on."""
    load(loading, "order.snapshots", snapshot("shop:1"), snapshot("shop:2", offset=5))
    assert statuses(warehouse) == {"shop:1": "new", "shop:2": "new"}
    assert loading.start_offsets() == {("order.snapshots", 0): 6}


def test_a_write_that_fails_leaves_neither_rows_nor_offsets(warehouse, loading):
    """The part that went well is gone too, and the next write works again."""
    load(loading, "order.snapshots", snapshot("shop:1"))
    warehouse.query("alter table raw.transitions drop column source")
    change = Transition("t", "shop:1", "", "unpaid", "new", 1, "e", "payment_paid", "shop", 1, 1, 1)
    batches = [
        Batch("order.snapshots", 0, [snapshot("shop:1", "cancelled", offset=1)]),
        Batch("order.transitions", 0, [Record(b"shop:1", codec.encode(change), 0, 1)]),
    ]
    with pytest.raises(duckdb.Error):
        loading.write(batches, {("order.snapshots", 0): 2, ("order.transitions", 0): 1})
    assert statuses(warehouse) == {"shop:1": "new"}
    assert loading.start_offsets() == {("order.snapshots", 0): 1}

    warehouse.query("alter table raw.transitions add column source varchar")
    loading.write(batches, {("order.snapshots", 0): 2, ("order.transitions", 0): 1})
    assert statuses(warehouse) == {"shop:1": "cancelled"}


@pytest.mark.parametrize("seed", range(3))
def test_an_order_is_what_its_newest_snapshot_says(warehouse, loading, seed):
    """However they are cut into batches and writes, and whenever they are compacted; also when its seller changes."""
    dice, told, offsets = Random(seed), {}, [0, 0]
    for _ in range(40):
        batches, ends = [], {}
        for part in (0, 1):
            records = []
            for _ in range(dice.randrange(12)):
                order_id = f"shop:{dice.randrange(10) * 2 + part}"
                status, seller = dice.choice(("new", "in_transit", "completed")), dice.choice(("a", "b"))
                records.append(
                    snapshot(order_id, status, seller=seller, offset=offsets[part], at=dice.randrange(1, 99))
                )
                told[order_id], offsets[part] = (status, seller), offsets[part] + 1
            cut = dice.randrange(len(records) + 1)
            batches += [Batch("order.snapshots", part, rows) for rows in (records[:cut], records[cut:])]
            ends["order.snapshots", part] = offsets[part]
        loading.write(batches, ends)
        if dice.random() < 0.3:
            loading.compact()
        assert statuses(warehouse) == {order_id: status for order_id, (status, _) in told.items()}
        for seller in ("a", "b"):
            rows = warehouse.query("from visible_orders('seller', $s)", {"s": seller})
            assert {row["order_id"] for row in rows} == {o for o, (_, of) in told.items() if of == seller}


def test_the_facts_are_those_of_the_newest_snapshot(warehouse, loading):
    """Before and after compaction; older ones do not stay in the file."""
    newest = snapshot("shop:1", "cancelled", offset=1)
    load(loading, "order.snapshots", snapshot("shop:1"), snapshot("shop:2", offset=2))
    load(loading, "order.snapshots", newest._replace(offset=3))
    for _ in range(2):
        [row] = reports.run(warehouse, "order", OPERATOR, order_id="shop:1")
        assert (row["facts"].encode(), row["snapshot_offset"]) == (newest.value, 3)
        loading.compact()
    assert warehouse.query("select count(*) as n from raw.facts") == [{"n": 2}]


def test_a_tombstone_removes_the_order(warehouse, loading):
    """Wherever its row lies."""
    load(loading, "order.snapshots", snapshot("shop:1"), snapshot("shop:2", offset=1))
    loading.compact()
    load(loading, "order.snapshots", snapshot("shop:3", offset=2), Record(b"shop:1", None, 3, 1))
    assert statuses(warehouse) == {"shop:2": "new", "shop:3": "new"}
    load(loading, "order.snapshots", Record(b"shop:3", None, 4, 1))
    assert statuses(warehouse) == {"shop:2": "new"}
    loading.compact()
    assert warehouse.query("select count(*) as n from raw.facts") == [{"n": 1}]


HOSTILE = {
    "no JSON": b"{",
    "another shape": b'{"order_id": 5}',
    "nothing": b"[]",
    "no UTF-8": b'{"order_id": "\xff"}',
    "a number that no column holds": b'{"order_id": "shop:9", "last_at": 99999999999999999999}',
    "too many stars": b'{"order_id":"shop:9","review":{"at":[1,"e"],"stars":9999999999}}',
    "half a character": b'{"order_id":"shop:9","details":{"stamp":[1,0,""],"city":"\\ud800"}}',
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_nobody_can_read_is_set_aside(warehouse, loading, value):
    """With its place and the reason; the records around it become rows."""
    load(loading, "order.snapshots", snapshot("shop:1"), Record(b"shop:9", value, 1, 1), snapshot("shop:2", offset=2))
    assert set(statuses(warehouse)) == {"shop:1", "shop:2"}
    [row] = reports.run(warehouse, "unreadable", OPERATOR)
    assert (row["topic"], row["part"], row["kafka_offset"]) == ("order.snapshots", 0, 1)
    assert row["reason"]
    assert loading.start_offsets() == {("order.snapshots", 0): 3}


@pytest.mark.parametrize("topic", TABLES)
def test_garbage_of_any_topic_stops_nothing(warehouse, loading, topic):
    """It is counted, or it says that a key is gone."""
    load(loading, topic, Record(b"\xff", b"\xff\x00", 0, 1), Record(None, None, 1, 1), Record(b"", b"{}", 2, 1))
    assert loading.start_offsets() == {(topic, 0): 3}


def test_a_notice_is_kept_once(warehouse, loading):
    """Told again in one batch or in a later one, it has one row and one number."""
    told = [
        Notice("n1", "seller:a", "delivered", "shop:1", 1, "e"),
        Notice("n2", "seller:a", "shipped", "shop:1", 1, "e"),
    ]
    records = [Record(b"seller:a", codec.encode(notice), n, 1) for n, notice in enumerate([told[0], told[0], told[1]])]
    load(loading, "notices", *records[:2])
    load(loading, "notices", records[0]._replace(offset=2), records[2]._replace(offset=3))
    rows = reports.run(warehouse, "notices", Viewer("seller", "a"))
    assert [(row["notice_id"], row["seq"]) for row in rows] == [("n2", 2), ("n1", 1)]
    assert reports.run(warehouse, "notices", Viewer("seller", "a"), after=1) == rows[:1]
    assert reports.run(warehouse, "notices", Viewer("buyer", "a")) == []


def test_webhooks_are_kept_without_their_bodies(warehouse, loading):
    """Who sent it, when it came, how large it was and where it lies."""
    told = Delivery("ninjavan", "toko-melati", "abc/1", b"", 77)
    load(loading, "webhooks.received", Record(told.key, b"secret", 4, 80, tuple(told.record_headers())), partition=3)
    [row] = warehouse.query("from raw.deliveries")
    assert row.pop("delivery_key")
    assert row == {
        "source": "ninjavan",
        "account": "toko-melati",
        "dedupe_id": "abc/1",
        "received_at": 77,
        "size": 6,
        "part": 3,
        "kafka_offset": 4,
        "written_at": 80,
        "loaded_at": 1_000,
    }


def test_dead_letters_are_grouped_by_their_reason(warehouse, loading):
    """With the newest one's place."""
    for n, detail in enumerate(("line 3", "line 4")):
        told = DeadLetter("intake", "undecodable", detail, "webhooks.received", 2, 70 + n, 500 + n)
        load(loading, "dead-letters", Record(b"shop/a/1", b"{", n, 1, tuple(told.headers())))
    [row] = reports.run(warehouse, "letters", OPERATOR)
    assert (row["letters"], row["keys"], row["detail"], row["last_offset"]) == (2, 1, "line 4", 1)


def test_a_kafka_that_starts_anew_is_refused(warehouse, loading):
    """Its offsets mean other records: loading them would double some and miss others. The sentence says what to do."""
    load(loading, "order.snapshots", snapshot("shop:1", offset=8))
    with pytest.raises(ReplacedKafkaError, match="arus rebuild"):
        load(Loading(warehouse), "order.snapshots", snapshot("shop:1", offset=3))
    assert statuses(warehouse) == {"shop:1": "new"}


def test_readers_see_whole_writes_while_orders_move(warehouse, loading):
    """During writes and compactions every reader sees each order once, and never an older number than before."""
    wrong, reading = [], [True]

    def read() -> None:
        seen = 0
        while reading[0]:
            rows = warehouse.query("select order_id, since from visible_orders('operator', '')")
            latest = max((row["since"] for row in rows), default=0)
            if len(rows) % 50 or len(rows) != len({row["order_id"] for row in rows}) or latest < seen:
                wrong.append((len(rows), latest, seen))
            seen = latest

    readers = [Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for round_ in range(30):
        first = round_ * 25 // 50 * 50
        records = [snapshot(f"shop:{first + n}", offset=round_ * 50 + n, at=round_ + 1) for n in range(50)]
        load(loading, "order.snapshots", *records)
        if round_ % 3 == 2:
            loading.compact()
    reading[0] = False
    for reader in readers:
        reader.join()
    assert wrong == []


def test_a_file_from_before_numbers_told_their_webhook_is_read_on(tmp_path):
    """What was parked then has none; what is parked now has one."""
    file = tmp_path / "arus.duckdb"
    before = Warehouse(file)
    for column in ("told_partition", "told_offset"):
        before.query(f"alter table raw.parked drop column {column}")
    before.query("insert into raw.parked values (1, 'jnt/JP1', 1, 1, 1, 0, 0, 1)")
    before.close()
    after = Warehouse(file)
    number = b'{"parked":[{"received_at":2,"event":{"evidence":{"partition":3,"offset":7}}}]}'
    load(Loading(after), "matching.numbers", Record(b"jnt/JP2", number, 1, 2))
    places = after.query(
        "select tracking_key, told_partition, told_offset from raw.parked where told_offset is not null"
    )
    assert places == [{"tracking_key": "jnt/JP2", "told_partition": 3, "told_offset": 7}]
    after.close()


def test_it_takes_no_more_memory_than_it_is_given(tmp_path):
    """What it has read stays in memory up to there; also after it was opened anew."""
    small = Warehouse(tmp_path / "small.duckdb", memory_bytes=200 << 20)
    for _ in range(2):
        assert small.query("select current_setting('memory_limit') as most") == [{"most": "200.0 MiB"}]
        small.reopen()
    small.close()


def test_connections_of_threads_that_have_ended_are_closed(warehouse):
    """Servers start threads for each rush and end them after it: what each left open would add up for months."""
    for _ in range(20):
        rush = [Thread(target=warehouse.query, args=("select 1",)) for _ in range(4)]
        for thread in rush:
            thread.start()
        for thread in rush:
            thread.join()
    assert len(warehouse._cursors) <= 4
