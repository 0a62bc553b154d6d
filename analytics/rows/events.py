"""The row of an event: one line of an order's trail, with the way down to the bytes that were sent."""

import msgspec
from msgspec import Struct

from analytics.rows.table import Table
from pipeline.streams.agent import Record


class Where(Struct, gc=False):
    """Where the bytes lie that an event was read from."""

    topic: str
    partition: int
    offset: int
    written_at: int


class Told(Struct, gc=False):
    """What the trail shows of an event, whatever its type: fields that a type has not keep their default."""

    event_id: str
    type: str
    order_id: str
    occurred_at: int
    received_at: int
    source: str
    evidence: Where
    rank: int = 0
    carrier: str = ""
    tracking_number: str = ""
    milestone: str = ""
    code: str = ""
    words: str = ""
    location: str = ""
    status: str = ""
    word: str = ""
    amount: int | None = None
    total: int | None = None
    currency: str = "IDR"
    stars: int | None = None
    by: str = ""
    reason: str = ""


class EventRow(Struct, gc=False):
    """One event; `amount` is what was moved, or what the order costs in all."""

    order_id: str
    event_id: str
    type: str
    occurred_at: int
    rank: int
    received_at: int
    source: str
    carrier: str
    tracking_number: str
    milestone: str
    code: str
    words: str
    location: str
    status: str
    word: str
    amount: int | None
    currency: str
    stars: int | None
    told_by: str
    reason: str
    evidence_topic: str
    evidence_partition: int
    evidence_offset: int
    raw_written_at: int


_decode = msgspec.json.Decoder(Told).decode


def read(record: Record) -> EventRow:
    """Reads an event of any type. Raises msgspec.MsgspecError when it is none."""
    told = _decode(record.value or b"")
    evidence = told.evidence
    amount = told.total if told.amount is None else told.amount
    return EventRow(
        told.order_id,
        told.event_id,
        told.type,
        told.occurred_at,
        told.rank,
        told.received_at,
        told.source,
        told.carrier,
        told.tracking_number,
        told.milestone,
        told.code,
        told.words,
        told.location,
        told.status,
        told.word,
        amount,
        "" if amount is None else told.currency,
        told.stars,
        told.by,
        told.reason,
        evidence.topic,
        evidence.partition,
        evidence.offset,
        evidence.written_at,
    )


EVENTS = Table(
    "events",
    EventRow,
    read,
    {"order_key": "key_of(order_id)", "event_key": "key_of(event_id)", "loaded_at": "$loaded_at"},
)
