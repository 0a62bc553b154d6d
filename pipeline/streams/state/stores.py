"""Where the rows of one partition lie: in memory, or in RocksDB. Both know up to which changelog offset they are."""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import rocksdict
import structlog

log = structlog.get_logger("arus.streams")

Rows = Mapping[bytes, bytes | None]

CACHE_BYTES, WRITTEN_BYTES, BUFFER_BYTES = 64 << 20, 32 << 20, 8 << 20
"""What RocksDB keeps in memory of all partitions together: of what was read, and of what was written; and of one
partition's writes. So a worker's memory hardly grows with its state, nor while its buffers slowly fill."""

STALE_AFTER = 20 * 3600
"""Seconds after which files on disk are not trusted: Kafka forgets that a row was deleted after 24 hours."""


class Store(Protocol):
    """The rows of one partition, as bytes."""

    offset: int | None
    """The changelog's offset of the last row written; None while there is none."""

    prefers_many: bool
    """Whether reading many rows at once is cheaper."""

    def get(self, key: bytes) -> bytes | None:
        """Gives a row."""

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Gives several rows at once."""

    def write(self, rows: Rows, offset: int) -> None:
        """Writes rows, None deletes, together with the changelog's offset of the last one."""

    def items(self, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Goes through the rows, in the store's own order, behind a key. No row may be written meanwhile."""

    def clear(self) -> None:
        """Forgets everything, to be recovered from the changelog's beginning."""

    def close(self) -> None:
        """Lets the files go."""


class MemoryStore:
    """A dict. What was written first comes first, which for rows that are written once is the order of their age."""

    prefers_many = False

    def __init__(self) -> None:
        self.offset: int | None = None
        self._rows: dict[bytes, bytes] = {}
        self.get = self._rows.get

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:  # noqa: D102  # see Store
        return list(map(self._rows.get, keys))

    def write(self, rows: Rows, offset: int) -> None:  # noqa: D102
        self._rows.update(rows)  # type: ignore[arg-type]  # what is None leaves at once
        if None in rows.values():
            for key in [key for key, row in rows.items() if row is None]:
                del self._rows[key]
        self.offset = offset

    def items(self, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:  # noqa: D102
        del after  # from the front again: the oldest stand there
        return iter(self._rows.items())

    def clear(self) -> None:  # noqa: D102
        self._rows.clear()
        self.offset = None

    def close(self) -> None:  # noqa: D102
        self._rows.clear()


class RocksStore:
    """A RocksDB folder. Every write is one atomic batch with the offset, so after a crash both are of one moment."""

    prefers_many = True
    _OFFSET = b"\x00offset"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = _open(path)
        offset, written_at = (self._db.get(self._OFFSET) or b" ").decode().split(" ")
        self.offset: int | None = int(offset) if offset else None
        if offset and time.time() - float(written_at) > STALE_AFTER:
            self.clear()
        self.get = self._db.get

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:  # noqa: D102
        return self._db.get(keys) if keys else []

    def write(self, rows: Rows, offset: int) -> None:  # noqa: D102
        batch = rocksdict.WriteBatch(raw_mode=True)
        put, delete = batch.put, batch.delete
        for key, row in rows.items():
            if row is None:
                delete(key)
            else:
                put(key, row)
        put(self._OFFSET, f"{offset} {time.time():.0f}".encode())
        self._db.write(batch)
        self.offset = offset

    def items(self, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:  # noqa: D102
        for key, row in self._db.items(from_key=after or None):
            if key not in (after, self._OFFSET):
                yield key, row

    def clear(self) -> None:  # noqa: D102
        self.close()
        shutil.rmtree(self._path, ignore_errors=True)
        self._db, self.offset = _open(self._path), None
        self.get = self._db.get

    def close(self) -> None:  # noqa: D102
        self._db.close()


def open_rocks(path: Path) -> RocksStore:
    """Opens a folder, or makes it anew if it is damaged: the changelog has everything."""
    try:
        return RocksStore(path)
    except Exception as error:
        if "lock" in str(error).lower():
            raise
        log.warning("table.rebuilt", path=str(path), why=str(error))
        shutil.rmtree(path, ignore_errors=True)
        return RocksStore(path)


@cache
def _cache() -> rocksdict.Cache:
    """Gives the one cache of this process."""
    return rocksdict.Cache(CACHE_BYTES)


@cache
def _written() -> rocksdict.WriteBufferManager:
    """Gives the one budget of this process for what is not on disk yet."""
    return rocksdict.WriteBufferManager(WRITTEN_BYTES, allow_stall=False)


def _open(path: Path) -> rocksdict.Rdict:
    options = rocksdict.Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(BUFFER_BYTES)
    options.set_max_write_buffer_number(2)
    options.set_write_buffer_manager(_written())
    options.set_max_open_files(256)
    options.set_keep_log_file_num(1)
    table = rocksdict.BlockBasedOptions()
    table.set_bloom_filter(10, block_based=False)
    table.set_block_cache(_cache())
    table.set_cache_index_and_filter_blocks(True)
    options.set_block_based_table_factory(table)
    path.mkdir(parents=True, exist_ok=True)
    return rocksdict.Rdict(str(path), options)
