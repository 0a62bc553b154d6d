"""What an agent sees: a batch of records, the rows of its table, and the messages it answers with.

An agent is a plain function. It knows no offset, no future, no retry:

    @agent("scans", table=numbers)
    def match(batch: Batch, numbers: Rows[Number]) -> Iterator[Message]:
        \"\"\"Gives each scan the orders that its tracking number is bound to.\"\"\"

It may be run again from the same rows for the same records, so it must not keep state of its own. Raising means:
try the batch again. A record that can never pass is buried, and the batch goes on.

Rows whose time comes without any record are rung: `@agent("orders", table=clocks, ring=remind)` calls `remind` with
those that want to be woken by now, and what it says and writes is committed like any batch.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from pipeline import codec
from schemas.events import VERSION, Event

Row = TypeVar("Row")
Headers = Sequence[tuple[str, bytes]]


class Record(Protocol):
    """One record as Kafka holds it; `timestamp` in milliseconds."""

    key: bytes | None
    value: bytes | None
    offset: int
    timestamp: int
    headers: Headers


class Message(msgspec.Struct, frozen=True, gc=False):  # a third of the cost of a named tuple
    """One record to produce, in the transaction of the batch that it came from."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers = ()


class Buried(NamedTuple):
    """A record that can never pass, and why: becomes a dead letter in the same transaction."""

    record: Record
    cause: str
    detail: str


class Batch:
    """A run of records of one partition, in order. Can be iterated any number of times.

    `now`: the instant at which it is worked on.
    """

    __slots__ = ("buried", "now", "partition", "records", "topic")

    def __init__(self, topic: str, partition: int, records: Sequence[Record], now: int = 0) -> None:
        self.topic, self.partition, self.records, self.now = topic, partition, records, now
        self.buried: list[Buried] = []

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def bury(self, record: Record, cause: str, detail: str) -> None:
        """Sets a record aside as a dead letter: untouched, with its position and the reason."""
        self.buried.append(Buried(record, cause, detail))

    def read(self, decode: Callable[[bytes], Row]) -> Iterator[tuple[Record, Row]]:
        """Gives each record with what it says; what cannot be decoded is buried, and a gone key tells nothing."""
        for record in self.records:
            if record.value is None:
                continue
            try:
                told = decode(record.value)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                self.bury(record, "undecodable", str(error))
                continue
            yield record, told

    def events(self) -> Iterator[tuple[Record, Event]]:
        """Gives each record with its event; what cannot be decoded is buried."""
        decoders, named = codec.DECODERS, codec.TYPE
        for record in self.records:
            headers = record.headers
            # ours comes first; looking for it costs more than decoding a small event
            kind = headers[0][1] if headers and headers[0][0] == named else dict(headers).get(named)
            decode = decoders.get(kind)  # type: ignore[arg-type]  # None is no type either
            if decode is None:
                self.bury(record, "unknown_type", f"no event type {(kind or b'').decode(errors='replace')!r}")
                continue
            try:
                event = decode(record.value or b"")
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                self.bury(record, "undecodable", str(error))
                continue
            if event.version > VERSION:
                self.bury(record, "too_new", f"{codec.TooNew(event.type, event.version, VERSION)}; then redrive it")
                continue
            yield record, event


class Table(Generic[Row]):
    """A table of rows by key, one partition of it beside each partition of the agent's topics.

    `changelog` is the topic (one of TOPICS) that every change is written to, in the same transaction as the outputs.
    `keep_ms`: rows older than that may be forgotten; `written_at` tells a row's age in milliseconds since 1970.
    `wakes`: when a row wants its agent's ring to be called, in milliseconds since 1970; None: never.
    """

    def __init__(  # noqa: PLR0913  # each is a property of the table that its declaration should show
        self,
        name: str,
        *,
        changelog: str,
        decode: Callable[[bytes], Row],
        encode: Callable[[Row], bytes],
        keep_ms: int | None = None,
        written_at: Callable[[Row], int] | None = None,
        wakes: Callable[[Row], int | None] | None = None,
    ) -> None:
        self.name, self.changelog = name, changelog
        self.decode, self.encode = decode, encode
        self.keep_ms, self.written_at, self.wakes = keep_ms, written_at, wakes


class Rows(Protocol[Row]):
    """The rows of one partition while one batch is worked on."""

    def get(self, key: bytes) -> Row | None:
        """Gives the row, or None. The object is the batch's own: change it, then `put` it."""

    def put(self, key: bytes, row: Row) -> None:
        """Keeps the row; written once per key when the batch is done."""

    def delete(self, key: bytes) -> None:
        """Forgets the row."""


class Due(NamedTuple):
    """What a ring is called with: the instant, and the keys of rows that want to be woken by then.

    Each must be put with a later wake-up, or it is rung again when the partition's rows are next read.
    """

    now: int
    keys: Sequence[bytes]


Run = Callable[..., Iterable[Message]]


class Agent(NamedTuple):
    """An agent as declared: its function, what it reads, the table it keeps, and what is done when rows are due."""

    name: str
    topics: tuple[str, ...]
    table: Table[Any] | None
    run: Run
    ring: Run | None = None

    @property
    def promise(self) -> str:
        """The first line of the function's docstring: what operators read."""
        return (self.run.__doc__ or "").strip().splitlines()[0]


def agent(*topics: str, table: Table[Any] | None = None, ring: Run | None = None) -> Callable[[Run], Agent]:
    """Declares a function as the agent of these topics; its name is the step that dead letters and lag name.

    Raises TypeError if rows are to be rung that say no time.
    """
    if ring and not (table and table.wakes):
        raise TypeError("a ring needs a table whose rows say when they want to be woken: Table(wakes=…)")

    def declare(run: Run) -> Agent:
        return Agent(run.__name__, topics, table, run, ring)

    return declare


class Sink(Protocol):
    """A place outside Kafka that keeps its own offsets, such as a database file: those win over the group's."""

    name: str
    topics: tuple[str, ...]

    def start_offsets(self) -> dict[tuple[str, int], int]:
        """Gives the next offset of each (topic, partition) that the place already has."""

    def write(self, batches: Sequence[Batch], ends: dict[tuple[str, int], int]) -> None:
        """Keeps the records and the new offsets, both or neither. Called in a thread, one call at a time."""
