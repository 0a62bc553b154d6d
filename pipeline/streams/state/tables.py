"""Our tables as Faust sees them: a changelog topic, and stores that come and go with the partitions."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faust
from faust.stores.base import Store as FaustStore
from faust.tables.manager import TableManager
from faust.types import TP

from pipeline.streams.agent import Table
from pipeline.streams.reading.consumer import BatchSchema
from pipeline.streams.state.recovery import BatchRecovery
from pipeline.streams.state.rows import PartitionRows
from pipeline.streams.state.stores import MemoryStore, Store, open_rocks

if TYPE_CHECKING:
    from pipeline.streams.job import JobApp


class PartitionStores(FaustStore):  # type: ignore[misc]
    """One store for each partition, so that a revoked one leaves nothing behind.

    Faust's own memory store keeps the rows of revoked partitions for ever; its RocksDB store swallows errors.
    """

    app: "JobApp"

    def __post_init__(self) -> None:
        self.open: dict[int, Store] = {}

    def partition(self, number: int) -> Store:
        """Gives the store of a partition, opened when first asked for."""
        if number not in self.open:
            self.open[number] = self._new(number)
        return self.open[number]

    def _new(self, number: int) -> Store:
        if self.app.settings.streams.store == "memory":
            return MemoryStore()
        return open_rocks(Path(self.app.conf.datadir) / self.table.name / str(number))

    def persisted_offset(self, tp: TP) -> int | None:  # noqa: D102  # Faust says
        return self.partition(tp.partition).offset

    async def on_rebalance(  # noqa: D102
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        del assigned, newly_assigned, generation_id
        for tp in revoked:
            if tp.topic == self.table.changelog_topic_name:
                self.let_go(tp.partition)

    def let_go(self, number: int) -> None:
        """Closes a partition's store; in memory its rows are gone."""
        if store := self.open.pop(number, None):
            store.close()

    def reset_state(self) -> None:  # noqa: D102
        for store in self.open.values():
            store.clear()

    def apply_changelog_batch(self, *_: Any) -> None:  # noqa: ANN401
        """Is not called: BatchRecovery writes whole batches. This and the next two are abstract in Faust."""
        raise NotImplementedError

    async def backup_partition(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Is not offered: the changelog is the backup."""
        raise NotImplementedError

    def restore_backup(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Is not offered: the changelog is the backup."""
        raise NotImplementedError

    async def on_stop(self) -> None:  # noqa: D102
        for number in list(self.open):
            self.let_go(number)


class BatchTable(faust.Table):  # type: ignore[misc]
    """One of our tables: its changelog is a topic of TOPICS, its keys and values are bytes."""

    app: "JobApp"
    data: PartitionStores

    def __init__(self, app: "JobApp", table: Table[Any], partitions: int) -> None:
        schema = BatchSchema(key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
        changelog = app.topic(table.changelog, schema=schema, partitions=partitions, acks=False)
        super().__init__(
            app, name=table.name, key_type=bytes, value_type=bytes, partitions=partitions, changelog_topic=changelog
        )
        self.ours = table
        self._rows: dict[int, PartitionRows[Any]] = {}

    def _new_store(self) -> PartitionStores:
        return PartitionStores("memory://", self.app, self, table_name=self.name)

    async def on_start(self) -> None:
        """Starts the stores; the changelog topic is there already, or the worker would not have started."""
        await self.add_runtime_dependency(self.data)

    def rows(self, partition: int) -> PartitionRows[Any]:
        """Gives the rows of a partition, for one batch at a time."""
        if partition not in self._rows:
            streams = self.app.settings.streams
            cached = 0 if streams.store == "memory" else streams.cached_rows
            self._rows[partition] = PartitionRows(self.ours, self.data.partition(partition), cached)
        return self._rows[partition]

    def apply(self, partition: int, rows: dict[bytes, bytes | None], offset: int) -> None:
        """Writes what the changelog has up to this offset, in recovery or as a standby."""
        store = self.data.partition(partition)
        store.write(rows, offset)

    def forget(self) -> None:
        """Drops the decoded rows of all partitions: another worker may have changed them."""
        self._rows.clear()


class BatchTables(TableManager):  # type: ignore[misc]
    """Faust's table manager with our recovery."""

    _recovery: BatchRecovery | None

    @property
    def recovery(self) -> BatchRecovery:
        """The recovery service."""
        if self._recovery is None:
            self._recovery = BatchRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    async def on_start(self) -> None:
        """Starts as Faust does, without its second of sleep."""
        await self._update_channels()
        await self.recovery.start()

    def ours(self) -> Iterable[BatchTable]:
        """Gives our tables."""
        return self.values()  # type: ignore[no-any-return]
