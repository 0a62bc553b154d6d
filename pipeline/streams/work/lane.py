"""A lane: one agent's work on one partition number, strictly in order, one transaction at a time."""

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.structs import TopicPartition

from pipeline.streams import metrics
from pipeline.streams.agent import Agent, Batch
from pipeline.streams.reading.consumer import Delivery
from pipeline.streams.reading.cursor import Partition
from pipeline.streams.work import running
from pipeline.streams.work.outbox import Outbox, TooLarge
from pipeline.streams.work.transactions import Broken
from schemas.letters import DeadLetter

if TYPE_CHECKING:
    from pipeline.streams.job import JobApp

log = structlog.get_logger("arus.streams")

MOST_TOGETHER = 4_000
"""Offsets of small batches that share one transaction, when they wait for the one under way."""

MOST_FAILURES = 3
"""A batch that raised this often is run record by record."""

MOST_PAUSE = 5.0


class Lane:
    """Works on what is put into it while the app flows; what it cannot finish is read again."""

    def __init__(self, app: "JobApp", agent: Agent, number: int) -> None:
        self.app, self.agent, self.number = app, agent, number
        self.task: asyncio.Task[None] | None = None
        self._waiting: deque[Delivery] = deque()
        self._failures = 0

    def put(self, delivery: Delivery) -> None:
        """Takes a claimed delivery."""
        self._waiting.append(delivery)
        if self.task is None or self.task.done():
            self.task = asyncio.ensure_future(self._work())
            self.task.add_done_callback(self.app.lane_ended)

    async def _work(self) -> None:
        try:
            while self._waiting and not self.app.halted.is_set():
                async with self.app.slots[self.agent.name]:
                    pause = await self._turn(self._take())
                if pause:
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
        rows = self.app.rows(self.agent, self.number)
        try:
            await self._attempt(deliveries, rows)
        except BaseException as error:
            if rows is not None:
                rows.forget()
            if isinstance(error, Broken):
                self._give_up(deliveries)
                log.warning("transaction.broken", step=self.agent.name, partition=self.number, error=str(error))
                self.app.rejoin()
                return 0
            self._waiting.extendleft(reversed(deliveries))
            if isinstance(error, Exception):
                return self._failed(error, deliveries[0])
            raise
        self._failures = 0
        for delivery in deliveries:
            self.app.consumer.finish(delivery.run, done=True)
        return 0

    def _give_up(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            self.app.consumer.finish(delivery.run, done=False)

    async def _attempt(self, deliveries: list[Delivery], rows: Any) -> None:  # noqa: ANN401
        transactions = self.app.transactions(self.agent, self.number)
        began, now = time.perf_counter(), time.time_ns() // 1_000_000
        outbox = Outbox(transactions.producer.create_batch, self.number, self.app.partitions, now)
        count = sum(self._run(delivery, rows, outbox, now) for delivery in deliveries)
        changes = rows.changes() if rows is not None else {}
        for key, row in changes.items():
            outbox.put(rows.table.changelog, key, row)
        offsets = {TopicPartition(*delivery.run.tp): delivery.run.end for delivery in deliveries}
        last = await transactions.commit(outbox.packs(), offsets)
        if rows is not None:
            rows.keep(changes, last.get((rows.table.changelog, self.number), 0))
        metrics.turn(self.agent.name, len(deliveries), count, time.perf_counter() - began)

    def _run(self, delivery: Delivery, rows: Any, outbox: Outbox, now: int) -> int:  # noqa: ANN401
        records = delivery.value.read()
        batch = Batch(delivery.run.tp.topic, self.number, records)
        own = dict.fromkeys([record.key for record in records])
        run = running.whole
        if self._failures >= MOST_FAILURES:
            run = running.one_by_one
        elif rows is not None:
            rows.prefetch(own)
        outbox.take(run(self.agent, batch, rows), own)
        for record, cause, detail in batch.buried:
            letter = DeadLetter(self.agent.name, cause, detail, batch.topic, batch.partition, record.offset, now)
            outbox.put(self.app.letters, record.key, record.value, [*letter.headers(), *record.headers])
            metrics.BURIED.labels(self.agent.name, cause).inc()
        return len(records)

    def _failed(self, error: Exception, delivery: Delivery) -> float:
        """Tells of a failure, and how long to wait before the next attempt."""
        tp, run = delivery.run.tp, delivery.run
        at = {
            "step": self.agent.name,
            "topic": tp.topic,
            "partition": tp.partition,
            "offsets": f"{run.start}-{run.end}",
        }
        if isinstance(error, KafkaError) and not isinstance(error, MessageSizeTooLargeError):
            log.warning("batch.refused", error=repr(error), **at)
            return MOST_PAUSE / 5
        metrics.RETRIES.labels(self.agent.name).inc()
        self._failures = MOST_FAILURES if isinstance(error, TooLarge) else self._failures + 1
        log.warning("batch.raised", attempt=self._failures, error=type(error).__name__, why=running.told(error), **at)
        return 0 if self._failures >= MOST_FAILURES else min(MOST_PAUSE, 0.1 * 4 ** (self._failures - 1))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.app.halted.wait(), seconds)
        except TimeoutError:
            return
