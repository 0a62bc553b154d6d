"""A lane: one agent's work on one partition number, strictly in order, one transaction at a time."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from pipeline.homes import at_home
from pipeline.stopping import MustStop
from pipeline.streams import metrics
from pipeline.streams.agent import Agent, Batch, Due
from pipeline.streams.reading.consumer import Delivery
from pipeline.streams.reading.cursor import Run
from pipeline.streams.state.rows import PartitionRows
from pipeline.streams.work import letters, running
from pipeline.streams.work.line import Line
from pipeline.streams.work.outbox import Outbox, TooLarge
from pipeline.streams.work.running import AnyRows
from pipeline.streams.work.transactions import Transactions
from pipeline.streams.work.wire import Broken, Refused

if TYPE_CHECKING:
    from pipeline.streams.job import JobApp

log = structlog.get_logger("arus.streams")

MOST_TOGETHER = 4_000
"""Offsets of small batches that share one transaction, when they wait for the one under way."""

MOST_RUNG = 2_000
"""Rows that are rung in one transaction."""

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


class Lane(Line):
    """One agent's work on one partition number."""

    def __init__(self, app: "JobApp", agent: Agent, number: int) -> None:
        super().__init__(app)
        self.agent, self.number = agent, number
        self._failures = 0
        self._rings = False

    def ring(self) -> None:
        """Has the rows rung that are due."""
        self._rings = True
        self.start()

    def has_work(self) -> bool:
        """Tells whether deliveries wait, or rows that are due."""
        return self._rings or super().has_work()

    async def work(self) -> None:
        """Has its turn, when it has rested and there is room; after a failure it rests longer."""
        await self.pause(self._patience())
        async with self.app.slots[self.agent.name]:
            rest = await self._turn(self.take(0 if self._failures else MOST_TOGETHER))
        await self.pause(rest)

    async def _turn(self, deliveries: list[Delivery]) -> float:
        """Runs the agent over deliveries and due rows and commits; gives the seconds to wait if that failed."""
        if not deliveries and not self._rings:
            return 0
        self.since = began = time.monotonic()
        rows = self.app.rows(self.agent, self.number)
        try:
            work = self._prepare(deliveries, rows)
            last = await work.transactions.commit(work.outbox.packs(), work.offsets)
        except BaseException as error:
            if rows is not None:
                rows.forget()
            self.waiting.extendleft(reversed(deliveries))
            if isinstance(error, Exception) and not isinstance(error, MustStop):
                return self._failed(error, deliveries[0].run if deliveries else None)
            raise
        finally:
            self.since = None
        if rows is not None:
            self._keep(rows, work.changes, last)
        self._failures = 0
        self.done(deliveries)
        metrics.turn(self.agent.name, work.batches, self.rest(began, MOST_REST))
        return 0

    def _prepare(self, deliveries: list[Delivery], rows: AnyRows) -> Work:
        """Runs the agent and packs what it wants. Raises what the agent raises."""
        transactions, now = self.app.transactions(self.agent, self.number), time.time_ns() // 1_000_000
        at = self.number, self.app.settings.kafka.partitions
        outbox = Outbox(transactions.create_batch, at, self.app.partitions, now)
        batches = [self._run(delivery, rows, outbox, now) for delivery in deliveries]
        changes = {}
        if rows is not None:
            if self._rings:
                self._ring(rows, outbox, now)
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
        topic = delivery.run.tp.topic
        records = at_home(topic, self.number, self.app.settings.kafka.partitions, delivery.value.read())
        batch = Batch(topic, self.number, records, now)
        own = dict.fromkeys([record.key for record in records if record.key is not None])
        run = running.one_by_one if self._failures >= MOST_FAILURES else running.in_slices
        outbox.take(run(self.agent, batch, rows), own)
        for buried in batch.buried:
            outbox.pack(self.app.letters).add(*letters.write(self.agent.name, batch, buried, now))
        return batch

    def _ring(self, rows: PartitionRows[Any], outbox: Outbox, now: int) -> None:
        """Rings what is due, behind the records, which may have moved it. If there is more the next turn takes it."""
        due = Due(now, rows.due(now, MOST_RUNG))
        run = running.ring_one_by_one if self._failures >= MOST_FAILURES else running.ring
        outbox.take(run(self.agent, due, rows), dict.fromkeys(due.keys))
        self._rings = rows.wakes is not None and rows.wakes.is_due(now)

    def _failed(self, error: Exception, run: Run | None) -> float:
        """Tells of a failure, and gives how long to wait before the next attempt."""
        metrics.RETRIES.labels(self.agent.name).inc()
        at: dict[str, Any] = {"partition": self.number}
        if run is not None:
            at |= {"topic": run.tp.topic, "offsets": f"{run.start}-{run.end}"}
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
        return 0 if self.offsets() > MOST_TOGETHER / 4 else self.next - time.monotonic()
