"""The generic sender: one that `arus.toml` describes wholly, so that JNE, SiCepat or an in-house system needs no code.

Its account says how it proves itself (`proof`), where its values lie (`fields`) and what its codes mean (`codes`).
docs/generic-sender.md shows one.
"""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from pipeline.settings import Account
from pipeline.sources.generic import paths
from pipeline.sources.generic.description import Description, Fields, description_of
from pipeline.sources.generic.proving import Described
from pipeline.sources.reading import Reading
from pipeline.sources.source import Retries, Source, Untranslatable
from pipeline.sources.telling import Parcel, Telling, once
from pipeline.sources.zones import TAKES, check_zone, zone_of
from schemas import times
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives a scan, or a status, for each row of the body."""
    told = description_of(account)
    tell = _scan if told.tells == "scans" else _status
    telling, body = Telling(delivery, account), _read(told, delivery.body)
    return once(tell(telling, told, row) for row in _rows(told, body))


def _read(told: Description, body: bytes) -> Any:  # noqa: ANN401  # JSON may hold anything
    if told.body == "form":
        return dict(parse_qsl(body.decode(errors="replace")))
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Untranslatable("not_json", f"the body is no JSON: {error}") from error


def _rows(told: Description, body: Any) -> list[Reading]:  # noqa: ANN401  # JSON may hold anything
    """Gives each row with the values that lie where `fields` says, by their paths."""
    path = told.rows_path
    rows = paths.each(body, path) if path else [body]
    if rows is None:
        raise Untranslatable("invalid", f"{told.rows} is no list")
    fields = [field for _, field in told.fields if isinstance(field, paths.Path)]
    return [
        Reading(
            {field.text: paths.find(body if field.from_body else row, field) for field in fields},
            f"{told.rows.replace('*', str(place), 1)}: " if path else "",
        )
        for place, row in enumerate(rows)
    ]


def _scan(telling: Telling, told: Description, row: Reading) -> Event:
    at, code = told.fields, row.id(_text(told.fields.code))
    carrier = row.words(_text(at.carrier)) or told.carrier
    if not carrier:
        raise row.wrong(_text(at.carrier), "is missing")
    order = telling.order_if_ours(row.optional_id(_text(at.order)))
    return telling.scanned(
        Parcel(carrier_id(carrier), row.id(_text(at.tracking_number)), order),
        _instant(telling, at, row),
        told.codes.get(code, "unknown"),
        stamp=row.words(_text(at.at)) or telling.delivery.dedupe_id,
        code=code,
        words=row.words(_text(at.words)),
        location=row.words(_text(at.location)),
        proof=row.link(_text(at.proof)),
    )


def _status(telling: Telling, told: Description, row: Reading) -> Event:
    word = row.id(_text(told.fields.code))
    order = telling.order(row.id(_text(told.fields.order)))
    return telling.status(order, _instant(telling, told.fields, row), told.codes.get(word, "unknown"), word)


def _instant(telling: Telling, at: Fields, row: Reading) -> int:
    name, zone = _text(at.at), zone_of(telling.account)
    value = row.words(name)
    if at.at_format and value:
        try:
            return times.from_datetime(datetime.strptime(value, at.at_format), assume=zone)  # noqa: DTZ007  # the zone is the account's
        except ValueError as error:
            raise row.wrong(name, f"is no time as {at.at_format} writes one") from error
    if value.isascii() and value.isdigit():
        row.value[name] = int(value)  # seconds or milliseconds, written as text
    told = row.optional_instant(name, assume=zone)
    return telling.received_at if told is None else told


def _text(path: Any) -> str:  # noqa: ANN401  # a path, or none
    return path.text if path else ""


def check_account(account: Account) -> None:
    """Raises ValueError, with a sentence, when the description cannot be."""
    told = description_of(account)
    check_zone(account)
    if told.tells == "orders" and not (account.orders and account.seller):
        raise ValueError(
            'tells = "orders" needs `seller`, and `orders`, whose order numbers these are: orders = "toko"'
        )


SOURCE = Source(
    id="generic",
    title="Generic sender",
    tells="scans of parcels or statuses of orders, as its account describes",
    docs="docs/generic-sender.md",
    setup="As you agree with whoever sends; docs/generic-sender.md shows an account, worked.",
    scheme=Described(),
    translate=translate,
    check_account=check_account,
    needs={
        "proof": 'how it proves itself, such as proof = { scheme = "hmac", header = "X-Signature" }',
        "fields": 'where its values lie, such as fields = { tracking_number = "awb", code = "status.code" }',
        "codes": 'what its codes mean, such as codes = { DLV = "delivered" }',
    },
    takes={
        "tells": '"scans" (codes mean milestones) or "orders" (codes mean statuses)',
        "body": '"json" or "form"',
        "rows": "path of the list, if one body tells of several things: history[*]",
        "carrier": "who carries the parcels: jne",
        **TAKES,
    },
    example={
        "carrier": "jne",
        "rows": "history[*]",
        "proof": {"scheme": "hmac", "header": "X-JNE-Signature"},
        "fields": {"tracking_number": "$.awb", "order": "$.order_no", "code": "code", "at": "date", "words": "desc"},
        "codes": {"RC1": "picked_up", "OP1": "in_transit", "IP3": "out_for_delivery", "D01": "delivered"},
    },
    sample='{"awb":"TRIAL$order","order_no":"$order","history":[{"date":"$iso","code":"IP3",'
    '"desc":"WITH DELIVERY COURIER"}]}',
    orders_by="nobody",
    retries=Retries(deadline=None, success="2xx", note="as each sender likes"),
)
