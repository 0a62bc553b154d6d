"""A table of the warehouse as loading sees it: what a record of its topic says, column by column."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.streams.agent import Batch, Record

Getter = Callable[[Any], Any]
Types = Mapping[str, pa.DataType]
Found = tuple[Any, Record]


class Unreadable(NamedTuple):
    """A record that cannot become a row, and why."""

    topic: str
    part: int
    kafka_offset: int
    reason: str


class Rows(NamedTuple):
    """What one batch gives its table: rows, keys whose row must go, and records that nobody can read."""

    rows: pa.Table
    gone: list[str]
    unreadable: list[Unreadable]


class Table(NamedTuple):
    """One table of schema `raw`. Types and the order of columns are `sql/raw.sql`'s alone.

    read: gives what a record says; None when it says that its key is gone; raises when nobody can read it.
    columns: each column and how it is got from what `read` gave.
    made: columns that SQL makes of the others.
    newest: the column that names a row of which only the newest is kept; empty where each record is a row of its own.
    once: the column that names a row which is kept the first time only.
    older: further tables where a row of the same name may lie.
    """

    name: str
    read: Callable[[Record], Any]
    columns: dict[str, Getter]
    made: dict[str, str]
    newest: str = ""
    once: str = ""
    older: tuple[str, ...] = ()

    def rows(self, batch: Batch, types: Types) -> Rows:
        """Reads a batch; one bad record spoils no other."""
        unreadable: list[Unreadable] = []
        gone: list[str] = []
        found = list(self._find(batch, gone, unreadable))
        try:
            rows = self._arrow(found, batch, types)
        except (pa.ArrowException, OverflowError, ValueError, TypeError):
            rows = self._arrow(list(self._storable(found, batch, types, unreadable)), batch, types)
        return Rows(rows, gone, unreadable)

    def _find(self, batch: Batch, gone: list[str], unreadable: list[Unreadable]) -> Iterator[Found]:
        for record in self._worth_reading(batch.records):
            try:
                said = self.read(record)
            except (ValueError, KeyError) as error:
                unreadable.append(_unreadable(batch, record, error))
                continue
            if said is not None:
                yield said, record
            elif self.newest:
                gone.append((record.key or b"").decode(errors="replace"))

    def _worth_reading(self, records: Sequence[Record]) -> Iterable[Record]:
        if not self.newest:
            return records
        # An unreadable newest record must not hide the one before it, but that is as rare as it is harmless:
        # the order keeps its older row until the next snapshot.
        return {record.key: record for record in records}.values()

    def _storable(
        self, found: Sequence[Found], batch: Batch, types: Types, unreadable: list[Unreadable]
    ) -> Iterator[Found]:
        for said, record in found:
            try:
                self._arrow([(said, record)], batch, types)
            except (pa.ArrowException, OverflowError, ValueError, TypeError) as error:
                unreadable.append(_unreadable(batch, record, error))
            else:
                yield said, record

    def _arrow(self, found: Sequence[Found], batch: Batch, types: Types) -> pa.Table:
        said = [one for one, _ in found]
        records = [record for _, record in found]
        columns = {name: pa.array([get(one) for one in said], types[name]) for name, get in self.columns.items()}
        columns["part"] = pa.repeat(pa.scalar(batch.partition, types["part"]), len(found))
        columns["kafka_offset"] = pa.array([record.offset for record in records], types["kafka_offset"])
        columns["written_at"] = pa.array([record.timestamp for record in records], types["written_at"])
        if "topic" in types and "topic" not in columns:
            columns["topic"] = pa.repeat(pa.scalar(batch.topic), len(found))
        return pa.table(columns)


def _unreadable(batch: Batch, record: Record, error: Exception) -> Unreadable:
    return Unreadable(batch.topic, batch.partition, record.offset, f"{type(error).__name__}: {error}"[:500])
