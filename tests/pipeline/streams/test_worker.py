"""Workers on a real Kafka: state that lasts, poison that stops nothing, sentences for what is wrong."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from pipeline.stopping import MustStop
from pipeline.streams import app, place
from pipeline.streams.agent import Message, Table, agent
from pipeline.streams.state.rows import PartitionRows
from schemas.letters import DeadLetter

pytestmark = pytest.mark.timeout(120)


def counter(stage, name="count", source="in", out="out"):
    """Declares an agent that numbers each key's records; `source`, `out` and its changelog are topics of the test."""
    topic, table = stage.topic(source), stage.topic(f"{name}.log", **{"cleanup.policy": "compact"})
    counts = Table(name, changelog=table, decode=msgspec.json.decode, encode=msgspec.json.encode)
    to = stage.topic(out)

    def run(batch, rows):
        """Numbers each key's records."""
        for record in batch:
            if record.value == b"poison":
                rows.put(record.key, 1_000)
                raise ValueError("poison")
            number = (rows.get(record.key) or 0) + 1
            rows.put(record.key, number)
            yield Message(to, record.key, b"%s %d" % (record.value, number))

    run.__name__ = name
    return agent(topic, table=counts)(run)


@pytest.mark.parametrize("store", ["memory", "rocksdict"])
async def test_a_worker_goes_on_with_its_state_after_a_restart(stage, store):
    """Every record is counted once, over two lives of the worker."""
    count = counter(stage)
    source, out = stage.unique("in"), stage.unique("out")
    await stage.send(source, *[(b"abc"[i % 3 : i % 3 + 1], b"first") for i in range(30)])
    async with stage.worker(count, store=store):
        await stage.until(out, 30)
    await stage.send(source, *[(b"abc"[i % 3 : i % 3 + 1], b"second") for i in range(30)])
    async with stage.worker(count, store=store):
        records = await stage.until(out, 60)
    numbers = sorted((record.key, int(record.value.split()[1])) for record in records)
    assert numbers == [(key, number) for key in (b"a", b"b", b"c") for number in range(1, 21)]


async def test_memory_is_recovered_from_the_changelog_alone(stage):
    """A worker without a home finds its rows in Kafka: tables are never only on this machine."""
    count = counter(stage)
    await stage.send(stage.unique("in"), (b"a", b"x"), (b"a", b"x"))
    async with stage.worker(count):
        await stage.until(stage.unique("out"), 2)
    stage.home = stage.home / "elsewhere"
    await stage.send(stage.unique("in"), (b"a", b"x"))
    async with stage.worker(count):
        records = await stage.until(stage.unique("out"), 3)
    assert [record.value for record in records] == [b"x 1", b"x 2", b"x 3"]


async def test_what_is_wrong_with_a_worker_stops_it_and_buries_nothing(stage):
    """It ends with the sentence; one that is as it should be goes on where it stopped, with every record."""
    source, out = stage.topic("in"), stage.topic("out")

    def mended(batch):
        """Copies."""
        yield from (Message(out, record.key, record.value) for record in batch)

    def broken(batch):
        """May not go on."""
        raise MustStop("no settings: mend them")
        yield batch

    await stage.send(source, (b"a", b"x"), (b"b", b"y"))
    async with stage.worker(agent(source)(broken)) as running:
        with pytest.raises(app.WorkerError, match=r"^no settings: mend them$"):
            await running.until(asyncio.Event())
    mended.__name__ = "broken"
    async with stage.worker(agent(source)(mended)):
        records = await stage.until(out, 2)
    assert {record.value for record in records} == {b"x", b"y"}
    assert await stage.read(stage.letters) == []


async def test_a_poison_record_becomes_a_dead_letter_and_the_batch_goes_on(stage):
    """Key, value and headers are untouched; where it stood, which step and why stand beside them."""
    count = counter(stage)
    source, out = stage.unique("in"), stage.unique("out")
    await stage.send(source, (b"a", b"x"), (b"a", b"poison"), (b"a", b"y"), headers=[("type", b"told")])
    async with stage.worker(count):
        records = await stage.until(out, 2)
        (letter,) = await stage.until(stage.letters, 1)
    assert [record.value for record in records] == [b"x 1", b"y 2"]
    assert (letter.key, letter.value, letter.headers[-1]) == (b"a", b"poison", ("type", b"told"))
    told = DeadLetter.read(dict(letter.headers))
    assert (told.step, told.cause, told.topic, told.offset) == ("count", "ValueError", source, 1)
    assert told.detail.startswith("poison (test_worker.py:")


async def test_a_batch_that_fails_in_passing_is_tried_again(stage):
    """An agent that raises twice and then does not loses nothing and buries nothing."""
    source, out, failures = stage.topic("in"), stage.topic("out"), itertools.count(1)

    @agent(source)
    def shaky(batch):
        """Raises at the first two attempts."""
        if next(failures) <= 2:
            raise OSError("in passing")
        return [Message(out, record.key, record.value) for record in batch]

    await stage.send(source, (b"a", b"1"), (b"a", b"2"))
    async with stage.worker(shaky):
        assert [record.value for record in await stage.until(out, 2)] == [b"1", b"2"]
        assert await stage.read(stage.letters) == []


async def test_a_message_too_large_for_its_topic_is_a_dead_letter(stage):
    """The record that it came from is buried, and does not stop the worker."""
    source, out = stage.topic("in"), stage.topic("out")

    @agent(source)
    def inflate(batch):
        """Makes one of the records far too large."""
        for record in batch:
            yield Message(out, record.key, record.value * (3 << 20 if record.value == b"L" else 1))

    await stage.send(source, (b"a", b"1"), (b"a", b"L"), (b"a", b"2"))
    async with stage.worker(inflate):
        assert [record.value for record in await stage.until(out, 2)] == [b"1", b"2"]
        (letter,) = await stage.until(stage.letters, 1)
    assert DeadLetter.read(dict(letter.headers)).cause == "TooLarge"


async def test_records_that_the_agent_buries_are_dead_letters_in_the_same_transaction(stage):
    """`batch.bury` says why, and the rest of the batch passes."""
    source, out = stage.topic("in"), stage.topic("out")

    @agent(source)
    def pick(batch):
        """Buries what is no number."""
        for record in batch:
            if record.value.isdigit():
                yield Message(out, record.key, record.value)
            else:
                batch.bury(record, "no_number", "digits are wanted")

    await stage.send(source, (b"a", b"1"), (b"a", b"x"), (b"a", b"2"))
    async with stage.worker(pick):
        assert len(await stage.until(out, 2)) == 2
        (letter,) = await stage.until(stage.letters, 1)
    told = DeadLetter.read(dict(letter.headers))
    assert (told.step, told.cause, told.detail, letter.value) == ("pick", "no_number", "digits are wanted", b"x")


async def test_two_agents_with_tables_share_a_worker(stage):
    """One's messages are the other's batches; each keeps its own rows."""
    first = counter(stage, "first", "in", "between")
    second_log = stage.topic("second.log", **{"cleanup.policy": "compact"})
    sums = Table("second", changelog=second_log, decode=msgspec.json.decode, encode=msgspec.json.encode)
    out = stage.topic("out")

    @agent(stage.unique("between"), table=sums)
    def second(batch, rows):
        """Sums up the numbers, under another key."""
        for record in batch:
            total = (rows.get(record.key) or 0) + int(record.value.split()[1])
            rows.put(record.key, total)
            yield Message(out, b"total-" + record.key, b"%d" % total)

    await stage.send(stage.unique("in"), *[(b"a", b"x")] * 4, *[(b"b", b"x")] * 3)
    async with stage.worker(first, second):
        records = await stage.until(out, 7)
    assert sorted((r.key, int(r.value)) for r in records) == [
        *[(b"total-a", n) for n in (1, 3, 6, 10)],
        *[(b"total-b", n) for n in (1, 3, 6)],
    ]


async def test_a_topic_that_is_not_there_yet_holds_the_batch_up_and_buries_nothing(stage):
    """Writing to a topic that nobody made is no record's fault; once it is made, the batch passes."""
    source, later = stage.topic("in"), stage.unique("later")

    @agent(source)
    def forward(batch):
        """Passes records on."""
        return [Message(later, record.key, record.value) for record in batch]

    await stage.send(source, (b"a", b"1"))
    async with stage.worker(forward) as worker:
        await worker.ready.wait()
        await asyncio.sleep(1)
        assert await stage.read(stage.letters) == []
        stage.topic("later")
        assert [record.value for record in await stage.until(later, 1)] == [b"1"]


async def test_old_rows_are_forgotten_in_the_changelog_too(stage):
    """A table that keeps a while deletes what is older, in the transactions of the batches that pass."""
    source, log = stage.topic("in"), stage.topic("seen.log", **{"cleanup.policy": "compact"})
    seen = Table(
        "seen", changelog=log, decode=int, encode=lambda row: b"%d" % row, keep_ms=1_000, written_at=lambda row: row
    )

    @agent(source, table=seen)
    def remember(batch, rows):
        """Remembers each key with the time that the record says."""
        for record in batch:
            rows.put(record.key, int(record.value))
        return []

    far = 1 << 50
    await stage.send(source, *[(b"old-%d" % n, b"1") for n in range(40)])
    async with stage.worker(remember):
        await stage.until(log, 40)
        while not {b"old-%d" % n for n in range(40)} <= {r.key for r in await stage.read(log) if r.value is None}:
            await stage.send(source, (b"new", b"%d" % far), (b"newer", b"%d" % far))
    newest = {record.key: record.value for record in await stage.read(log)}
    assert {key for key, value in newest.items() if value is not None} <= {b"new", b"newer"}


async def test_a_worker_waits_for_a_kafka_that_is_not_there_yet(stage, own_kafka, monkeypatch):
    """It says what it waits for, and begins when Kafka answers."""
    stage.kafka = stage.kafka.model_copy(update={"bootstrap_servers": own_kafka.bootstrap})
    stage.topic("dead-letters")
    count = counter(stage)
    own_kafka.stop()
    async with stage.worker(count) as worker:
        await asyncio.sleep(1)
        assert not worker.ready.is_set()
        await asyncio.to_thread(own_kafka.start)
        await asyncio.wait_for(worker.ready.wait(), 60)


async def test_a_topic_that_is_missing_or_cut_otherwise_stops_the_start_with_a_sentence(stage):
    """The sentence says what to do."""

    @agent(stage.unique("nowhere"))
    def lost(batch):
        """Reads nothing."""
        return []

    @agent(stage.topic("odd", partitions=3))
    def odd(batch):
        """Reads nothing."""
        return []

    for wrong, sentence in ((lost, "arus topics create"), (odd, "has 3 partitions, not 2")):
        async with stage.worker(wrong) as worker:
            with pytest.raises(app.WorkerError, match=sentence):
                await worker.until(asyncio.Event())


async def test_a_worker_that_broke_begins_again_by_itself_inside_another_program(stage, monkeypatch):
    """Beside a web server nobody restarts the process, so the worker restarts itself and loses nothing."""
    count, keep, failures = counter(stage), PartitionRows.keep, itertools.count(1)

    def broken(self, *args):
        if next(failures) == 1:
            raise OSError("disk full")
        keep(self, *args)

    monkeypatch.setattr(PartitionRows, "keep", broken)
    await stage.send(stage.unique("in"), (b"a", b"x"), (b"a", b"x"))
    async with stage.worker(count, restart=True):
        await stage.send(stage.unique("in"), (b"a", b"x"))
        records = await stage.until(stage.unique("out"), 3)
    assert [record.value for record in records] == [b"x 1", b"x 2", b"x 3"]


def with_standbys(stage, home: str):
    """Gives the settings of a worker with a home of its own that others' rows are kept warm in."""
    given = stage.settings()
    streams = given.streams.model_copy(update={"standby_replicas": 1, "session_timeout": 3.0})
    return given.model_copy(update={"home": stage.home / home, "streams": streams})


async def test_a_standby_takes_over_with_the_rows_it_has_kept_warm(stage):
    """With standbys on, a second worker follows the changelog; when the first one ends, nothing is counted anew."""
    count, source, out = counter(stage), stage.unique("in"), stage.unique("out")
    first, second = with_standbys(stage, "first"), with_standbys(stage, "second")
    job = stage.unique("job")
    async with app.worker(job, (count,), second, letters=stage.letters) as other:
        async with app.worker(job, (count,), first, letters=stage.letters) as one:
            await asyncio.gather(one.ready.wait(), other.ready.wait())
            await stage.send(source, *[(b"abcd"[i % 4 : i % 4 + 1], b"x") for i in range(40)])
            await stage.until(out, 40)
        await stage.send(source, *[(b"abcd"[i % 4 : i % 4 + 1], b"x") for i in range(40)])
        records = await stage.until(out, 80)
    numbers = sorted((record.key, int(record.value.split()[1])) for record in records)
    assert numbers == [(key, number) for key in (b"a", b"b", b"c", b"d") for number in range(1, 21)]


def test_two_workers_on_one_machine_have_different_places_and_keep_their_names(tmp_path):
    """The first free folder is taken, its name in the group is the same next time, and other topics give another."""
    with place.take(tmp_path, ["a"]) as first, place.take(tmp_path, ["a"]) as second:
        assert first.path != second.path
        assert first.instance != second.instance
    with place.take(tmp_path, ["a"]) as again:
        assert again == first
    with place.take(tmp_path, ["a", "b"]) as other:
        assert (other.path, other.instance[:32]) == (first.path, first.instance[:32])
        assert other.instance != first.instance


PROGRAM = """
import sys
from pipeline import settings
from pipeline.streams import app
from pipeline.streams.agent import agent

@agent(sys.argv[1])
def nothing(batch):
    "Does nothing."
    return []

sys.exit(app.run(sys.argv[2], [nothing], settings.load(), letters=sys.argv[3]))
"""


def process(stage, *arguments: str) -> subprocess.Popen:
    """Starts a worker as a process of its own."""
    environment = {
        **os.environ,
        "ARUS_HOME": str(stage.home),
        "ARUS_KAFKA__BOOTSTRAP_SERVERS": stage.kafka.bootstrap_servers,
        "ARUS_KAFKA__PARTITIONS": str(stage.kafka.partitions),
    }
    root, command = Path(__file__).parents[3], [sys.executable, "-c", PROGRAM, *arguments]
    return subprocess.Popen(command, cwd=root, env=environment, stderr=subprocess.PIPE, text=True)


async def test_a_worker_process_tells_when_it_is_ready_and_ends_cleanly_on_sigterm(stage):
    """Its pid stands in the ready file while it works; SIGTERM gives exit code 0."""
    job = stage.unique("job")
    worker, ready = process(stage, stage.topic("in"), job, stage.letters), stage.home / "run" / f"{job}.ready"
    while not ready.exists():
        assert worker.poll() is None, worker.stderr.read()
        await asyncio.sleep(0.05)
    assert ready.read_text() == str(worker.pid)
    worker.send_signal(signal.SIGTERM)
    _, told = await asyncio.to_thread(worker.communicate, timeout=60)
    assert worker.returncode == 0, told
    assert '"worker.ready"' in told
    assert not ready.exists()


async def test_a_worker_process_that_cannot_work_says_why_and_exits_with_1(stage):
    """`arus agents` shows the sentence and gives 1."""
    worker = process(stage, stage.unique("nowhere"), stage.unique("job"), stage.letters)
    _, told = await asyncio.to_thread(worker.communicate, timeout=60)
    assert worker.returncode == 1, told
    assert "arus topics create" in told
