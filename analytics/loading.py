"""Loading: the last hop. Records become rows of the warehouse, with the offsets they came from, both or neither."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import duckdb
import pyarrow as pa
import structlog
from prometheus_client import Counter as Counted

from analytics.rows import TABLES
from analytics.rows.orders import ORDERS
from analytics.rows.table import NOTHING, Rows, Table, Types, Unreadable
from analytics.warehouse import Warehouse, script
from pipeline.streams.agent import Batch

log = structlog.get_logger(__name__)

CHUNK = 5_000
"""Records that are read while others are taken in."""

COMPACT_ROWS, COMPACT_SECONDS = 50_000, 60.0
"""Changed orders that wait for compaction at most, and how long: what every report has to look through besides."""

LOADED = Counted("arus_loaded_records", "Records that the warehouse has taken in", ["topic"])
UNREADABLE = Counted("arus_unreadable_records", "Records that the last step could not read", ["topic"])

Offsets = dict[tuple[str, int], int]
Chunk = list[Batch]


class ReplacedKafkaError(Exception):
    """Kafka's offsets are not those that the file was filled from."""


def now_ms() -> int:
    """Gives the present instant."""
    return time.time_ns() // 1_000_000


class Loading:
    """The sink that keeps what the topics tell in the warehouse, and stands where its file stands."""

    name = "loading"
    topics = tuple(TABLES)

    def __init__(self, warehouse: Warehouse, clock: Callable[[], int] = now_ms) -> None:
        """`clock` tells when a row was loaded."""
        self.warehouse, self.clock = warehouse, clock
        self._types = {table.name: _types(warehouse, table) for table in TABLES.values()}
        self._stands = self.start_offsets()
        self._compacted_at = time.monotonic()
        self._waiting = warehouse.query(
            "select (select count(*) from raw.delta) + (select count(*) from raw.gone) as orders"
        )[0]["orders"]
        self.elsewhere: Counter[str] = Counter()
        """How many records for each table were other nodes' alone."""
        # Two things may go on while DuckDB takes in a chunk, which needs no Python: reading the next one, and, before
        # the first chunk of a write, moving what the write before it left.
        self._reader, self._compactor = ThreadPoolExecutor(1, "reading"), ThreadPoolExecutor(1, "compacting")
        self._compacting: Future[None] | None = None

    def start_offsets(self) -> Offsets:
        """Gives the next offset of each partition that the file has read from."""
        rows = self.warehouse.query("select topic, part, next_offset from raw.offsets")
        return {(row["topic"], row["part"]): row["next_offset"] for row in rows}

    def write(self, batches: Sequence[Batch], ends: Offsets) -> None:
        """Keeps the batches' rows and where they end in one transaction.

        When that fails, the file is opened anew and the error goes on: whether the transaction was kept is told by
        `start_offsets` alone, and reading goes on from there. Raises ReplacedKafkaError when that is impossible.
        """
        _check_continues(self._stands, batches)
        tables = self._reader.map(self._rows, _chunks(batches))
        try:
            self.settle()
            with self.warehouse.transaction() as kept:
                for table, rows in tables:
                    _keep(kept, table, rows, self.clock())
                    self._waiting += rows.rows.num_rows + len(rows.gone) if table is ORDERS else 0
                    self.elsewhere[table.name] += rows.elsewhere
                _move(kept, ends)
            self._compact_when_due()
        except duckdb.Error:
            self.warehouse.reopen()
            self._stands = self.start_offsets()
            raise
        self._stands |= ends
        for batch in batches:
            LOADED.labels(batch.topic).inc(len(batch.records))

    def _rows(self, chunk: Chunk) -> tuple[Table, Rows]:
        table = TABLES[chunk[0].topic]
        types, shard = self._types[table.name], self.warehouse.shard
        return table, _together([table.rows(batch, types, shard) for batch in chunk])

    def _compact_when_due(self) -> None:
        late = time.monotonic() - self._compacted_at > COMPACT_SECONDS
        if self._waiting >= COMPACT_ROWS or (self._waiting and late):
            self._waiting = 0
            self._compacting = self._compactor.submit(self._compact)

    def compact(self) -> None:
        """Moves changed orders into the big table, and what the log holds into the file, if nobody writes just then."""
        self.settle()
        self._compact()

    def _compact(self) -> None:
        with self.warehouse.transaction() as kept:
            kept.execute(script("staging/compact.sql"))
        with suppress(duckdb.TransactionException):  # somebody else is at work: what the log holds is safe, and waits
            self.warehouse.cursor().execute("checkpoint")
        self._compacted_at = time.monotonic()

    def settle(self) -> None:
        """Waits until nothing is on the move. Raises what went wrong with it."""
        moving, self._compacting = self._compacting, None
        if moving:
            moving.result()


def _check_continues(stands: Offsets, batches: Sequence[Batch]) -> None:
    for batch in batches:
        stood = stands.get((batch.topic, batch.partition), 0)
        if batch.records and batch.records[0].offset < stood:
            raise ReplacedKafkaError(
                f"the warehouse has read {batch.topic}/{batch.partition} up to {stood}, but this Kafka tells "
                f"{batch.records[0].offset} anew: it was emptied or is another one. `arus rebuild` reads all of it"
            )


def _types(warehouse: Warehouse, table: Table) -> Types:
    beside = warehouse.types(f"raw.{table.beside}") if table.beside else {}
    return beside | warehouse.types(f"raw.{table.name}")


def _chunks(batches: Sequence[Batch]) -> list[Chunk]:
    """Groups batches for one table, at least CHUNK records together while there are more: a statement costs as much.

    No group has two batches of one partition: the newest row of a key must be the newest of all.
    """
    done: list[Chunk] = []
    growing: dict[str, Chunk] = {}
    for batch in batches:
        table = TABLES[batch.topic].name
        chunk = growing.setdefault(table, [])
        repeats = any((other.topic, other.partition) == (batch.topic, batch.partition) for other in chunk)
        if repeats or sum(len(other.records) for other in chunk) >= CHUNK:
            done.append(chunk)
            chunk = growing[table] = []
        chunk.append(batch)
    return done + list(growing.values())


def _together(parts: Sequence[Rows]) -> Rows:
    return Rows(
        pa.concat_tables([part.rows for part in parts if part.rows.num_rows] or [NOTHING]),
        [key for part in parts for key in part.gone],
        [record for part in parts for record in part.unreadable],
        sum(part.elsewhere for part in parts),
    )


def _keep(kept: duckdb.DuckDBPyConnection, table: Table, rows: Rows, loaded_at: int) -> None:
    if rows.gone:
        _forget(kept, table, rows.gone)
    if rows.rows.num_rows:
        _insert(kept, table, rows.rows, loaded_at)
    if rows.unreadable:
        log.error("loading.unreadable", records=len(rows.unreadable), first=rows.unreadable[0])
        _set_aside(kept, rows.unreadable, loaded_at)


def _insert(kept: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table, loaded_at: int) -> None:
    kept.register("batch", rows)
    for statement in table.statements():
        kept.execute(statement, {"loaded_at": loaded_at} if "$loaded_at" in statement else None)
    kept.unregister("batch")


def _forget(kept: duckdb.DuckDBPyConnection, table: Table, gone: list[str]) -> None:
    """Removes the rows of keys that are gone; what lies in further tables goes with the next compaction."""
    # The names are those of TABLES.
    kept.execute(f"delete from raw.{table.name} where {table.newest} in (select key_of(unnest($1)))", [gone])  # noqa: S608
    if table.further:
        kept.execute("insert into raw.gone select key_of(unnest($1))", [gone])


def _set_aside(kept: duckdb.DuckDBPyConnection, unreadable: Sequence[Unreadable], loaded_at: int) -> None:
    kept.register("batch", pa.Table.from_pylist([record._asdict() for record in unreadable]))
    kept.execute("insert into raw.unreadable by name select *, $1::bigint as loaded_at from batch", [loaded_at])
    kept.unregister("batch")
    for record in unreadable:
        UNREADABLE.labels(record.topic).inc()


def _move(kept: duckdb.DuckDBPyConnection, ends: Offsets) -> None:
    """Writes down where reading goes on."""
    kept.register(
        "ends", pa.Table.from_pylist([{"topic": t, "part": p, "next_offset": n} for (t, p), n in ends.items()])
    )
    kept.execute(
        "merge into raw.offsets using ends using (topic, part) "
        "when matched then update set next_offset = ends.next_offset when not matched then insert by name"
    )
    kept.unregister("ends")
