"""The archive on a real Kafka: filled, proved, robbed of files and healed, killed in the midst."""

import json
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
import structlog
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from analytics.archive import ARCHIVED, ArchiveError, store
from analytics.archive import copying as copying_module
from analytics.archive.copying import copy
from analytics.archive.replaying import replay
from analytics.archive.verifying import verify
from pipeline.broker import admin
from pipeline.broker.clients import client_options
from pipeline.broker.reader import records
from pipeline.settings import Kafka, environment

LATER = 1 << 62
KILLER = """
import sys
from analytics.archive import copying
copying.CUT_RECORDS = 100
from pipeline.cli import main
main()
"""


def produce(kafka: Kafka, topic: str, numbers: range, unique, partitions: int = 2) -> None:
    """Writes records in transactions of 50, each third of which is taken back; keys and values are missing at times."""
    with KafkaProducer(**client_options(kafka), transactional_id=unique(f"{topic}-{numbers.start}")) as producer:
        producer.init_transactions()
        for start in numbers[::50]:
            producer.begin_transaction()
            for n in range(start, min(start + 50, numbers.stop)):
                key, value = (None if n % 7 == 0 else b"k%d" % n), (None if n % 7 == 1 else b"\xff%d" % n)
                producer.send(topic, value, key, [("h", b"1"), ("h", b"%d" % n)] if n % 3 else [], n % partitions)
            producer.abort_transaction() if start // 50 % 3 == 1 else producer.commit_transaction()


def in_kafka(kafka: Kafka, topic: str, partition: int) -> list:
    return [record for record in records(kafka, topic) if record.partition == partition]


def problems(kafka: Kafka, archive: Path, topic: str, late: int = 0) -> list[str]:
    return [problem for row in verify(kafka, archive, topic, late) for problem in row.problems]


def delete_before(kafka: Kafka, topic: str, partition: int, offset: int) -> None:
    client = KafkaAdminClient(**client_options(kafka))
    client.delete_records({TopicPartition(topic, partition): offset})
    client.close()


@pytest.fixture
def filled(kafka, topic, unique, tmp_path, monkeypatch) -> str:
    """A topic of two partitions, archived in several goes and files."""
    monkeypatch.setattr(copying_module, "CUT_RECORDS", 60)
    name = topic(partitions=2)
    for start in (0, 450):
        produce(kafka, name, range(start, start + 450), unique)
        copy(kafka, tmp_path, name)
    return name


def test_what_kafka_has_is_kept(kafka, filled, tmp_path):
    """Bytes, times, headers and nothing where nothing was; what was taken back is not there; nothing is taken twice."""
    for partition in (0, 1):
        assert list(store.read(tmp_path, filled, partition)) == in_kafka(kafka, filled, partition)
    assert copy(kafka, tmp_path, filled) == 0
    checked = verify(kafka, tmp_path, filled, LATER)
    assert [(row.records, row.same, row.missing, row.differing, row.waiting) for row in checked] == [
        (300, 300, 0, 0, 0)
    ] * 2
    assert all(row.files > 4 and row.problems == [] for row in checked)


def test_a_lost_file_is_named_and_made_anew(kafka, filled, tmp_path):
    """Wherever it was, while Kafka has its records."""
    for number in (0, 2):
        gone = store.pieces(tmp_path, filled)[number]
        (tmp_path / filled / gone.name).unlink()
        (problem,) = problems(kafka, tmp_path, filled)
        assert problem.startswith(f"{filled}/0: offsets {gone.first} to {gone.last} are in no file (…-")
        assert gone.name.rpartition("/")[2].removeprefix("0") in problem
        assert "`arus archive run --once` reads them anew" in problem
        assert copy(kafka, tmp_path, filled) > 0
        assert problems(kafka, tmp_path, filled) == []
        assert list(store.read(tmp_path, filled, 0)) == in_kafka(kafka, filled, 0)


def test_a_gap_that_kafka_cannot_fill_is_told(kafka, filled, tmp_path):
    """Records that it deleted are read from the archive; where a file of these is lost, only a backup helps."""
    before = list(store.read(tmp_path, filled, 0))
    held = [piece for piece in store.pieces(tmp_path, filled) if piece.partition == 0]
    delete_before(kafka, filled, 0, held[3].first)
    assert problems(kafka, tmp_path, filled) == []
    assert list(store.read(tmp_path, filled, 0)) == before
    (tmp_path / filled / held[1].name).unlink()
    (problem,) = problems(kafka, tmp_path, filled)
    assert f"offsets {held[1].first} to {held[1].last} are in no file" in problem
    assert "Kafka has them no more: put the file back from a backup" in problem
    assert copy(kafka, tmp_path, filled) == 0


def test_what_kafka_deleted_before_it_was_archived_is_told(kafka, filled, unique, tmp_path):
    """The archive goes on behind it, and the gap stays visible, also when files are merged."""
    stood = next(row.last for row in verify(kafka, tmp_path, filled, LATER))
    produce(kafka, filled, range(900, 1_200), unique)
    delete_before(kafka, filled, 0, stood + 60)
    assert copy(kafka, tmp_path, filled) > 0
    store.merge(tmp_path, filled, "9999-12-31")
    assert len(store.pieces(tmp_path, filled)) == 3
    (problem,) = problems(kafka, tmp_path, filled)
    assert problem.startswith(f"{filled}/0: offsets {stood + 1} to {stood + 59} are in no file")


def test_a_topic_is_replayed_from_archive_and_kafka(kafka, filled, unique, tmp_path):
    """Each record once: the old from the archive, the new from Kafka; what is archived meanwhile is not told twice."""
    before = [*store.read(tmp_path, filled, 0)]
    produce(kafka, filled, range(900, 1_200), unique)
    delete_before(kafka, filled, 0, before[-1].offset + 1)
    told = replay(kafka, tmp_path, filled)
    assert told.total >= 600
    copy(kafka, tmp_path, filled)
    found = [*told.records()]
    for partition in (0, 1):
        assert [record for record in found if record.partition == partition] == [
            *store.read(tmp_path, filled, partition)
        ]
    assert found[: len(before)] == before


def test_a_replay_begins_with_an_archive_that_is_whole(kafka, filled, tmp_path):
    """As far as that is possible: what Kafka can fill must be filled first, another gap is a warning."""
    first, gone, after = store.pieces(tmp_path, filled)[:3]
    (tmp_path / filled / gone.name).unlink()
    with pytest.raises(ArchiveError, match=rf"{filled}/0 lacks {gone.first} to {gone.last}: `arus archive run --once`"):
        replay(kafka, tmp_path, filled)
    delete_before(kafka, filled, 0, after.first)
    with structlog.testing.capture_logs() as logs:
        replay(kafka, tmp_path, filled)
    assert logs == [
        {"log_level": "warning", "event": "archive.gap", "topic": filled, "after": first.name, "before": after.name}
    ]


def test_a_record_that_differs_or_lacks_is_found(kafka, filled, tmp_path):
    """In a file that is sound in itself."""
    piece = store.pieces(tmp_path, filled)[1]
    rows = [row for row in store.read(tmp_path, filled, 0, piece.first) if row.offset <= piece.last]
    (tmp_path / filled / piece.name).unlink()
    rows[3].value = b"other"
    store.keep(tmp_path, piece.first, [row for at, row in enumerate(rows) if at != 5])
    lacks, differs = problems(kafka, tmp_path, filled)
    assert f"{piece.name} lacks offsets {rows[5].offset}: delete it, and" in lacks
    assert f"offsets {rows[3].offset} are others than in Kafka" in differs


def test_a_damaged_file_is_told_and_the_rest_checked(kafka, filled, tmp_path):
    """All other records are held against Kafka's; deleting it heals."""
    piece = store.pieces(tmp_path, filled)[1]
    (tmp_path / filled / piece.name).write_bytes(b"PAR1")
    first, second = verify(kafka, tmp_path, filled, LATER)
    (problem,) = first.problems
    assert piece.name in problem
    assert (first.same + first.missing, second.same) == (300, 300)
    (tmp_path / filled / piece.name).unlink()
    copy(kafka, tmp_path, filled)
    assert problems(kafka, tmp_path, filled) == []


def test_what_waits_is_told_when_it_waits_for_long(kafka, topic, unique, tmp_path):
    """Just written is no problem, long ago is one."""
    name = topic(partitions=2)
    produce(kafka, name, range(50), unique)
    now = time.time_ns() // 1_000_000
    assert problems(kafka, tmp_path, name, now - 60_000) == []
    told = problems(kafka, tmp_path, name, now + 60_000)
    assert told[0] == f"{name}/0: 25 records have waited for long to be archived: `arus archive run` must run"
    assert len(told) == 2


def test_another_kafka_is_not_mixed_in(kafka, filled, topic, unique, tmp_path):
    """An emptied one, which has fewer, and another one, which has others: nothing is written, a sentence says why."""
    other = unique("other")
    with admin.connect(kafka) as door:
        door.create_topic(other, 2, {})
    (tmp_path / filled).rename(tmp_path / other)
    with pytest.raises(ArchiveError, match=rf"{other}/0 reaches to \d+, but this Kafka only to -1.*emptied"):
        copy(kafka, tmp_path, other)
    assert any("Kafka only to" in problem for problem in problems(kafka, tmp_path, other))
    before = store.pieces(tmp_path, other)
    with KafkaProducer(**client_options(kafka)) as producer:
        for n in range(2_400):
            producer.send(other, b"%d" % n, partition=n % 2)
    with pytest.raises(ArchiveError, match=r"has another record at \d+ than this Kafka"):
        copy(kafka, tmp_path, other)
    assert store.pieces(tmp_path, other) == before


def test_killed_in_the_midst(own_kafka, unique, tmp_path):
    """`arus archive run` is killed (-9) again and again: nothing is lost, nothing doubled, and the commands say so."""
    kafka, home, dice = Kafka(bootstrap_servers=own_kafka.bootstrap, partitions=2), tmp_path / "home", Random()
    with admin.connect(kafka) as door:
        door.create_topics()
    for topic in ARCHIVED:
        produce(kafka, topic, range(1_200), unique)
    given = environment(ARUS_HOME=str(home), ARUS_KAFKA__BOOTSTRAP_SERVERS=own_kafka.bootstrap)

    def arus(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", KILLER, "archive", *arguments]
        return subprocess.run(command, env=given, capture_output=True, text=True, check=False, timeout=120)

    for _ in range(3):
        upto = len(files(home)) + dice.randrange(1, 4)
        process = subprocess.Popen([sys.executable, "-c", KILLER, "archive", "run"], env=given)
        while len(files(home)) < upto and process.poll() is None:
            time.sleep(0.001)
        process.kill()
        process.wait()
    done = arus("run", "--once", "--json")
    assert done.returncode == 0, done.stderr
    for topic in ARCHIVED:
        for partition in (0, 1):
            assert list(store.read(home / "archive", topic, partition)) == in_kafka(kafka, topic, partition)
    assert not [file for file in (home / "archive").rglob("*") if file.name.endswith(".draft")]

    proof = arus("verify", "--json")
    assert (proof.returncode, json.loads(proof.stdout)["problems"]) == (0, []), proof.stderr
    files(home)[0].unlink()
    proof = arus("verify")
    assert proof.returncode == 1
    assert "are in no file" in proof.stdout
    shown = json.loads(arus("show", "--json").stdout)
    assert [row["topic"] for row in shown] == [*ARCHIVED]


def files(home: Path) -> list[Path]:
    return sorted((home / "archive").glob("*/*/*.parquet"))
