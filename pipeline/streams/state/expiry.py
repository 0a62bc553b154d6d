"""Forgetting rows that are older than their table keeps them, a few with every batch."""

from itertools import islice
from typing import Any

from pipeline.streams.agent import Table
from pipeline.streams.state.stores import Store

LOOKS = 16
"""Rows looked at besides two for each row that a batch wrote: so they are found faster than new ones come."""


class Expiry:
    """Goes round a store, bit by bit, in search of old rows."""

    def __init__(self, table: Table[Any], store: Store) -> None:
        self._table, self._store, self._after = table, store, b""

    def old(self, now: int, written: int) -> list[bytes]:
        """Gives keys of rows that may be forgotten, having looked at no more than twice as many as were written."""
        keep, written_at, decode = self._table.keep_ms, self._table.written_at, self._table.decode
        if keep is None or written_at is None:
            return []
        looked = list(islice(self._store.items(self._after), LOOKS + 2 * written))
        self._after = looked[-1][0] if looked else b""
        return [key for key, row in looked if written_at(decode(row)) < now - keep]
