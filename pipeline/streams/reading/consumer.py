"""Faust's consumer, handing over one batch per fetch and partition."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import faust
import structlog
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import ConsumerMessage

from pipeline.streams.reading.cursor import Chains, Cursor, Partition, Run
from pipeline.streams.reading.records import Records
from pipeline.streams.reading.thread import FetchThread

if TYPE_CHECKING:
    from pipeline.streams.job import JobApp

log = structlog.get_logger("arus.streams")

MOST_SECONDS = 1.0
"""A fetch that nothing ends is given up after this long."""


class Delivery(ConsumerMessage):  # type: ignore[misc]
    """The one Faust message of a run; its value is the run's Records."""

    run: Run


class BatchSchema(faust.Schema):  # type: ignore[misc]
    """Hands a run through undecoded."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:  # noqa: ANN401, ARG002, D102
        return None

    def loads_value(self, app: Any, message: Any, **_: Any) -> Records:  # noqa: ANN401, ARG002, D102
        return message.value  # type: ignore[no-any-return]


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """Delivers runs along the chains, seeks with no fetch under way, and leaves committing to the transactions."""

    app: "JobApp"
    _thread: FetchThread

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self.chains = Chains()
        self._ends: dict[Partition, int] = {}
        self._seeking = asyncio.Lock()

    def _new_consumer_thread(self) -> FetchThread:
        return FetchThread(self, loop=self.loop, beacon=self.beacon)

    def nudge(self) -> None:
        """Lets the fetching loop look again at what it should fetch."""
        self._thread.nudge()

    def rejoin(self) -> None:
        """Has all partitions assigned, fenced and recovered anew."""
        self._thread.rejoin()

    def tell(self, offsets: Mapping[Any, int]) -> None:
        """Commits offsets for those who look at lag."""
        self._thread.tell({Partition(*tp): end for tp, end in offsets.items()})

    async def open_in(self, tps: Iterable[Partition]) -> list[Partition]:
        """Gives the partitions where a transaction is open."""
        return await self._thread.open_in(tps)

    def finish(self, run: Run, *, done: bool) -> None:
        """Tells that a run is through, or must be read again."""
        was_full = run.cursor.is_full()
        self.chains.finish(run, done=done)
        if was_full or not done:
            self.nudge()

    def has_caught_up(self, tps: Iterable[Partition]) -> bool:
        """Tells whether all is done that was there when these partitions were last sought."""
        cursors = self.chains.cursors
        return all(tp in cursors and cursors[tp].done >= self._ends.get(tp, 0) for tp in tps)

    # ---- rebalances

    async def on_partitions_revoked(self, revoked: set[Any]) -> None:
        """Lets the work under way come to its end; what was fetched before is stale from now on."""
        await super().on_partitions_revoked(revoked)
        # Faust stamps a fetch with the generation in which it returns (#596): one that was under way would reach an
        # agent before its table is recovered. test_cursor.py, test_soak.py
        self.chains.close()

    async def wait_empty(self) -> None:
        """Waits for the transactions under way, as Faust asks before a rebalance and at the end."""
        await self.app.settle()

    def resume_flow(self) -> None:
        """As Faust's, and wakes the fetching loop."""
        super().resume_flow()
        self.nudge()

    def stop_flow(self) -> None:
        """As Faust's, and ends the fetch under way."""
        super().stop_flow()
        self.nudge()

    async def verify_all_partitions_active(self) -> None:
        """Does nothing: Faust's alarm looks at acks and commits that are not made here (#446)."""

    # ---- positions: every seek goes through here, with no fetch under way

    async def seek_wait(self, partitions: Mapping[Any, int]) -> None:
        """Seeks and starts new chains."""
        self.nudge()
        async with self._seeking:
            await self._seek_all(partitions)

    async def _seek_all(self, partitions: Mapping[Any, int]) -> None:
        await super().seek_wait(partitions)
        for tp, offset in partitions.items():
            self.chains.open(Partition(*tp), offset)

    async def perform_seek(self) -> None:
        """Starts all source partitions where they stand: see App.start_offsets."""
        tps = [Partition(*tp) for tp in self.assignment() if not self._is_changelog_tp(tp)]
        if tps:
            await self.app.fence({tp.partition for tp in tps})
            elsewhere = await self.app.start_offsets(tps)
            offsets = await self._clamped(await self._start_offsets(tps, elsewhere))
            await self.seek_wait(offsets)
            # what the group was told last may be older: a file that was made anew has read what nobody committed
            self.tell({tp: offsets[tp] for tp in elsewhere})

    async def _start_offsets(self, tps: list[Partition], elsewhere: dict[Partition, int]) -> dict[Partition, int]:
        """Gives offsets kept elsewhere, else the committed ones, else 0.

        aiokafka's seek_to_committed leaves partitions without a committed offset where they are, so that what was
        fetched before a rebalance and dropped would never be read again (#596).
        """
        asked = [tp for tp in tps if tp not in elsewhere]
        return dict.fromkeys(tps, 0) | (await self._thread.committed(asked) if asked else {}) | elsewhere

    async def _clamped(self, offsets: dict[Partition, int]) -> dict[Partition, int]:
        """Moves offsets that the topic no longer has, or never had, to its beginning, and says so."""
        first, last = await asyncio.gather(self.earliest_offsets(*offsets), self.highwaters(*offsets))
        self._ends |= last
        moved = {tp: first[tp] for tp, offset in offsets.items() if not first[tp] <= offset <= last[tp]}
        for tp, offset in moved.items():
            if offsets[tp]:
                log.error("stream.position_gone", topic=tp.topic, partition=tp.partition, was=offsets[tp], now=offset)
        return offsets | moved

    async def _rewind(self) -> None:
        offsets = self.chains.take_rewinds(self.assignment())
        if offsets:
            log.info("stream.reading_again", partitions=len(offsets))
            with contextlib.suppress(IllegalStateError):  # revoked meanwhile: perform_seek follows
                await self._seek_all(await self._clamped(offsets))

    # ---- fetching

    async def _drain_messages(self, fetcher: Any) -> None:  # noqa: ANN401
        """Fetches and delivers until the worker stops."""
        while not (self.should_stop or fetcher.should_stop):
            try:
                await self._fetch_once()
            except (ConsumerStoppedError, asyncio.CancelledError):
                if not self.app.should_stop and not fetcher.should_stop:
                    raise
                return
            except KafkaError as error:
                log.warning("stream.fetch_failed", error=repr(error))
                await self.sleep(1.0)

    async def _fetch_once(self) -> None:
        async with self._seeking:
            nudges = self._thread.nudges  # before looking: what changes from here on ends the fetch
            if self.flow_active:
                await self._rewind()
            wanted = self._wanted() if self.flow_active else {}
            found = await self._thread.fetch(wanted.keys(), nudges, MOST_SECONDS)
            deliveries = [self._delivery(tp, wanted[tp], records) for tp, records in found.items()]
        for delivery in deliveries:
            if delivery is not None:
                await self._deliver(delivery)
        if not found:
            self._find_lost()

    def _wanted(self) -> dict[Partition, Cursor]:
        """Gives the partitions to fetch now: while Faust rebalances and recovers, changelogs alone.

        Faust clears the agents' queues when it resumes after recovery (#596); before that they must stay empty.
        """
        rebalancing, cursors = self.app.rebalancing, self.chains.cursors
        return {
            tp: cursor
            for tp, cursor in cursors.items()
            if tp in self._active_partitions and not cursor.is_full() and (not rebalancing or self._is_changelog_tp(tp))
        }

    def _delivery(self, tp: Partition, cursor: Cursor, records: Records) -> Delivery | None:
        run = self.chains.fetched(tp, cursor, records.start, records.end)
        if run is None:
            return None
        generation = self.app.consumer_generation_id
        at: Any = (tp.topic, tp.partition, run.end - 1, records.timestamp / 1000, 0, [], None, records, None, 0, 0, tp)
        delivery = Delivery(*at, generation_id=generation)
        delivery.run = run
        return delivery

    async def _deliver(self, delivery: Delivery) -> None:
        if self._is_changelog_tp(delivery.tp):
            self.app.tables.recovery.apply(delivery.run, delivery.value)
            await asyncio.sleep(0)
        else:
            await self.callback(delivery)

    def _find_lost(self) -> None:
        if self.app.rebalancing or not self.flow_active:
            return  # Faust has cleared its queues, as it should
        for tp in self.chains.find_lost():
            log.warning("stream.batch_lost", topic=tp.topic, partition=tp.partition)


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """Faust's transport with our consumer."""

    Consumer = BatchConsumer
