"""The rows of all other topics: changes of status, contradictions, notices, webhooks, waiting scans, dead letters."""

import msgspec
from msgspec import Struct, field

from analytics.rows.owners import of_audience, of_seller
from analytics.rows.table import Table
from pipeline.streams.agent import Record
from schemas.deliveries import Delivery
from schemas.facts import Anomaly, Transition
from schemas.letters import DeadLetter
from schemas.notices import Notice
from schemas.sellers import Settings

_transition = msgspec.json.Decoder(Transition).decode
_anomaly = msgspec.json.Decoder(Anomaly).decode
_notice = msgspec.json.Decoder(Notice).decode
_settings = msgspec.json.Decoder(Settings).decode


class NoticeRow(Struct, gc=False):
    """One line of somebody's inbox; `told` is JSON of what its text fills in."""

    notice_id: str
    audience: str
    kind: str
    order_id: str
    occurred_at: int
    event_id: str
    told: bytes


class DeliveryRow(Struct, gc=False):
    """One webhook as it arrived, without its body."""

    source: str
    account: str
    dedupe_id: str
    received_at: int
    size: int


class ParkedRow(Struct, gc=False):
    """A tracking number with scans that wait for the order they belong to, and where the webhook of the first lies."""

    tracking_key: str
    scans: int
    first_at: int
    last_at: int
    told_partition: int
    told_offset: int


class LetterRow(Struct, gc=False):
    """One dead letter; its bytes stay in Kafka."""

    step: str
    cause: str
    detail: str
    topic: str
    topic_part: int
    topic_offset: int
    record_key: str
    size: int
    buried_at: int


class _Place(Struct):
    partition: int = -1
    offset: int = -1


class _Told(Struct):
    evidence: _Place = field(default_factory=_Place)


class _Scan(Struct):
    received_at: int
    event: _Told = field(default_factory=_Told)


class _Number(Struct):
    """What is kept here of a row of matching's table `numbers`."""

    parked: list[_Scan] = []


_number = msgspec.json.Decoder(_Number).decode


def _read_notice(record: Record) -> NoticeRow:
    notice = _notice(record.value or b"")
    told = msgspec.json.encode(notice.values)
    return NoticeRow(
        notice.notice_id, notice.audience, notice.kind, notice.order_id, notice.occurred_at, notice.event_id, told
    )


def _read_delivery(record: Record) -> DeliveryRow:
    told = Delivery.read(record.key or b"", b"", dict(record.headers), at=(0, 0, 0))
    return DeliveryRow(told.source, told.account, told.dedupe_id, told.received_at, len(record.value or b""))


def _read_parked(record: Record) -> ParkedRow | None:
    scans = sorted(_number(record.value).parked, key=lambda scan: scan.received_at) if record.value else []
    if not scans:
        return None
    first, place = scans[0], scans[0].event.evidence
    return ParkedRow(
        _text(record.key), len(scans), first.received_at, scans[-1].received_at, place.partition, place.offset
    )


def _read_letter(record: Record) -> LetterRow:
    told = DeadLetter.read(dict(record.headers))
    place, size = (told.topic, told.partition, told.offset), len(record.value or b"")
    return LetterRow(told.step, told.cause, told.detail, *place, _text(record.key), size, told.buried_at)


def _text(key: bytes | None) -> str:
    return (key or b"").decode(errors="backslashreplace")


TRANSITIONS = Table(
    "transitions",
    Transition,
    lambda record: _transition(record.value or b""),
    {"order_key": "key_of(order_id)", "loaded_at": "$loaded_at"},
    owners=of_seller,
    owner_key="key_of(seller_id)",
)

ANOMALIES = Table("anomalies", Anomaly, lambda record: _anomaly(record.value or b""), {"order_key": "key_of(order_id)"})

NOTICES = Table(
    "notices",
    NoticeRow,
    _read_notice,
    {
        "notice_key": "key_of(notice_id)",
        "audience_key": "key_of(audience)",
        "seq": "(select coalesce(max(seq), 0) from raw.notices) + row_number() over ()",
    },
    once="notice_key",
    owners=of_audience,
    owner_key="key_of(audience[instr(audience, ':') + 1:])",
)

DELIVERIES = Table(
    "deliveries",
    DeliveryRow,
    _read_delivery,
    {"delivery_key": "key_of(concat_ws('/', source, account, dedupe_id))", "loaded_at": "$loaded_at"},
)

PARKED = Table("parked", ParkedRow, _read_parked, {"number_key": "key_of(tracking_key)"}, newest="number_key")

SELLERS = Table(
    "sellers",
    Settings,
    lambda record: _settings(record.value) if record.value else None,
    {"seller_key": "key_of(seller_id)"},
    newest="seller_key",
)

LETTERS = Table("letters", LetterRow, _read_letter, {})
