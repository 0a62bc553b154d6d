"""The rows of sellers' own endpoints: what is set, how they do, and each message on its way there."""

import msgspec
from msgspec import Struct

from analytics.rows.owners import of_seller
from analytics.rows.table import Table
from pipeline.streams.agent import Record
from schemas.endpoints import Endpoint, Sending, Standing

_endpoint = msgspec.json.Decoder(Endpoint).decode
_standing = msgspec.json.Decoder(Standing).decode
_sending = msgspec.json.Decoder(Sending).decode


class SendingRow(Struct, gc=False):
    """One message; `told` is JSON of what the notice's text fills in."""

    sending_id: str
    seller_id: str
    state: str
    attempts: int
    due: int
    attempted_at: int
    answer: str
    notice_id: str
    audience: str
    kind: str
    order_id: str
    occurred_at: int
    event_id: str
    told: bytes


def _read_sending(record: Record) -> SendingRow:
    sending = _sending(record.value or b"")
    notice = sending.notice
    return SendingRow(
        *(sending.sending_id, sending.seller_id, sending.state, sending.attempts, sending.due, sending.attempted_at),
        *(sending.answer, notice.notice_id, notice.audience, notice.kind, notice.order_id, notice.occurred_at),
        *(notice.event_id, msgspec.json.encode(notice.values)),
    )


ENDPOINTS = Table(
    "endpoints",
    Endpoint,
    lambda record: _endpoint(record.value or b""),
    {"seller_key": "key_of(seller_id)"},
    newest="seller_key",
    owners=of_seller,
)

STANDINGS = Table(
    "standings",
    Standing,
    lambda record: _standing(record.value or b""),
    {"seller_key": "key_of(seller_id)"},
    newest="seller_key",
    owners=of_seller,
)

SENDINGS = Table(
    "sendings",
    SendingRow,
    _read_sending,
    {"sending_key": "key_of(sending_id)", "seller_key": "key_of(seller_id)"},
    newest="sending_key",
    owners=of_seller,
)
