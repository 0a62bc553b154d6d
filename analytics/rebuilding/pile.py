"""A pile: what was told of more orders than memory holds, on disk, given back order by order."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import duckdb
import pyarrow as pa

from analytics.warehouse import WarehouseBusyError, script
from pipeline.broker.reader import Stored

ROWS = 20_000
"""Rows that are written or read at once."""

CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "1GB",  # what needs more is sorted on disk
    "preserve_insertion_order": False,
}


class Told(NamedTuple):
    """One event: of which webhook (its number as they were read, its key, its instant), and at which place of it.

    kind: of event; number: of the parcel that it tells of; seller_id, is_own: its teller (see bindings).
    A webhook that tells nothing has one row with no kind.
    """

    webhook: int
    key: bytes
    taken_at: int
    place: int = 0
    order_id: str = ""
    kind: str = ""
    value: bytes = b""
    number: str = ""
    occurred_at: int = 0
    seller_id: str = ""
    is_own: bool = False


class Meeting(NamedTuple):
    """A scan (its webhook and its place there), and an order that its number was ever bound to.

    scanned, bound: when, and by whom (seller, whether it was the shop's own system).
    """

    webhook: int
    place: int
    order_id: str
    scanned: tuple[int, str, bool]
    bound: tuple[int, str, bool]


class Heap(NamedTuple):
    """All that is known of one order: its state as it lies in Kafka and when that was written, and its events.

    state: None where it has none. events: (kind, value) of each as it was told, the first to count first.
    """

    order_id: str
    state: bytes | None
    written_at: int
    events: Sequence[tuple[str, bytes]]


class Pile:
    """A DuckDB file that is there for the length of a `with`; what a former one left behind goes."""

    def __init__(self, path: Path) -> None:
        """Raises WarehouseBusyError while another process piles up there."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._open = duckdb.connect(str(path), config=CONFIG)
        except duckdb.Error as error:
            if "Conflicting lock" in str(error):
                raise WarehouseBusyError(f"{path} is in use: another `arus rebuild --states` runs") from error
            self._remove()  # it was left behind damaged
            self._open = duckdb.connect(str(path), config=CONFIG)
        self._open.execute(script("states/pile.sql"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
        self._remove()

    def _remove(self) -> None:
        self._path.unlink(missing_ok=True)
        self._path.with_name(f"{self._path.name}.wal").unlink(missing_ok=True)

    def tell(self, rows: Iterable[Told]) -> None:
        """Adds events."""
        self._add("told", Told._fields, rows)

    def keep(self, states: Iterable[Stored]) -> None:
        """Adds states as they lie in Kafka; of one key the last counts, and none where that is gone."""
        rows = ((n, (one.key or b"").decode(), one.timestamp, one.value) for n, one in enumerate(states))
        self._add("states", ("seq", "order_id", "written_at", "value"), rows)

    def meetings(self) -> Iterator[Meeting]:
        """Gives each scan with each order that its number was ever bound to."""
        for webhook, place, order_id, *who in self._rows("states/meetings.sql"):
            yield Meeting(webhook, place, order_id, (*who[:3],), (*who[3:],))

    def own(self, owners: Iterable[Meeting]) -> None:
        """Adds scans to the orders that they meet."""
        self._add("owners", Meeting._fields[:3], (meeting[:3] for meeting in owners))

    def heaps(self) -> Iterator[Heap]:
        """Gives order after order; of webhooks with one key the first counts."""
        for order_id, rows in groupby(self._rows("states/heaps.sql"), itemgetter(0)):
            state, written_at, events = None, 0, []
            for _, kind, value, at in rows:
                if kind is None:
                    state, written_at = value, at
                else:
                    events.append((kind, value))
            yield Heap(order_id, state, written_at, events)

    def _add(self, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        left = iter(rows)
        while taken := list(islice(left, ROWS)):
            self._open.register("batch", pa.table(dict(zip(names, map(list, zip(*taken, strict=True)), strict=True))))
            self._open.execute(f"insert into {table} by name select * from batch")  # noqa: S608  # a table of ours
            self._open.unregister("batch")

    def _rows(self, name: str) -> Iterator[tuple[Any, ...]]:
        """Runs a query of ours and gives its rows, some of them in memory at a time."""
        found = self._open.cursor().execute(script(name))
        while rows := found.fetchmany(ROWS):
            yield from rows
