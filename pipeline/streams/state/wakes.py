"""When each row of a partition wants to be woken: kept in memory beside the store, made anew from it.

An entry is the instant and the key as bytes, so that the order of bytes is the order of time, and a million of them
need 90 MB. An entry is never taken out when its row changes: whoever is woken looks at the row, and one that wants to
be woken at another time has an entry for that too.
"""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from typing import Any

from pipeline.streams.agent import Table
from pipeline.streams.state.stores import Store

SPARE = 1_000
"""Entries more than twice those that there were, before all are made anew: most are of rows that have changed."""


class Wakes:
    """The wake-up instants of one partition's rows, the next one first."""

    __slots__ = ("_heap", "_most", "_store", "_table", "_taken")

    def __init__(self, table: Table[Any], store: Store) -> None:
        """`table` has rows that say when."""
        self._table, self._store = table, store
        self._heap: list[bytes] = []
        self._taken: list[bytes] = []
        self._build()

    def __len__(self) -> int:
        return len(self._heap)

    def is_due(self, now: int) -> bool:
        """Tells whether somebody may want to be woken."""
        return bool(self._heap) and self._heap[0] <= _entry(now, b"\xff")

    def take(self, now: int, most: int) -> list[bytes]:
        """Takes the keys of at most so many entries that are due. Some may be of rows that have changed."""
        end, keys = _entry(now, b"\xff"), dict[bytes, None]()
        while self._heap and self._heap[0] <= end and len(keys) < most:
            entry = heappop(self._heap)
            self._taken.append(entry)
            keys[entry[8:]] = None
        return list(keys)

    def keep(self, rows: Mapping[bytes, bytes | None]) -> None:
        """Puts what was taken behind us, and takes in the rows that were written."""
        self._taken.clear()
        for key, row in rows.items():
            if row is not None and (at := self._at(row)) is not None:
                heappush(self._heap, _entry(at, key))
        if len(self._heap) > self._most:
            self._build()

    def postpone(self, key: bytes, at: int) -> None:
        """Takes the key at `at` again, if its row is then still due."""
        heappush(self._heap, _entry(at, key))

    def restore(self) -> None:
        """Puts back what was taken: nothing came of it."""
        for entry in self._taken:
            heappush(self._heap, entry)
        self._taken.clear()

    def _build(self) -> None:
        instants = ((self._at(row), key) for key, row in self._store.items())
        self._heap = [_entry(at, key) for at, key in instants if at is not None]
        heapify(self._heap)
        self._most = 2 * len(self._heap) + SPARE

    def _at(self, row: bytes) -> int | None:
        return self._table.wakes(self._table.decode(row)) if self._table.wakes else None


def _entry(at: int, key: bytes) -> bytes:
    return max(at, 0).to_bytes(8, "big") + key
