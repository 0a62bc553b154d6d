"""Sinks on a real Kafka: the place that keeps its own offsets knows best."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import UnknownError

from pipeline.streams.agent import Batch


class Shelf:
    """A sink in memory: records and offsets are kept together, or neither."""

    name = "shelving"

    def __init__(self, *topics: str, failures: int = 0) -> None:
        self.topics, self.failures = topics, failures
        self.records: list[tuple[str, int, int, bytes]] = []
        self.offsets: dict[tuple[str, int], int] = {}
        self.groups: list[int] = []

    def start_offsets(self) -> dict[tuple[str, int], int]:
        return dict(self.offsets)

    def write(self, batches: list[Batch], ends: dict[tuple[str, int], int]) -> None:
        records = [(b.topic, b.partition, record.offset, record.value) for b in batches for record in b]
        if self.failures:
            self.failures -= 1
            raise OSError("no room")
        self.records += records
        self.offsets |= ends
        self.groups.append(len(batches))

    async def until(self, count: int) -> None:
        while len(self.records) < count:  # noqa: ASYNC110  # a thread fills it
            await asyncio.sleep(0.05)


def numbers(shelf: Shelf) -> list[int]:
    return sorted(int(value) for *_, value in shelf.records)


async def committed(stage, source: str) -> int:
    """Gives the sum of the offsets that the group has committed."""
    async with AIOKafkaConsumer(
        bootstrap_servers=stage.kafka.bootstrap_servers,
        group_id=f"arus-{stage.unique('job')}",
        enable_auto_commit=False,
    ) as consumer:
        tps = [TopicPartition(source, number) for number in range(2)]
        consumer.assign(tps)
        return sum([await consumer.committed(tp) or 0 for tp in tps])


async def test_a_sink_gets_every_record_once_over_restarts(stage):
    """It goes on where it stands itself."""
    source = stage.topic("in")
    shelf = Shelf(source)
    await stage.send(source, *[(b"%d" % n, b"%d" % n) for n in range(20)])
    async with stage.worker(sink=shelf):
        await shelf.until(20)
    await stage.send(source, *[(b"%d" % n, b"%d" % n) for n in range(20, 30)])
    async with stage.worker(sink=shelf):
        await shelf.until(30)
    assert numbers(shelf) == list(range(30))


async def test_a_sink_that_was_set_back_is_filled_again(stage):
    """Its offsets win over the group's: an empty file gets everything, whatever the group has committed."""
    source = stage.topic("in")
    await stage.send(source, *[(b"%d" % n, b"%d" % n) for n in range(20)])
    for _ in range(2):
        shelf = Shelf(source)
        async with stage.worker(sink=shelf):
            await shelf.until(20)
        assert numbers(shelf) == list(range(20))


async def test_a_sink_tells_the_group_where_it_stands_when_it_begins(stage):
    """One that was killed before it could tell, or filled by somebody else, seems late to nobody."""
    source = stage.topic("in")
    await stage.send(source, *[(b"%d" % n, b"%d" % n) for n in range(20)])
    shelf = Shelf(source)
    async with stage.worker(sink=shelf):
        await shelf.until(20)
    stands = dict(shelf.offsets)
    await stage.send(source, *[(b"%d" % n, b"%d" % n) for n in range(20)])
    shelf.offsets = {at: 2 * offset for at, offset in stands.items()}
    async with stage.worker(sink=shelf):
        while await committed(stage, source) != sum(shelf.offsets.values()):  # noqa: ASYNC110  # Kafka is told beside it
            await asyncio.sleep(0.05)
    assert len(shelf.records) == 20


async def test_a_write_that_fails_is_tried_again_from_where_the_sink_stands(stage):
    """Nothing is lost and nothing comes twice."""
    source = stage.topic("in")
    shelf = Shelf(source, failures=2)
    await stage.send(source, *[(b"%d" % n, b"%d" % n) for n in range(20)])
    async with stage.worker(sink=shelf):
        await shelf.until(20)
        await stage.send(source, (b"x", b"20"))
        await shelf.until(21)
    assert numbers(shelf) == list(range(21))


async def test_partitions_that_are_ready_are_written_together(stage):
    """One write for what has come from all partitions: a database likes few large commits."""
    source = stage.topic("in")
    shelf = Shelf(source)
    await stage.send(source, *[(b"%d" % n, b"%d" % n) for n in range(50)])
    async with stage.worker(sink=shelf):
        await shelf.until(50)
    assert max(shelf.groups) > 1


async def test_the_group_is_told_for_those_who_look_at_lag(stage):
    """The committed offsets follow what was written."""
    source = stage.topic("in")
    shelf = Shelf(source)
    await stage.send(source, (b"a", b"1"), (b"a", b"2"))
    async with stage.worker(sink=shelf):
        await shelf.until(2)
        while await committed(stage, source) < 2:  # noqa: ASYNC110  # another one commits
            await asyncio.sleep(0.1)


async def test_a_commit_that_takes_long_does_not_take_the_group_back(stage, monkeypatch):
    """A commit that failed is done again behind those of later writes, and perhaps no record comes to mend that."""
    source, shelf, commits = stage.topic("in"), Shelf(stage.unique("in")), []
    commit = AIOKafkaConsumer.commit

    async def slow_at_first(self, offsets):
        commits.append(offsets)
        await asyncio.sleep(1 if len(commits) == 1 else 0)
        await commit(self, offsets)

    await stage.send(source, (b"a", b"0"))
    async with stage.worker(sink=shelf):
        while await committed(stage, source) < 1:  # noqa: ASYNC110  # another thread commits
            await asyncio.sleep(0.1)
        monkeypatch.setattr(AIOKafkaConsumer, "commit", slow_at_first)
        for number in (1, 2):
            await stage.send(source, (b"a", b"%d" % number))
            await shelf.until(number + 1)
        await asyncio.sleep(2)
        assert await committed(stage, source) == 3


async def test_a_commit_that_fails_is_asked_for_again(stage, monkeypatch):
    """Those who look at lag see none that is not there, although no record comes."""
    source, shelf, failed = stage.topic("in"), Shelf(stage.unique("in")), []
    commit = AIOKafkaConsumer.commit

    async def refused_at_first(self, offsets):
        if not failed:
            failed.append(offsets)
            raise UnknownError
        await commit(self, offsets)

    await stage.send(source, (b"a", b"0"))
    async with stage.worker(sink=shelf):
        while await committed(stage, source) < 1:  # noqa: ASYNC110  # another thread commits
            await asyncio.sleep(0.1)
        monkeypatch.setattr(AIOKafkaConsumer, "commit", refused_at_first)
        await stage.send(source, (b"a", b"1"))
        while await committed(stage, source) < 2:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.1)
    assert failed
