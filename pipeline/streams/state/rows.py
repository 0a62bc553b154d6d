"""The rows of one partition as agents see them: decoded, changed in the batch's own copy, written when it is through.

A decoded row is taken out of the cache when a batch first asks for it and put back when its transaction is committed.
So what a failed batch changed is simply forgotten, and the retry reads the rows as they were.
"""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

from pipeline.streams.agent import Table
from pipeline.streams.state.expiry import Expiry
from pipeline.streams.state.stores import Store
from pipeline.streams.state.wakes import Wakes

Row = TypeVar("Row")

UNREAD: Any = object()


class PartitionRows(Generic[Row]):
    """Implements agent.Rows over a store; `cached` decoded rows are kept in each of two generations."""

    __slots__ = (
        "_cached", "_changed", "_decode", "_expiry", "_held", "_old", "_raw", "_read_before", "_settled", "_young",
        "store", "table", "wakes",
    )  # fmt: skip

    def __init__(self, table: Table[Row], store: Store, cached: int = 0) -> None:
        self.table, self.store, self._cached = table, store, cached
        self._decode, self._raw = table.decode, store.get
        self._young: dict[bytes, Any] = {}
        self._old: dict[bytes, Any] = {}
        self._held: dict[bytes, Any] = {}
        self._changed: dict[bytes, Row | None] = {}
        self._settled: dict[bytes, bytes | None] = {}
        self._read_before: dict[bytes, Any] = {}
        self._expiry = Expiry(table, store)
        self.wakes = Wakes(table, store) if table.wakes else None

    def get(self, key: bytes) -> Row | None:
        """Gives the row, or None."""
        row = self._held.get(key, UNREAD)
        if row is UNREAD:
            row = self._taken_from_cache(key) if self._cached else UNREAD
            if row is UNREAD:
                raw = self._settled[key] if key in self._settled else self._raw(key)
                row = None if raw is None else self._decode(raw)
            self._held[key] = row
        return row  # type: ignore[no-any-return]

    def put(self, key: bytes, row: Row) -> None:
        """Keeps the row."""
        if self._cached and key not in self._held:
            self._uncache(key)
        self._held[key] = self._changed[key] = row

    def delete(self, key: bytes) -> None:
        """Forgets the row."""
        if self._cached and key not in self._held:
            self._uncache(key)
        self._held[key] = self._changed[key] = None

    def prefetch(self, keys: Collection[bytes]) -> None:
        """Reads those rows at once that are not decoded yet, where that is cheaper than one by one."""
        if self.store.prefers_many:
            held, decode = self._held, self._decode
            known = (held, self._read_before, self._settled, self._young, self._old)
            missing = [key for key in keys if not any(key in rows for rows in known)]
            for key, row in zip(missing, self.store.get_many(missing), strict=True):
                held[key] = None if row is None else decode(row)

    def changes(self) -> dict[bytes, bytes | None]:
        """Encodes what was changed, in the order of the first change."""
        return self._settled | self._encoded() if self._changed else self._settled

    def expire(self, now: int) -> None:
        """Deletes some rows that are older than the table keeps them."""
        changed = self._changed.keys() | self._settled.keys()
        for key in self._expiry.old(now, len(changed)):
            if key not in changed:
                self.delete(key)

    def due(self, now: int, most: int) -> list[bytes]:
        """Takes the keys of rows that want to be woken by now; what becomes of it `keep` or `forget` says."""
        wakes = self.table.wakes
        if self.wakes is None or wakes is None:
            return []
        keys = self.wakes.take(now, most)
        self.prefetch(keys)
        rows = ((key, self.get(key)) for key in keys)
        return [key for key, row in rows if row is not None and (at := wakes(row)) is not None and at <= now]

    def postpone(self, key: bytes, at: int) -> None:
        """Has `due` look at the row again at `at`, though it was taken."""
        if self.wakes is not None:
            self.wakes.postpone(key, at)

    def read_only(self) -> Iterator[tuple[bytes, Row]]:
        """Gives the rows that the batch read and did not put."""
        return ((k, row) for k, row in self._held.items() if row is not None and k not in self._changed)

    def settle(self) -> None:
        """Sets aside what was changed so far, so that `undo` leaves it as it is."""
        self._settled.update(self._encoded())
        self._set_aside()
        self._held, self._changed = {}, {}

    def undo(self) -> None:
        """Forgets what was changed since `settle`."""
        self._held, self._changed = {}, {}

    def keep(self, changes: dict[bytes, bytes | None], offset: int) -> None:
        """Writes what the changelog has, up to its offset, and lets the next batch have the decoded rows."""
        if changes:
            self.store.write(changes, max(offset, self.store.offset or 0))
        if self.wakes is not None:
            self.wakes.keep(changes)
        if self._cached:
            self._set_aside()
            self._remember(self._read_before)
        self.forget()

    def forget(self) -> None:
        """Drops what the batch read and changed, and has woken."""
        if self.wakes is not None:
            self.wakes.restore()
        self._held, self._changed, self._settled, self._read_before = {}, {}, {}, {}

    def _encoded(self) -> dict[bytes, bytes | None]:
        encode = self.table.encode
        return {key: None if row is None else encode(row) for key, row in self._changed.items()}

    def _set_aside(self) -> None:
        if self._cached:
            self._read_before.update((key, row) for key, row in self._held.items() if row is not None)

    def _remember(self, rows: dict[bytes, Any]) -> None:
        """Caches the last ones; no copy of theirs is left, as reading took it out."""
        if len(self._young) + len(rows) > self._cached:
            self._young, self._old = {}, self._young
        self._young.update(islice(rows.items(), max(0, len(rows) - self._cached), None))

    def _uncache(self, key: bytes) -> None:
        """Drops the copy of a row that is changed without being read."""
        for known in (self._read_before, self._young, self._old):
            known.pop(key, None)

    def _taken_from_cache(self, key: bytes) -> Any:  # noqa: ANN401
        for known in (self._read_before, self._young, self._old):
            if (row := known.pop(key, UNREAD)) is not UNREAD:
                return row
        return UNREAD
