"""Recovery: Faust decides what to read, whole batches of the changelog are applied."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import structlog
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from faust.types import TP
from mode import Service

from pipeline.streams.reading.cursor import Run
from pipeline.streams.reading.records import Records
from pipeline.streams.state.wholeness import make_whole

if TYPE_CHECKING:
    from pipeline.streams.job import JobApp


log = structlog.get_logger("arus.streams")


class BatchRecovery(Recovery):  # type: ignore[misc]
    """Fences former owners first, applies changelogs by the batch, and ends by position."""

    app: "JobApp"

    def __post_init__(self) -> None:
        self._overtaken = asyncio.Event()

    @Service.task  # type: ignore[untyped-decorator]
    async def _slurp_changelogs(self) -> None:
        """Does nothing: Faust's own takes record by record from a queue that it may clear, and swallows errors."""

    def _set_recovery_started(self) -> None:
        self.signal_recovery_end.clear()
        super()._set_recovery_started()

    async def _build_highwaters(self, consumer: Any, tps: set[TP], destination: Counter[TP], title: str) -> None:  # noqa: ANN401
        """Fences before the ends are read: nothing of a former owner can be committed behind them."""
        if title == "active":
            await self.app.fence({tp.partition for tp in tps})
            await make_whole(self.app, tps)
        await super()._build_highwaters(consumer, tps, destination, title)
        offsets = self.active_offsets if title == "active" else self.standby_offsets
        for tp in tps:
            if offsets[tp] is not None and offsets[tp] > destination[tp]:
                log.warning("table.rebuilt", topic=tp.topic, partition=tp.partition, why="its changelog was made anew")
                self.tp_to_table[tp].data.partition(tp.partition).clear()
                offsets[tp] = None

    async def _seek_offsets(self, consumer: Any, tps: set[TP], offsets: Counter[TP], title: str) -> None:  # noqa: ANN401
        """Seeks behind the last record that the store has; Faust seeks to it."""
        del title
        await consumer.seek_wait({tp: offsets[tp] + 1 for tp in tps})

    def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Gives up what is under way: Faust's recovery would end, and let the streams flow, while others take over."""
        super().on_partitions_revoked(revoked)
        self._overtaken.set()

    async def on_rebalance(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Begins anew for what was assigned."""
        self._overtaken.clear()
        await super().on_rebalance(*args, **kwargs)

    async def _wait(self, coro: Any, timeout: Any = None) -> None:  # noqa: ANN401, ASYNC109
        """Waits as long as it takes: Faust takes a wait that timed out for its own end, and stands still for ever."""
        del timeout
        waited = await self.wait_first(coro, self.signal_recovery_start, self._overtaken)
        if waited.stopped:
            raise ServiceStopped
        if self.signal_recovery_start.is_set() or self._overtaken.is_set():
            raise RebalanceAgain

    def apply(self, run: Run, records: Records) -> None:
        """Applies a run of a changelog."""
        chains, tp = self.app.consumer.chains, run.tp
        offsets = self._offsets(run)
        claimed = chains.claim(run)
        if claimed and offsets is not None:
            self.tp_to_table[tp].apply(tp.partition, {r.key: r.value for r in records if r.key}, run.end - 1)
            offsets[tp] = run.end - 1
        chains.finish(run, done=claimed)
        self._maybe_end()

    def _offsets(self, run: Run) -> Counter[TP] | None:
        """Gives the books that this changelog is kept in; None if it must not be applied.

        Our own changelog, read late, would overwrite newer rows: test_recovery.py
        """
        if run.tp in self.active_tps:
            return self.active_offsets if self.in_recovery else None
        return self.standby_offsets if run.tp in self.standby_tps else None

    def _maybe_end(self) -> None:
        if self.in_recovery and not self.need_recovery():
            self._set_recovery_ended()
            self.signal_recovery_end.set()
        if not self.tables.standbys_ready and not self.standby_remaining_total():
            self.tables.on_standbys_ready()
