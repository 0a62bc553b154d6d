"""The sink's work: whatever is ready, of all partitions, is written at once, then told to the group."""

import asyncio
import contextlib
import time
from collections import defaultdict
from typing import TYPE_CHECKING

import structlog
from aiokafka.errors import IllegalStateError

from pipeline.homes import at_home
from pipeline.streams import metrics
from pipeline.streams.agent import Batch, Sink
from pipeline.streams.reading.consumer import Delivery
from pipeline.streams.reading.cursor import Partition
from pipeline.streams.reading.records import Records
from pipeline.streams.work.line import Line
from pipeline.streams.work.running import told

if TYPE_CHECKING:
    from pipeline.streams.job import JobApp

log = structlog.get_logger("arus.streams")

LINGER = 0.05
"""Seconds to wait for more, once something is there."""

MOST_REST = 0.15
"""Seconds that a sink with little to do waits for more before its next write, at most."""

PLENTY = 500
"""Records that need not wait: a write costs as much as so many."""

MOST_RECORDS = 50_000
MOST_PAUSE = 5.0


class SinkLine(Line):
    """Writes groups of batches in a thread, one after the other; after a failure it starts where the sink stands."""

    def __init__(self, app: "JobApp", sink: Sink) -> None:
        super().__init__(app)
        self.sink = sink
        self._failures = 0
        self._under_way: asyncio.Future[None] | None = None

    async def work(self) -> None:
        """Writes what is ready, having waited a little for more."""
        await self._linger()
        await self._write(self.take(MOST_RECORDS))

    async def start_offsets(self) -> dict[tuple[str, int], int]:
        """Asks the sink where it stands, once no write is under way."""
        await self.idle()
        return await asyncio.to_thread(self.sink.start_offsets)

    async def idle(self) -> None:
        """Waits for the write under way: a thread cannot be stopped."""
        if self._under_way and not self._under_way.done():
            await asyncio.wait({self._under_way})

    async def _linger(self) -> None:
        """Waits a moment, or as a lane does twice as long as the last write took, while there is little."""
        until = max(time.monotonic() + LINGER, self.next)
        while (left := until - time.monotonic()) > 0 and self.offsets() < PLENTY:  # noqa: ASYNC110  # for time
            await asyncio.sleep(min(left, LINGER / 5))

    async def _write(self, deliveries: list[Delivery]) -> None:
        if not deliveries:
            return
        began = time.monotonic()
        parts: defaultdict[Partition, list[Records]] = defaultdict(list)
        for delivery in deliveries:
            parts[delivery.run.tp].append(delivery.value)
        batches = [Batch(tp.topic, tp.partition, Records.joined(some)) for tp, some in parts.items()]
        ends = {(d.run.tp.topic, d.run.tp.partition): d.run.end for d in deliveries}
        try:
            self._under_way = asyncio.ensure_future(asyncio.to_thread(self._hand_over, batches, ends))
            self._under_way.add_done_callback(asyncio.Future.exception)  # asked for, also if we are cancelled
            await asyncio.shield(self._under_way)
        except Exception as error:  # noqa: BLE001  # whatever it is, the sink knows where it stands
            await self._failed(error, deliveries)
            return
        self._failures = 0
        self.done(deliveries)
        self.app.consumer.tell(ends)
        metrics.turn(self.sink.name, batches, self.rest(began, MOST_REST))

    def _hand_over(self, batches: list[Batch], ends: dict[tuple[str, int], int]) -> None:
        count = self.app.settings.kafka.partitions
        for batch in batches:
            batch.records = at_home(batch.topic, batch.partition, count, batch.records)
        self.sink.write(batches, ends)

    async def _failed(self, error: Exception, deliveries: list[Delivery]) -> None:
        """Waits, then has every partition read again from where the sink says it stands."""
        self._failures += 1
        metrics.RETRIES.labels(self.sink.name).inc()
        log.warning(
            "sink.refused", step=self.sink.name, attempt=self._failures, error=type(error).__name__, why=told(error)
        )
        await self.pause(min(MOST_PAUSE, 0.1 * 2**self._failures))
        for delivery in deliveries:
            delivery.run.cursor.live.discard(delivery.run)
        if not self.app.halted.is_set():
            with contextlib.suppress(IllegalStateError):  # revoked meanwhile: Faust seeks anew
                await self.app.consumer.perform_seek()
