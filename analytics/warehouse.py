"""The warehouse: the one door to DuckDB. One process owns the file; readers and the loader are threads of it."""

import errno
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import structlog

from analytics.metrics import METRICS
from analytics.shards import WHOLE, Shard
from schemas.statuses import STATUSES

logger = structlog.get_logger(__name__)

_HELD = re.compile(r"Conflicting lock is held in (?P<program>\S+) \(PID (?P<pid>\d+)\)")
_BAD_LOG = re.compile(r"Corrupt WAL file|WAL checkpoint iteration does not match")
_OUTSIDE = tuple(
    os.strerror(number)
    for number in (
        *(errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR),
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG),  # the last: the process may not write files as long as that
        *(errno.EMFILE, errno.ENFILE, errno.EIO),
    )
)
"""What the machine refuses; the file itself is sound."""

SQL = Path(__file__).parent / "sql"
VERSION = "3"
"""Of the tables in raw.sql; a file of another version is rebuilt, not migrated: Kafka has it all."""

CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "storage_compatibility_version": "v1.5.0",  # so that the way back to DuckDB 1.5 stays open
    "checkpoint_threshold": "256MB",  # a checkpoint in the midst of a load stalls it: compaction calls its own
}

MACROS = (
    "staging/basics.sql",
    "marts/urgent.sql",
    "marts/visible.sql",
    "marts/listed.sql",
    "marts/policy_cases.sql",
    "marts/stock.sql",
    "marts/sellers.sql",
    "marts/endpoints.sql",
)
"""What reports read through, each on those before it."""

Row = dict[str, Any]


class WarehouseError(Exception):
    """The file cannot be used as it is; the message says what to do."""


class WarehouseBusyError(WarehouseError):
    """Another process has the file."""


class WarehouseDamagedError(WarehouseError):
    """The file cannot be read any more, is of another version or keeps another shard."""


class Warehouse:
    """A DuckDB file and its connections: one cursor for each thread."""

    def __init__(self, path: Path, shard: Shard | None = None, memory_bytes: int = 0) -> None:
        """Opens the file, or makes it. Raises WarehouseError with a sentence that says what to do.

        shard: what the file must keep; None = whatever it does. memory_bytes: the most it takes; 0 = 80 % of all.
        """
        self.path, self._asked, self._memory = path, shard, memory_bytes
        self._threads = threading.local()
        self._cursors: list[tuple[threading.Thread, duckdb.DuckDBPyConnection]] = []
        self._lock = threading.RLock()
        self._opened = 0
        self._root: duckdb.DuckDBPyConnection | None = self._open()

    def _open(self) -> duckdb.DuckDBPyConnection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        log, is_new = self.path.with_name(f"{self.path.name}.wal"), not self.path.exists()
        try:
            root, self.shard = _connect(self.path, self._asked, self._memory)
        except duckdb.Error as error:
            if is_new:  # what was begun of it would be taken for a damaged file
                self.path.unlink(missing_ok=True)
                log.unlink(missing_ok=True)
            if not (_BAD_LOG.search(str(error)) and log.exists()):
                raise _explained(self.path, error) from error
            # The file itself is sound: it stands at its last checkpoint, and so do the offsets in it.
            aside = log.rename(log.with_name(f"{log.name}.damaged"))
            logger.warning("warehouse.log_set_aside", file=str(aside), why="it is damaged; Kafka has what it held")
            return self._open()
        self._opened += 1
        return root

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Gives this thread's own connection. What another thread committed before is seen.

        Raises WarehouseError while the file cannot be opened again after a failed commit.
        """
        mine = getattr(self._threads, "cursor", None)
        if mine is None or self._threads.opened != self._opened:
            with self._lock:
                self._root = self._root or self._open()
                self._let_go()
                mine = self._root.cursor()
                self._cursors.append((threading.current_thread(), mine))
                self._threads.cursor, self._threads.opened = mine, self._opened
        return mine

    def _let_go(self) -> None:
        """Closes the connections of threads that have ended: servers start new ones for each rush."""
        ended = [cursor for thread, cursor in self._cursors if not thread.is_alive()]
        self._cursors = [(thread, cursor) for thread, cursor in self._cursors if thread.is_alive()]
        for cursor in ended:
            with suppress(duckdb.Error):
                cursor.close()

    def query(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        """Runs one statement and gives its rows. Blocks: call it in a thread."""
        try:
            return self._query(sql, params)
        except duckdb.Error:
            with self._lock:
                reopened = self._threads.opened != self._opened
            if not reopened:
                raise
            return self._query(sql, params)

    def _query(self, sql: str, params: Mapping[str, Any] | None) -> list[Row]:
        result = self.cursor().execute(sql, dict(params) if params else None)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def types(self, table: str) -> dict[str, pa.DataType]:
        """Gives the Arrow type of each column of a table."""
        schema = self.cursor().table(table).limit(0).to_arrow_table().schema
        return dict(zip(schema.names, schema.types, strict=True))

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Gives a connection whose changes are all kept, or none when the block raises."""
        cursor = self.cursor()
        cursor.begin()
        try:
            yield cursor
            cursor.commit()
        except BaseException:
            with suppress(duckdb.Error):
                cursor.rollback()
            raise

    def reopen(self) -> None:
        """Closes and opens the file again: after a failed commit only that tells what was kept."""
        with self._lock:
            self.close()
            self._root = None
            self._opened += 1  # whose cursors are closed now, also if the disk is full and nothing can be opened
            self._root = self._open()

    def close(self) -> None:
        """Closes every connection; only then is the file really closed."""
        with self._lock:
            for cursor in (*(mine for _, mine in self._cursors), *([self._root] if self._root else [])):
                with suppress(duckdb.Error):
                    cursor.close()
            self._cursors.clear()


def script(name: str) -> str:
    """Reads one of our SQL files."""
    return (SQL / name).read_text()


def _connect(path: Path, asked: Shard | None, memory: int) -> tuple[duckdb.DuckDBPyConnection, Shard]:
    root = duckdb.connect(str(path), config=CONFIG | ({"memory_limit": f"{memory >> 20}MiB"} if memory else {}))
    try:
        return root, _prepare(root, asked)
    except duckdb.Error:
        root.close()
        raise


def _prepare(root: duckdb.DuckDBPyConnection, asked: Shard | None) -> Shard:
    """Makes what a file needs: tables, the registries, and the macros that reports read through; tells its shard."""
    root.begin()
    root.execute("create table if not exists made_by (version varchar)")
    found = root.execute("select version from made_by").fetchall()
    if not found:
        root.execute("insert into made_by values (?)", [VERSION])
    elif found != [(VERSION,)]:
        raise duckdb.Error(f"its tables are of version {found[0][0]}, this is version {VERSION}")
    root.execute(script("raw.sql"))
    shard = _agree(root, asked, is_new=not found)
    _tell(root, "statuses", STATUSES)
    _tell(root, "metrics", METRICS)
    for file in MACROS:
        root.execute(script(file))
    root.commit()
    return shard


def _agree(root: duckdb.DuckDBPyConnection, asked: Shard | None, *, is_new: bool) -> Shard:
    """Writes down which shard a new file keeps, and holds another to what it was made for."""
    told = root.execute("select number, shards from raw.shard").fetchone()
    shard = Shard(*told) if told else (asked or WHOLE) if is_new else WHOLE
    if asked not in (None, shard):
        raise duckdb.Error(
            f"it keeps shard {shard.number} of {shard.of}, and the settings say {asked.number} of {asked.of}"
        )
    if not told:
        root.execute("insert into raw.shard values ($1, $2)", shard)
    ours = "true" if shard == WHOLE else f"owner_key % {shard.of} = {shard.number}"
    root.execute(f"create or replace macro kept_here(owner_key) as {ours}")
    return shard


def _tell(root: duckdb.DuckDBPyConnection, name: str, registry: Iterable[Any]) -> None:
    """Puts a registry into a table of its name, as it stands in this version."""
    root.register("registry", pa.Table.from_pylist([row._asdict() for row in registry]))
    root.execute(f"create or replace table {name} as select * from registry")  # noqa: S608  # a name of ours
    root.unregister("registry")


def _explained(path: Path, error: duckdb.Error) -> WarehouseError:
    said = str(error).splitlines()[0]
    if held := _HELD.search(str(error)):
        return WarehouseBusyError(
            f"{path} is in use by process {held['pid']}: stop `arus up` or `arus analytics` first"
        )
    if any(word in said for word in _OUTSIDE):
        return WarehouseError(f"{path} cannot be opened: {said}")
    return WarehouseDamagedError(f"{path} cannot be read: {said}. `arus rebuild` makes it anew from Kafka")
