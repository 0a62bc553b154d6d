"""Rebuild: the warehouse from Kafka alone, beside the live file, compared with it, then in its place."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from analytics.access import OPERATOR
from analytics.archive import ARCHIVED, store
from analytics.archive.copying import copy
from analytics.loading import Loading
from analytics.rebuild import rebuild
from analytics.rebuilding.filling import IncompleteError, Read, check
from analytics.reports import run
from analytics.rows import TABLES
from analytics.warehouse import Warehouse, WarehouseBusyError
from pipeline.broker import admin
from pipeline.broker.clients import client_options
from pipeline.settings import Analytics, Kafka, Settings
from pipeline.topics import TOPICS
from tests.analytics.seed import Kafka as Topics
from tests.analytics.seed import told
from tests.analytics.warehouse import test_killed as killed

ASKED = {"orders": {"limit": None}, "tab_counts": {}, "sales": {"since": 0, "until": 1 << 41, "by": "month"}}


@pytest.fixture(scope="module")
def topics() -> Topics:
    """What the topics hold; no test changes it."""
    return told(60)[0]


@pytest.fixture
def settings(tmp_path, own_kafka) -> Settings:
    kafka = Kafka(bootstrap_servers=own_kafka.bootstrap, partitions=8)
    with admin.connect(kafka) as door:
        door.create_topics()
    return Settings(home=tmp_path / "home", kafka=kafka)


@pytest.fixture
def produced(settings, topics) -> Settings:
    produce(settings.kafka, topics)
    return settings


def produce(kafka: Kafka, topics: Topics) -> None:
    """Writes all records, as of now: Kafka deletes what is older than it is told to keep."""
    with KafkaProducer(**client_options(kafka)) as producer:
        for (topic, part), records in topics.records.items():
            for record in records:
                producer.send(topic, record.value, record.key, list(record.headers), part)
        producer.flush()


def fill(settings: Settings, topics: Topics) -> None:
    """Fills the live file as the loading agent would."""
    warehouse = Warehouse(settings.home / "arus.duckdb")
    fresh = Topics()
    fresh.records = topics.records
    fresh.write(Loading(warehouse))
    warehouse.close()


def answers(path: Path) -> dict[str, list[dict]]:
    warehouse = Warehouse(path)
    try:
        return {name: run(warehouse, name, OPERATOR, **asked) for name, asked in ASKED.items()}
    finally:
        warehouse.close()


def test_a_lost_file_is_made_anew(produced, topics):
    """Every report says what it said; the offsets are those where loading goes on; how far it is, is told."""
    fill(produced, topics)
    live = produced.home / "arus.duckdb"
    before = answers(live)
    live.unlink()
    steps = []

    done = rebuild(produced, progress=lambda *step: steps.append(step))

    assert answers(live) == before
    assert done.records == sum(map(len, topics.records.values())) == steps[-1][0] == steps[-1][1]
    assert (done.unreadable, done.differences, done.kept) == (0, [], None)
    warehouse = Warehouse(live)
    assert Loading(warehouse).start_offsets() == {place: len(rows) for place, rows in topics.records.items()}
    warehouse.close()
    assert [file.name for file in produced.home.iterdir()] == ["arus.duckdb"]


def test_what_a_rebuild_loads_did_not_just_arrive(produced):
    """Freshness is of what the loading agent loads, not of a month's events read in a minute."""
    rebuild(produced)
    warehouse = Warehouse(produced.home / "arus.duckdb")
    assert {row["changes"] for row in run(warehouse, "freshness", OPERATOR, now=1 << 41)} == {0}
    warehouse.close()


def test_a_sound_file_and_its_rebuild_do_not_differ(produced, topics):
    """Neither while some orders still wait for compaction; the former file stays beside the new one."""
    fill(produced, topics)
    done = rebuild(produced)
    assert {row.table for row in done.differences} == {table.shown for table in TABLES.values()}
    assert all(row.gone == row.new == 0 for row in done.differences), done.differences
    assert next(row for row in done.differences if row.table == "orders").before == 60
    assert done.kept
    assert answers(done.kept) == answers(produced.home / "arus.duckdb")


def test_shadow_only_compares(produced, topics):
    """What the live file lacks and what it has too much is counted; it stays, and nothing is left beside it."""
    fill(produced, topics)
    live = produced.home / "arus.duckdb"
    warehouse = Warehouse(live)
    warehouse.query("delete from raw.events where rowid < 3")
    warehouse.query("update raw.delta set total = total + 1 where rowid = 5")
    warehouse.close()
    before = answers(live)

    done = rebuild(produced, shadow=True)

    differs = {row.table: (row.gone, row.new) for row in done.differences if row.gone or row.new}
    assert differs == {"events": (0, 3), "orders": (1, 1)}
    assert done.kept is None
    assert answers(live) == before
    assert [file.name for file in produced.home.iterdir()] == ["arus.duckdb"]


def test_a_damaged_file_is_replaced(produced, topics):
    """With its log, so that nobody takes that for the new one's; both stay beside it."""
    fill(produced, topics)
    live = produced.home / "arus.duckdb"
    before = answers(live)
    live.write_bytes(b"\xff" * 100_000)
    live.with_name("arus.duckdb.wal").write_bytes(b"\xff" * 1_000)
    done = rebuild(produced)
    assert answers(live) == before
    assert done.kept
    assert done.kept.read_bytes() == b"\xff" * 100_000
    assert done.kept.with_name(f"{done.kept.name}.wal").read_bytes() == b"\xff" * 1_000


def test_what_kafka_no_longer_keeps_is_taken_from_the_live_file(produced, topics):
    """Trails and inboxes older than that stay whole, and are in order."""
    fill(produced, topics)
    short = {place: min(4, len(rows)) for place, rows in topics.records.items() if TOPICS[place[0]].keep_days}
    delete_before(produced.kafka, short)
    done = rebuild(produced)
    assert done.carried == sum(short.values())
    assert all(row.gone == row.new == 0 for row in done.differences), done.differences
    assert not [row for row in rebuild(produced).differences if row.gone or row.new]  # of partitions now empty too
    warehouse = Warehouse(produced.home / "arus.duckdb")
    inbox = run(warehouse, "notices", OPERATOR, limit=None)
    warehouse.close()
    assert len({row["seq"] for row in inbox}) == len(inbox)


def test_what_kafka_no_longer_keeps_is_taken_from_the_archive(produced, topics):
    """A lost file is made anew as it was; what the archive has not yet comes from Kafka."""
    fill(produced, topics)
    live = produced.home / "arus.duckdb"
    before = answers(live)
    live.unlink()
    archive = store.folder(produced)
    for topic in ARCHIVED:
        copy(produced.kafka, archive, topic)
    newest = store.pieces(archive, "notices")[0]  # the whole of one partition comes from Kafka
    (archive / "notices" / newest.name).unlink()
    kept = [place for place in topics.records if TOPICS[place[0]].keep_days and place != ("notices", newest.partition)]
    delete_before(produced.kafka, {place: len(topics.records[place]) for place in kept})

    done = rebuild(produced, archived=True)

    assert answers(live) == before
    assert done.records == sum(map(len, topics.records.values()))


def test_one_node_becomes_several(produced, topics):
    """Each from a copy of the one's file: what Kafka no longer keeps goes to whose it is, and stays there."""
    fill(produced, topics)
    live = produced.home / "arus.duckdb"
    short = {place: min(4, len(rows)) for place, rows in topics.records.items() if TOPICS[place[0]].keep_days}
    delete_before(produced.kafka, short)
    whole, nodes = rows(live), []
    for number in range(3):
        home = produced.home.with_name(f"node-{number}")
        home.mkdir()
        shutil.copy(live, home)
        share = Analytics(shards=("http://a", "http://b", "http://c"), shard=number)
        settings = produced.model_copy(update={"home": home, "analytics": share})
        assert rebuild(settings).unreadable == 0
        nodes.append(rows(home / "arus.duckdb"))
        again = rebuild(settings, shadow=True)
        assert not [row for row in again.differences if row.gone or row.new]
    for name, kept in whole.items():
        told = [node[name] for node in nodes]
        assert sum(told, Counter()) == kept if OWNED[name] else told == [kept] * 3, name
    assert all(node["notices"] for node in nodes)


OWNED = {
    "transitions": True,
    "notices": True,
    "stock_told": True,
    "movements": True,
    "events": False,
    "anomalies": False,
}
"""Tables with rows that may be older than what Kafka keeps, and whether one node alone keeps each."""


def rows(path: Path) -> dict[str, Counter[str]]:
    """Gives the rows of OWNED, but not when they were written and loaded and as how manieth."""
    warehouse = Warehouse(path)
    left_out = {"notices": ", seq", "events": ", loaded_at", "transitions": ", loaded_at"}
    found = {}
    for name in OWNED:
        sql = f"select * exclude (written_at{left_out.get(name, '')}) from raw.{name}"  # noqa: S608  # names of ours
        found[name] = Counter(map(str, warehouse.query(sql)))
    warehouse.close()
    return found


def delete_before(kafka: Kafka, offsets: dict[tuple[str, int], int]) -> None:
    client = KafkaAdminClient(**client_options(kafka))
    client.delete_records({TopicPartition(*place): offset for place, offset in offsets.items()})
    client.close()


def test_a_file_in_use_is_left_alone(tmp_path):
    """The sentence says by whom, and what to stop; nothing is read, nothing is left beside it."""
    process = killed.start(tmp_path / "arus.duckdb")
    try:
        with pytest.raises(WarehouseBusyError, match=f"process {process.pid}"):
            rebuild(Settings(home=tmp_path))
    finally:
        killed.kill(process)
    assert {file.name for file in tmp_path.iterdir()} <= {"arus.duckdb", "arus.duckdb.wal"}


def test_a_rebuild_that_lost_a_record_is_refused(tmp_path, topics):
    """The rows are held against what was read."""
    settings = Settings(home=tmp_path)
    fill(settings, topics)
    warehouse = Warehouse(tmp_path / "arus.duckdb")
    read = Read(Counter({place: len(rows) for place, rows in topics.records.items()}), {}, Counter())
    assert check(warehouse, read) == 0
    warehouse.query("delete from raw.events where rowid = 0")
    with pytest.raises(IncompleteError, match="not complete"):
        check(warehouse, read)
    warehouse.close()
