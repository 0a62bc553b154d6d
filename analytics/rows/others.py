"""The rows of all other topics: changes of status, contradictions, notices, webhooks, waiting scans, dead letters."""

from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from analytics.rows.table import Getter, Table
from pipeline.streams.agent import Record
from schemas.deliveries import Delivery
from schemas.facts import Anomaly, Transition
from schemas.letters import DeadLetter
from schemas.notices import Notice

_transition = msgspec.json.Decoder(Transition).decode
_anomaly = msgspec.json.Decoder(Anomaly).decode
_notice = msgspec.json.Decoder(Notice).decode


def _same(*names: str) -> dict[str, Getter]:
    return {name: attrgetter(name) for name in names}


TRANSITIONS = Table(
    "transitions",
    lambda record: _transition(record.value or b""),
    {
        **_same("transition_id", "order_id", "seller_id", "occurred_at", "event_id", "event_type", "source"),
        **_same("received_at", "raw_written_at", "event_written_at"),
        "status_before": attrgetter("before"),
        "status_after": attrgetter("after"),
    },
    {"order_key": "key_of(order_id)", "loaded_at": "$loaded_at"},
)

ANOMALIES = Table(
    "anomalies",
    lambda record: _anomaly(record.value or b""),
    _same(
        "anomaly_id",
        "order_id",
        "seller_id",
        "kind",
        "occurred_at",
        "event_id",
        "against_event_id",
        "detail",
        "withdrawn",
    ),
    {"order_key": "key_of(order_id)"},
)

NOTICES = Table(
    "notices",
    lambda record: _notice(record.value or b""),
    {
        **_same("notice_id", "audience", "kind", "order_id", "occurred_at", "event_id"),
        "told": lambda notice: msgspec.json.encode(notice.values),
    },
    {
        "notice_key": "key_of(notice_id)",
        "audience_key": "key_of(audience)",
        "seq": "(select coalesce(max(seq), 0) from raw.notices) + row_number() over ()",
    },
    once="notice_key",
)


class _Webhook(NamedTuple):
    delivery: Delivery
    size: int


def _webhook(record: Record) -> _Webhook:
    body = record.value or b""
    return _Webhook(Delivery.read(record.key or b"", b"", dict(record.headers), at=(0, 0, 0)), len(body))


DELIVERIES = Table(
    "deliveries",
    _webhook,
    {
        **{name: attrgetter(f"delivery.{name}") for name in ("source", "account", "dedupe_id", "received_at")},
        "size": attrgetter("size"),
    },
    {"delivery_key": "key_of(concat_ws('/', source, account, dedupe_id))", "loaded_at": "$loaded_at"},
)


class _Parked(Struct):
    """What this table keeps of a tracking number: the scans that wait for the order they belong to."""

    parked: list[dict[str, Any]] = []


_number = msgspec.json.Decoder(_Parked).decode


def _waiting(record: Record) -> tuple[str, list[int]] | None:
    if not record.value:
        return None
    since = [int(scan.get("received_at", 0)) for scan in _number(record.value).parked]
    return ((record.key or b"").decode(errors="replace"), since) if since else None


PARKED = Table(
    "parked",
    _waiting,
    {
        "tracking_key": lambda waiting: waiting[0],
        "scans": lambda waiting: len(waiting[1]),
        "first_at": lambda waiting: min(waiting[1]),
        "last_at": lambda waiting: max(waiting[1]),
    },
    {"number_key": "key_of(tracking_key)"},
    newest="number_key",
)


class _Letter(NamedTuple):
    letter: DeadLetter
    key: str
    size: int


def _letter(record: Record) -> _Letter:
    letter = DeadLetter.read(dict(record.headers))
    return _Letter(letter, (record.key or b"").decode(errors="backslashreplace"), len(record.value or b""))


LETTERS = Table(
    "letters",
    _letter,
    {
        **{name: attrgetter(f"letter.{name}") for name in ("step", "cause", "detail", "topic", "buried_at")},
        "topic_part": attrgetter("letter.partition"),
        "topic_offset": attrgetter("letter.offset"),
        "record_key": attrgetter("key"),
        "size": attrgetter("size"),
    },
    {},
)
