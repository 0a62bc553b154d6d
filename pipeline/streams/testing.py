"""Agents without a broker: the very code that a worker runs, over a list of records.

outcome = testing.run(track, [testing.told(event), testing.told(other)], rows={b"shopee:1": order})
assert outcome.rows[b"shopee:1"].status == "new"
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from pipeline import codec
from pipeline.streams.agent import Agent, Batch, Buried, Due, Headers, Message, Record
from pipeline.streams.state.rows import PartitionRows
from pipeline.streams.state.stores import MemoryStore
from pipeline.streams.work import running
from schemas.events import Event


@dataclass(slots=True)
class Given:
    """A record as a test gives it."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    offset: int = -1
    timestamp: int = 0


class Outcome(NamedTuple):
    """What an agent did: its messages, all rows of its table afterwards, and what it buried."""

    messages: list[Message]
    rows: dict[bytes, Any]
    buried: list[Buried]


def told(event: Event, timestamp: int = 0) -> Given:
    """Gives the record that an event travels in."""
    return Given(event.order_id.encode(), codec.encode_event(event), codec.headers(event), timestamp=timestamp)


def run(  # noqa: PLR0913  # what a worker knows of a batch besides its records
    agent: Agent,
    records: Iterable[Given],
    rows: Mapping[bytes, Any] | None = None,
    *,
    topic: str = "",
    partition: int = 0,
    now: int = 0,
) -> Outcome:
    """Runs an agent over records as one batch.

    Raises what the agent raises, and AssertionError if it changed a row that it did not put.
    """
    batch = Batch(topic or agent.topics[0], partition, _numbered(records), now)
    table = _rows(agent, rows or {})
    messages = list(running.whole(agent, batch, table))
    if table is None:
        return Outcome(messages, {}, batch.buried)
    _must_be_put(table)
    table.keep(table.changes(), len(batch.records))
    return Outcome(messages, {key: table.table.decode(row) for key, row in table.store.items()}, batch.buried)


def ring(agent: Agent, now: int, rows: Mapping[bytes, Any]) -> Outcome:
    """Rings an agent at an instant, over those of its rows that are due then.

    Raises what its ring raises, and AssertionError if it changed a row that it did not put.
    """
    table = _rows(agent, rows)
    if table is None:
        return Outcome([], {}, [])
    messages = list(running.ring(agent, Due(now, table.due(now, len(rows))), table))
    _must_be_put(table)
    table.keep(table.changes(), 1)
    return Outcome(messages, {key: table.table.decode(row) for key, row in table.store.items()}, [])


def _numbered(records: Iterable[Given]) -> list[Record]:
    return [replace(record, offset=index) if record.offset < 0 else record for index, record in enumerate(records)]


def _rows(agent: Agent, rows: Mapping[bytes, Any]) -> PartitionRows[Any] | None:
    if agent.table is None:
        return None
    store = MemoryStore()
    store.write({key: agent.table.encode(row) for key, row in rows.items()}, 0)
    return PartitionRows(agent.table, store)


def _must_be_put(table: PartitionRows[Any]) -> None:
    """A row that was changed but not put would be right in this batch and gone in the next."""
    for key, row in table.read_only():
        before = table.store.get(key)
        assert before is None or table.table.encode(row) == before, f"row {key!r} was changed but not put"  # noqa: S101
