"""The row of an event: one line of an order's trail, with the way down to the bytes that were sent."""

from operator import attrgetter

import msgspec
from msgspec import Struct

from analytics.rows.table import Table
from pipeline.streams.agent import Record


class Where(Struct, gc=False):
    """Where the bytes lie that the event was read from."""

    topic: str
    partition: int
    offset: int
    written_at: int


class Told(Struct, gc=False):
    """What the trail shows of an event of whatever type: fields that a type has not keep their default."""

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


_decode = msgspec.json.Decoder(Told).decode


def _read(record: Record) -> Told:
    return _decode(record.value or b"")


def _amount(told: Told) -> int | None:
    return told.total if told.amount is None else told.amount


EVENTS = Table(
    "events",
    _read,
    {
        "order_id": attrgetter("order_id"),
        "event_id": attrgetter("event_id"),
        "type": attrgetter("type"),
        "occurred_at": attrgetter("occurred_at"),
        "rank": attrgetter("rank"),
        "received_at": attrgetter("received_at"),
        "source": attrgetter("source"),
        "carrier": attrgetter("carrier"),
        "tracking_number": attrgetter("tracking_number"),
        "milestone": attrgetter("milestone"),
        "code": attrgetter("code"),
        "words": attrgetter("words"),
        "location": attrgetter("location"),
        "status": attrgetter("status"),
        "word": attrgetter("word"),
        "amount": _amount,
        "currency": lambda told: "" if _amount(told) is None else told.currency,
        "stars": attrgetter("stars"),
        "told_by": attrgetter("by"),
        "reason": attrgetter("reason"),
        "evidence_topic": attrgetter("evidence.topic"),
        "evidence_partition": attrgetter("evidence.partition"),
        "evidence_offset": attrgetter("evidence.offset"),
        "raw_written_at": attrgetter("evidence.written_at"),
    },
    {"order_key": "key_of(order_id)", "event_key": "key_of(event_id)", "loaded_at": "$loaded_at"},
)
