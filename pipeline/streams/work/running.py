"""Running an agent over a batch: slice by slice, or record by record when something in it keeps raising."""

import traceback
from collections.abc import Iterable, Iterator
from typing import Any

import structlog

from pipeline.stopping import MustStop
from pipeline.streams.agent import Agent, Batch, Due, Message
from pipeline.streams.state.rows import PartitionRows
from pipeline.streams.work.outbox import MOST_BYTES, TooLarge

log = structlog.get_logger("arus.streams")

AnyRows = PartitionRows[Any] | None

SLICE = 64
"""Records that an agent is given at once: their decoded rows fit the processor's cache, which those of a whole fetch do
not; and where rows are read many at a time, that many."""

RING_AGAIN = 60_000
"""Milliseconds after which a row is rung again whose ring raised."""


def in_slices(agent: Agent, batch: Batch, rows: AnyRows) -> Iterator[Message]:
    """Runs the agent. Raises what it raises while the messages are taken."""
    for start in range(0, len(batch.records), SLICE):
        part = Batch(batch.topic, batch.partition, batch.records[start : start + SLICE], batch.now)
        if rows is not None:
            rows.prefetch({record.key for record in part.records if record.key is not None})
        yield from whole(agent, part, rows)
        batch.buried += part.buried
        if rows is not None:
            rows.settle()


def whole(agent: Agent, batch: Batch, rows: AnyRows) -> Iterable[Message]:
    """Runs the agent. Raises what it raises, at once or while the messages are taken."""
    return agent.run(batch) if rows is None else agent.run(batch, rows)


def one_by_one(agent: Agent, batch: Batch, rows: AnyRows) -> Iterator[Message]:
    """Runs the agent over each record alone: one that raises is buried, and leaves no trace in the rows."""
    for record in batch.records:
        alone = Batch(batch.topic, batch.partition, [record], batch.now)
        try:
            messages = list(whole(agent, alone, rows))
            _must_fit(messages, rows)
        except MustStop:
            raise  # no record is to blame
        except Exception as error:  # noqa: BLE001  # whatever it is, only this record is to blame
            if rows is not None:
                rows.undo()
            batch.bury(record, type(error).__name__, told(error))
        else:
            if rows is not None:
                rows.settle()
            batch.buried += alone.buried
            yield from messages


def ring(agent: Agent, due: Due, rows: PartitionRows[Any]) -> Iterator[Message]:
    """Calls the agent's ring, slice by slice. Raises what it raises while the messages are taken."""
    if agent.ring is not None:
        for start in range(0, len(due.keys), SLICE):
            yield from agent.ring(Due(due.now, due.keys[start : start + SLICE]), rows)
            rows.settle()


def ring_one_by_one(agent: Agent, due: Due, rows: PartitionRows[Any]) -> Iterator[Message]:
    """Calls the agent's ring for each row alone: one that raises is told to the operator, and rung again later."""
    for key in due.keys:
        try:
            messages = list(agent.ring(Due(due.now, [key]), rows)) if agent.ring else []
            _must_fit(messages, rows)
        except MustStop:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, only this row is to blame
            rows.undo()
            rows.postpone(key, due.now + RING_AGAIN)
            log.error("ring.raised", step=agent.name, key=key.decode(errors="replace"), why=told(error))  # noqa: TRY400
        else:
            rows.settle()
            yield from messages


def told(error: Exception) -> str:
    """Gives an error's message and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno} in {frames[-1].name})" if frames else ""
    return f"{error}{place}"


def _must_fit(messages: list[Message], rows: AnyRows) -> None:
    for message in messages:
        if len(message.key) + len(message.value) > MOST_BYTES:
            raise TooLarge(f"a message of {len(message.value)} bytes for {message.topic}")
    for row in (rows.changes() if rows else {}).values():
        if row is not None and len(row) > MOST_BYTES:
            raise TooLarge(f"a row of {len(row)} bytes in table {rows.table.name if rows else ''}")
