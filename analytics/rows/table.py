# ruff: noqa: S608  # the names in statements are ours, and every value travels beside them
"""A table of the warehouse as loading sees it: how a record of its topic becomes a row."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
from msgspec import Struct
from msgspec.structs import astuple

from analytics.shards import WHOLE, Shard
from pipeline.streams.agent import Batch, Record

Types = Mapping[str, pa.DataType]
Found = tuple[Struct, Record]


class Unreadable(NamedTuple):
    """A record that cannot become a row, and why."""

    topic: str
    part: int
    kafka_offset: int
    reason: str


NOTHING = pa.table({})


class Rows(NamedTuple):
    """What one batch gives its table: rows, keys whose row must go, and records that nobody can read.

    elsewhere: how many records are other nodes' alone.
    """

    rows: pa.Table
    gone: list[str]
    unreadable: list[Unreadable]
    elsewhere: int = 0


class Table(NamedTuple):
    """One table of schema `raw`. Types and the order of columns are `sql/raw.sql`'s alone.

    row: the columns that a record tells.
    read: gives the row of a record; None when it says that its key is gone; raises when nobody can read it.
    made: columns that SQL makes of the others.
    newest: the column that names a row of which only the newest is kept; empty where each record is a row of its own.
    once: the column that names a row which is kept the first time only.
    beside: a table that takes the column of its name out of the row.
    further: the other tables where a row of the same name may lie.
    owners: tells whose a record is, without reading all of it, where only their nodes keep it; None = every node does.
    owner_key: SQL that gives the key of the same of a row, where rows can be older than what Kafka keeps.
    """

    name: str
    row: type[Struct]
    read: Callable[[Record], Struct | None]
    made: dict[str, str]
    newest: str = ""
    once: str = ""
    beside: str = ""
    further: tuple[str, ...] = ()
    owners: Callable[[Record], tuple[str, ...]] | None = None
    owner_key: str = ""

    @property
    def shown(self) -> str:
        """The name by which people know it."""
        return self.further[0] if self.further else self.name

    def statements(self) -> Iterator[str]:
        """Gives the statements that take in the rows of a table `batch`; `$loaded_at` is bound where it is asked for.

        The names in them are those of TABLES and of `row`: nothing that a record says is ever part of a statement.
        """
        name, key = f"raw.{self.name}", self.made.get(self.newest)
        made = "".join(f"{expression} as {column}, " for column, expression in self.made.items())
        if key:
            yield f"delete from {name} where {self.newest} in (select {key} from batch)"
        if self.further:
            yield f"delete from raw.gone where {self.newest} in (select {key} from batch)"
        if self.beside:
            yield (
                f"insert into raw.{self.beside} by name "
                f"select {key} as {self.newest}, {self.beside}, part, kafka_offset from batch"
            )
        # of the batch's names alone, so that what DuckDB hashes is the batch, not all that was ever told
        ours = f"(select {self.made.get(self.once)} from batch)"
        known = f"(select {self.once} from {name} where {self.once} in {ours})"
        unknown = f"where {self.once} not in {known}" if self.once else ""
        first = f"qualify row_number() over (partition by {self.once}) = 1" if self.once else ""
        columns = f"* exclude ({self.beside})" if self.beside else "*"
        yield f"insert into {name} by name select {made}{columns} from batch {unknown} {first}"

    def rows(self, batch: Batch, types: Types, shard: Shard = WHOLE) -> Rows:
        """Reads what a shard keeps of a batch; one bad record spoils no other."""
        unreadable: list[Unreadable] = []
        gone: list[str] = []
        others: list[Record] = []
        found = list(self._find(batch, shard, gone, others, unreadable))
        try:
            rows = self._arrow(found, batch, types)
        except _UNSTORABLE:
            rows = self._arrow(list(self._storable(found, batch, types, unreadable)), batch, types)
        return Rows(rows, gone, unreadable, len(others))

    def _find(
        self, batch: Batch, shard: Shard, gone: list[str], others: list[Record], unreadable: list[Unreadable]
    ) -> Iterator[Found]:
        for record in self._worth_reading(batch.records):
            try:
                row = self.read(record) if self._is_kept(record, shard) else None
            except (ValueError, KeyError) as error:
                unreadable.append(_unreadable(batch, record, error))
                continue
            if row is not None:
                yield row, record
            elif self.newest:  # also of what is another node's now: it may have been ours
                gone.append((record.key or b"").decode(errors="replace"))
            else:
                others.append(record)

    def _is_kept(self, record: Record, shard: Shard) -> bool:
        if shard == WHOLE or self.owners is None or record.value is None:
            return True
        return shard.keeps(*self.owners(record))

    def _worth_reading(self, records: Sequence[Record]) -> Iterable[Record]:
        """Gives the newest record of each key, where only that is kept.

        Should it be unreadable, the row of an older batch stays until the key's next record.
        """
        return {record.key: record for record in records}.values() if self.newest else records

    def _storable(
        self, found: Sequence[Found], batch: Batch, types: Types, unreadable: list[Unreadable]
    ) -> Iterator[Found]:
        """Gives the rows that fit into the table's types, one by one: a number may be too large, a text no Unicode."""
        for row, record in found:
            try:
                self._arrow([(row, record)], batch, types)
            except _UNSTORABLE as error:
                unreadable.append(_unreadable(batch, record, error))
            else:
                yield row, record

    def _arrow(self, found: Sequence[Found], batch: Batch, types: Types) -> pa.Table:
        if not found:
            return NOTHING
        values = zip(*[astuple(row) for row, _ in found], strict=True)
        columns = {
            name: pa.array(column, types[name])
            for name, column in zip(self.row.__struct_fields__, values, strict=False)
        }
        columns["part"] = pa.repeat(pa.scalar(batch.partition, types["part"]), len(found))
        columns["kafka_offset"] = pa.array([record.offset for _, record in found], types["kafka_offset"])
        columns["written_at"] = pa.array([record.timestamp for _, record in found], types["written_at"])
        if "topic" in types and "topic" not in columns:
            columns["topic"] = pa.repeat(pa.scalar(batch.topic), len(found))
        return pa.table(columns)


_UNSTORABLE = (pa.ArrowException, OverflowError, ValueError, TypeError)


def _unreadable(batch: Batch, record: Record, error: Exception) -> Unreadable:
    return Unreadable(batch.topic, batch.partition, record.offset, f"{type(error).__name__}: {error}"[:500])
