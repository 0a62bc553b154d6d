"""A lane: one agent's work on one partition number, strictly in order, one transaction at a time."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from pipeline.streams import metrics
from pipeline.streams.agent import Agent, Batch
from pipeline.streams.reading.consumer import Delivery
from pipeline.streams.reading.cursor import Partition, Run
from pipeline.streams.state.rows import PartitionRows
from pipeline.streams.work import letters, running
from pipeline.streams.work.outbox import Outbox, TooLarge
from pipeline.streams.work.running import AnyRows
from pipeline.streams.work.transactions import Transactions
from pipeline.streams.work.wire import Broken, Refused

if TYPE_CHECKING:
    from pipeline.streams.job import JobApp

log = structlog.get_logger("arus.streams")

MOST_TOGETHER = 4_000
"""Offsets of small batches that share one transaction, when they wait for the one under way."""

MOST_REST = 0.2
"""Seconds that a lane with little to do waits for more before its next transaction, at most."""

MOST_FAILURES = 3
"""A batch that raised this often is run record by record."""

MOST_PAUSE = 5.0


class Work(NamedTuple):
    """What one transaction is to do."""

    transactions: Transactions
    outbox: Outbox
    changes: dict[bytes, bytes | None]
    offsets: dict[TopicPartition, int]
    batches: list[Batch]


class Lane:
    """Works on what is put into it while the app flows; what it cannot finish is read again."""

    def __init__(self, app: "JobApp", agent: Agent, number: int) -> None:
        self.app, self.agent, self.number = app, agent, number
        self.task: asyncio.Task[None] | None = None
        self.since: float | None = None
        """When the transaction under way was begun."""
        self._waiting: deque[Delivery] = deque()
        self._failures = 0
        self._next = 0.0

    def put(self, delivery: Delivery) -> None:
        """Takes a claimed delivery."""
        self._waiting.append(delivery)
        if self.task is None or self.task.done():
            self.task = asyncio.ensure_future(self._work())
            self.task.add_done_callback(self.app.lane_ended)

    async def _work(self) -> None:
        try:
            while self._waiting and not self.app.halted.is_set():
                await self._pause(self._patience())
                async with self.app.slots[self.agent.name]:
                    pause = await self._turn(self._take())
                await self._pause(pause)
        finally:
            while self._waiting:
                self.app.consumer.finish(self._waiting.popleft().run, done=False)

    def _take(self) -> list[Delivery]:
        """Takes the next delivery, and small ones behind it; after a failure one at a time."""
        taken: list[Delivery] = []
        ends: dict[Partition, int] = {}
        offsets = 0
        while self._waiting and (not taken or not self._failures):
            run = self._waiting[0].run
            offsets += run.end - run.start
            if taken and offsets > MOST_TOGETHER:
                break
            delivery = self._waiting.popleft()
            if self.app.consumer.chains.continues(run, ends.get(run.tp)):
                ends[run.tp] = run.end
                taken.append(delivery)
            else:
                self.app.consumer.finish(run, done=False)
        return taken

    async def _turn(self, deliveries: list[Delivery]) -> float:
        """Runs the agent over deliveries and commits; gives the seconds to wait if that failed."""
        if not deliveries:
            return 0
        self.since = began = time.monotonic()
        rows = self.app.rows(self.agent, self.number)
        try:
            work = self._prepare(deliveries, rows)
            last = await work.transactions.commit(work.outbox.packs(), work.offsets)
        except BaseException as error:
            if rows is not None:
                rows.forget()
            self._waiting.extendleft(reversed(deliveries))
            if isinstance(error, Exception):
                return self._failed(error, deliveries[0].run)
            raise
        finally:
            self.since = None
        if rows is not None:
            self._keep(rows, work.changes, last)
        self._failures = 0
        for delivery in deliveries:
            self.app.consumer.finish(delivery.run, done=True)
        seconds = time.monotonic() - began
        self._next = began + seconds + min(MOST_REST, 2 * seconds)
        metrics.turn(self.agent.name, work.batches, seconds)
        return 0

    def _prepare(self, deliveries: list[Delivery], rows: AnyRows) -> Work:
        """Runs the agent and packs what it wants. Raises what the agent raises."""
        transactions, now = self.app.transactions(self.agent, self.number), time.time_ns() // 1_000_000
        at = self.number, self.app.settings.kafka.partitions
        outbox = Outbox(transactions.create_batch, at, self.app.partitions, now)
        batches = [self._run(delivery, rows, outbox, now) for delivery in deliveries]
        changes = {}
        if rows is not None:
            rows.expire(now)
            changes = rows.changes()
        if changes:
            outbox.pack(self.agent.table.changelog).extend(changes)  # type: ignore[union-attr]  # it has rows
        offsets = {TopicPartition(*delivery.run.tp): delivery.run.end for delivery in deliveries}
        return Work(transactions, outbox, changes, offsets, batches)

    def _keep(self, rows: PartitionRows[Any], changes: dict[bytes, bytes | None], last: Mapping[Any, int]) -> None:
        """Writes the rows that are committed. If that fails nothing may be worked on: the worker ends, and recovers."""
        try:
            rows.keep(changes, last.get((rows.table.changelog, self.number), 0))
        except BaseException:
            self.app.halted.set()
            raise

    def _run(self, delivery: Delivery, rows: AnyRows, outbox: Outbox, now: int) -> Batch:
        records = delivery.value.read()
        batch = Batch(delivery.run.tp.topic, self.number, records)
        own = dict.fromkeys([record.key for record in records if record.key is not None])
        run = running.whole
        if self._failures >= MOST_FAILURES:
            run = running.one_by_one
        elif rows is not None:
            rows.prefetch(own)
        outbox.take(run(self.agent, batch, rows), own)
        for buried in batch.buried:
            outbox.pack(self.app.letters).add(*letters.write(self.agent.name, batch, buried, now))
        return batch

    def _failed(self, error: Exception, run: Run) -> float:
        """Tells of a failure, and gives how long to wait before the next attempt."""
        metrics.RETRIES.labels(self.agent.name).inc()
        at = {"topic": run.tp.topic, "partition": run.tp.partition, "offsets": f"{run.start}-{run.end}"}
        if isinstance(error, Broken):
            log.warning("transaction.broken", step=self.agent.name, why=str(error), **at)
            self.app.rejoin()
            return 1.0
        if isinstance(error, Refused | KafkaError):
            log.warning("transaction.refused", step=self.agent.name, why=repr(error), **at)
            return 1.0
        self._failures = max(self._failures + 1, MOST_FAILURES if isinstance(error, TooLarge) else 0)
        why = f"{type(error).__name__}: {running.told(error)}"
        log.warning("batch.raised", step=self.agent.name, attempt=self._failures, why=why, **at)
        return 0 if self._failures == MOST_FAILURES else min(MOST_PAUSE, 0.1 * 4 ** (self._failures - 1))

    def _patience(self) -> float:
        """Gives the seconds to wait for more: none when there is plenty.

        A transaction costs Kafka and us as much as a thousand records. So a lane rests twice as long as its last one
        took: a record that comes alone goes at once, many share one, and the less the slower the machine is.
        """
        waiting = sum(delivery.run.end - delivery.run.start for delivery in self._waiting)
        return 0 if waiting > MOST_TOGETHER / 4 else self._next - time.monotonic()

    async def _pause(self, seconds: float) -> None:
        if seconds <= 0:
            return
        try:
            await asyncio.wait_for(self.app.halted.wait(), seconds)
        except TimeoutError:
            return
