"""The thread that owns aiokafka's consumer: group, heartbeats, fetches."""

import asyncio
import contextlib
from collections.abc import Collection, Coroutine, Iterable, Mapping
from copy import copy
from typing import Any, TypeVar

import structlog
from aiokafka.consumer.fetcher import READ_UNCOMMITTED, FetchResult
from aiokafka.errors import CommitFailedError, ConsumerStoppedError, IllegalStateError, KafkaError
from aiokafka.structs import TopicPartition
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

from pipeline.streams.reading.cursor import Partition
from pipeline.streams.reading.records import Records, unpack

log = structlog.get_logger("arus.streams")

Found = TypeVar("Found")

MOST_WAIT_MS = 100
"""A fetch under way leaves out what was not consumed when it was sent, and holds up whatever else is asked."""

IDLE_AFTER, IDLE_WAIT_MS = 2.0, 500
"""After so many seconds of silence a fetch may wait longer: what comes is told at once all the same, and empty answers
were half of what an idle Arus costs."""

GATHER_MS = 50
GATHER_BYTES = 256 << 10
"""While records come, Kafka answers after so long or with so much: every answer names all partitions, which with a few
records in it costs Kafka and us more than the records. What comes after a silence is told at once."""


TELL_AGAIN = 1.0
"""Seconds after which a commit that failed is asked for again."""


class GroupLost(Exception):
    """The worker does not belong to its group any more, for a reason that joining again does not mend."""


class FetchThread(AIOKafkaConsumerThread):  # type: ignore[misc]  # Faust ships no types
    """Fetches whole Kafka batches, reads committed records alone, and can be woken."""

    _nudges = 0
    _nudged: asyncio.Future[None] | None = None
    _heard_at = 0.0

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self._untold: dict[TopicPartition, int] = {}
        self._telling = asyncio.Lock()

    def _create_worker_consumer(self, transport: Any) -> Any:  # noqa: ANN401
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # Faust sets it in its own exactly_once mode alone
        consumer._fetch_max_wait_ms = MOST_WAIT_MS
        return consumer

    @property
    def nudges(self) -> int:
        """How often it was woken; a fetch is given what its caller saw."""
        return self._nudges

    def nudge(self) -> None:
        """Ends the fetch under way, so that its caller can ask for other partitions."""
        self._nudges += 1
        with contextlib.suppress(RuntimeError):  # the thread has ended
            self.thread_loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        if self._nudged is not None and not self._nudged.done():
            self._nudged.set_result(None)

    async def _there(self, work: Coroutine[Any, Any, Found]) -> Found:
        """Has it done in this thread, and waits for what comes of it."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.thread_loop))

    async def fetch(self, wanted: Collection[Partition], nudges: int, seconds: float) -> dict[Partition, Records]:
        """Gives what has come for the wanted partitions, or nothing after some seconds or a nudge."""
        return await self._there(self._fetch(wanted, nudges, seconds))

    async def committed(self, tps: Collection[Partition]) -> dict[Partition, int]:
        """Gives the group's committed offsets, in one request; partitions without one are left out."""
        found = await self._there(self._ensure_consumer()._coordinator.fetch_committed_offsets(list(tps)))
        return {Partition(*tp): offset.offset for tp, offset in found.items() if offset.offset >= 0}

    async def open_in(self, tps: Iterable[Partition]) -> list[Partition]:
        """Gives the partitions where a transaction is open."""
        return await self._there(self._open_in([TopicPartition(*tp) for tp in tps]))

    async def _open_in(self, tps: list[TopicPartition]) -> list[Partition]:
        consumer = self._ensure_consumer()
        seeing_all = copy(consumer._fetcher)  # it asks as whoever reads what it is set to
        seeing_all._isolation_level = READ_UNCOMMITTED
        committed, written = [
            await fetcher.end_offsets(tps, consumer._request_timeout_ms) for fetcher in (consumer._fetcher, seeing_all)
        ]
        return [Partition(*tp) for tp in tps if committed[tp] < written[tp]]

    def tell(self, offsets: Mapping[Partition, int]) -> None:
        """Commits offsets as soon as Kafka takes them, unless newer ones come first; waits for nothing."""
        asyncio.run_coroutine_threadsafe(self._tell(offsets), self.thread_loop)

    async def _tell(self, offsets: Mapping[Partition, int]) -> None:
        """Has one commit at a time under way, with all that was told meanwhile.

        aiokafka does a commit that failed again, also behind one that was asked for later: the group would go back,
        and stand there until the partition's next record.
        """
        self._untold |= {TopicPartition(*tp): end for tp, end in offsets.items()}
        async with self._telling:
            while self._untold and not self._ensure_consumer()._closed:
                await self._tell_all()

    async def _tell_all(self) -> None:
        consumer, told, self._untold = self._ensure_consumer(), self._untold, {}
        ours = {tp: told[tp] for tp in told.keys() & consumer.assignment()}
        try:
            if ours:
                await consumer.commit(ours)
        except (CommitFailedError, IllegalStateError):
            return  # the group assigns anew, and perform_seek tells where we stand
        except KafkaError as error:
            log.warning("stream.not_told", partitions=len(ours), why=repr(error))
            self._untold = ours | self._untold
            await asyncio.sleep(TELL_AGAIN)

    def rejoin(self) -> None:
        """Lets the group assign anew, so that everything is fenced and recovered again."""
        self.thread_loop.call_soon_threadsafe(self._ensure_consumer()._coordinator.request_rejoin)

    async def _fetch(self, wanted: Collection[Partition], nudges: int, seconds: float) -> dict[Partition, Records]:
        consumer = self._ensure_consumer()
        fetcher = consumer._fetcher
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError
        self._must_belong(consumer._coordinator)
        with fetcher._subscriptions.fetch_context():
            found = _drain(fetcher, wanted)
            if not found and nudges == self._nudges:
                await self._wait(fetcher, seconds)
                found = _drain(fetcher, wanted)
            fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes = self._patience(is_heard=bool(found))
            return found

    def _patience(self, *, is_heard: bool) -> tuple[int, int]:
        """Gives for how many milliseconds Kafka may gather the next answer, and from how many bytes on it may not."""
        now = self.thread_loop.time()
        if is_heard:
            self._heard_at = now
            return GATHER_MS, GATHER_BYTES
        return (MOST_WAIT_MS if now - self._heard_at < IDLE_AFTER else IDLE_WAIT_MS), 1

    def _must_belong(self, coordinator: Any) -> None:  # noqa: ANN401
        """Takes what the group's coordinator has to tell.

        It stands still until somebody does, and Faust never asks: one cause of workers that fetch nothing more after
        an outage (#175, #523). test_thread.py
        """
        try:
            coordinator.check_errors()
        except KafkaError as error:
            raise GroupLost(f"the group does not keep this worker: {error!r}") from error

    async def _wait(self, fetcher: Any, seconds: float) -> None:  # noqa: ANN401
        came, self._nudged = fetcher._create_fetch_waiter(), self.thread_loop.create_future()
        try:
            await asyncio.wait({came, self._nudged}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if came.done():
                came.result()  # an authorization that failed is told here
        finally:
            came.cancel()
            self._nudged = None


def _drain(fetcher: Any, wanted: Collection[Partition]) -> dict[Partition, Records]:  # noqa: ANN401
    """Does what Fetcher.fetched_records does, giving one Records for each partition."""
    found: dict[Partition, Records] = {}
    if fetcher._subscriptions.reassignment_in_progress:
        return found
    for tp in list(fetcher._records):
        if tp not in wanted:
            if not fetcher._subscriptions.is_assigned(tp):
                del fetcher._records[tp]
            continue
        result = fetcher._records[tp]
        if type(result) is not FetchResult and found:
            break  # an error is raised when nothing stands before it
        del fetcher._records[tp]
        fetcher._notify(fetcher._wait_consume_future)
        if type(result) is not FetchResult:
            result.check_raise()
        elif result.check_assignment(tp) and result.has_more():
            found[Partition(*tp)] = unpack(result._partition_records)
            result._update_position()
    return found
