"""Looking at a run: how far it is, what it uses, and, once it has ended, each of its outputs."""

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.benchmarks.peers.measures import Account, Outcome, Sample, steady

OWN = psutil.Process()
EVERY = 0.1
START_SECONDS, SETTLE_SECONDS = 60.0, 5.0


class Failed(Exception):
    """A run came to nothing; the message says why."""


class Told(msgspec.Struct):
    """What is read of an output."""

    n: int


read_told = msgspec.json.Decoder(Told).decode


class Output:
    """The outputs of a run, as somebody reads them who waits for transactions."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> None:
        self._consumer, self._partitions = consumer, partitions

    async def written(self) -> int:
        """Gives how far it goes; marks of transactions are counted too."""
        return sum((await self._consumer.end_offsets(self._partitions)).values())

    async def read(self) -> tuple[list[float], Account]:
        """Reads all of it; gives when each output was written, in order, and whether each is there once."""
        ends = await self._consumer.end_offsets(self._partitions)
        times, account = [], Account()
        self._consumer.assign(self._partitions)
        while any([await self._consumer.position(part) < end for part, end in ends.items()]):
            for records in (await self._consumer.getmany(timeout_ms=200, max_records=10_000)).values():
                for record in records:
                    times.append(record.timestamp / 1_000)
                    account.take(record.key, read_told(record.value).n)
        return sorted(times), account


@asynccontextmanager
async def reading(bootstrap: str, topic: str, partitions: int) -> AsyncIterator[Output]:
    """Opens the outputs of a run."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        yield Output(consumer, [TopicPartition(topic, number) for number in range(partitions)])
    finally:
        await consumer.stop()


def _used(process: psutil.Process) -> tuple[float, int]:
    """Gives the seconds of CPU that a process has used, and the bytes of memory that it has."""
    with process.oneshot():
        return sum(process.cpu_times()[:2]), process.memory_info().rss


def _used_by_child(process: psutil.Process) -> tuple[float, int]:
    """Does the same; one that has ended meanwhile was a short helper."""
    try:
        return _used(process)
    except psutil.NoSuchProcess:
        return 0.0, 0


class Watch:
    """What one process uses while it works, and those that it started."""

    def __init__(self, process: subprocess.Popen[bytes], broker: psutil.Process, log: Path) -> None:
        self._process, self._peer, self._broker, self._log = process, psutil.Process(process.pid), broker, log
        self._samples: list[Sample] = []
        self._memory = 0
        self._stopped = 0.0

    async def until(self, output: Output, events: int, seconds: float) -> bool:
        """Waits until all is done, or for so long after the first output; tells which. Raises Failed."""
        began, first = time.monotonic(), 0.0
        seen, seen_at = 0, began
        while True:
            await asyncio.sleep(EVERY)
            try:
                self._look()
            except psutil.Error as error:
                raise Failed(f"it is gone: {self._told()}") from error
            count, now = await output.written(), time.monotonic()
            if count != seen:
                seen, seen_at, first = count, now, first or now
            if seen >= events and now - seen_at > SETTLE_SECONDS:  # marks counted: the last outputs may be to come
                break
            if seen < events and now - (first or began) > (seconds if first else START_SECONDS):
                break
        self._stopped = time.time()
        if not seen:
            raise Failed(f"no output after {START_SECONDS:.0f} s: {self._told()}")
        return seen >= events

    def _look(self) -> None:
        if self._process.poll() is not None:
            raise Failed(f"it ended by itself: {self._told()}")
        own, broker = (_used(each)[0] for each in (OWN, self._broker))
        used = [_used(self._peer), *map(_used_by_child, self._peer.children(recursive=True))]
        peer, memory = (sum(column) for column in zip(*used, strict=True))
        times = psutil.cpu_times()
        everybody = times.user + times.nice + times.system + times.irq + times.softirq + times.steal
        self._samples.append(Sample(time.time(), peer, peer + own + broker, everybody))
        self._memory = max(self._memory, memory)

    def _told(self) -> str:
        """Gives the last words of its log, as they fit into a row."""
        return " ".join(self._log.read_text(errors="replace").replace("|", "/").split())[-300:]

    async def outcome(self, output: Output, events: int, *, whole: bool) -> Outcome:
        """Reads what was written, and gives what the run comes to. Raises Failed."""
        times, account = await output.read()
        if whole:
            account.close(events)
        times = [when for when in times if when <= self._stopped]  # not what was only written because of the end
        if len(times) < 2:
            raise Failed("no output to measure")
        rate, microseconds, others = steady(times, self._samples, os.cpu_count() or 1)
        return Outcome(
            rate, microseconds, others, self._memory / (1 << 20), len(times), account.lost, account.doubled, whole
        )
