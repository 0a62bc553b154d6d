"""A seller's own system that speaks CloudEvents 1.0: our events in our words, in any of the three ways over HTTP.

Binary: the attributes are `ce-*` headers and the body is the data. Structured: the body is the event. Batch: a list of
events. `type` ends with the type of an event of ours, whatever stands before it (`id.co.toko.order.placed`); `time` is
when it happened; `subject` is the order, where the data names none. Formats other than JSON are not read.

The binding to HTTP and the rules of webhooks (proof, and the OPTIONS request before the first of them) are those of
github.com/cloudevents/spec @c2845a49. `source` and `id` together name an event: two with the same are one.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import orjson

from pipeline.settings import Account
from pipeline.sources.own import words
from pipeline.sources.proofs import Either, InAddress
from pipeline.sources.reading import Reading
from pipeline.sources.signatures import Token
from pipeline.sources.source import Request, Retries, Source, Untranslatable
from pipeline.sources.telling import Telling
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import digest
from schemas.registry import EVENTS

ATTRIBUTES = ("id", "source", "specversion", "type", "time", "subject", "datacontenttype")
WHOLE = re.compile(r"application/cloudevents(-batch)?(\+json)?\s*(;|$)", re.IGNORECASE)
"""The content types of events that are the body, as JSON; anything else of `application/cloudevents` is not read."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives an event for each event of the body."""
    telling = Telling(delivery, account)
    return [_tell(telling, event) for event in _events(delivery.headers, delivery.body)]


def _events(headers: Mapping[str, str], body: bytes) -> Iterator[Reading]:
    """Gives the events as they would stand in a body: with their attributes and `data`."""
    kind = headers.get("content-type", "")
    if kind.lower().startswith("application/cloudevents") and not WHOLE.match(kind):
        raise Untranslatable("not_json", f"events are read as JSON, not as {kind}")
    told = _json(body or b"null")
    if "ce-id" in headers and not WHOLE.match(kind):
        attributes = {name: unquote(headers[f"ce-{name}"]) for name in ATTRIBUTES if f"ce-{name}" in headers}
        yield Reading({**attributes, "data": told})
        return
    batch = isinstance(told, list)
    for place, event in enumerate(told if batch else [told]):
        if not isinstance(event, dict):
            raise Untranslatable("not_json", "the body is JSON, but no event and no list of events")
        yield Reading(event, f"[{place}]." if batch else "")


def _json(body: bytes) -> Any:  # noqa: ANN401  # JSON may hold anything
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Untranslatable("not_json", f"the body is no JSON: {error}") from error


def _tell(telling: Telling, event: Reading) -> Event:
    if not event.words("specversion").startswith("1."):
        raise event.wrong("specversion", "must be 1.0")
    name, kind = (event.id("source"), event.id("id")), _kind(event.id("type"))
    if "data_base64" in event.value:
        event.value["data"] = _json(_decoded(event))
    data = event.inside("data")
    if "order_id" in words.FIELDS[kind] and data.get("order_id") is None and event.words("subject"):
        data.value["order_id"] = event.id("subject")
    at = event.optional_instant("time")
    return words.tell(telling, kind, data, telling.received_at if at is None else at, name)


def _decoded(event: Reading) -> bytes:
    try:
        return base64.b64decode(event.get("data_base64"), validate=True)
    except (TypeError, ValueError) as error:
        raise event.wrong("data_base64", "is no base64") from error


def _kind(word: str) -> str:
    """Gives the type of ours with which a type ends: what stands before it is the sender's domain."""
    parts = re.split(r"[._]", word)
    ours = "_".join(parts[-2:])
    return ours if ours in EVENTS else words.kind_of(word)


def dedupe_id(request: Request) -> str:
    """Gives `source` and `id` of one event, which name it; of a batch the whole."""
    try:
        events = [(event.get("source"), event.get("id")) for event in _events(request.headers, request.body)]
    except Untranslatable:
        return digest(request.body)
    if len(events) != 1 or not all(isinstance(part, str) for part in events[0]):
        return digest(request.body)
    return digest(*events[0])


def greet(account: Account, headers: Mapping[str, str]) -> dict[str, str]:
    """Allows whoever asks to send here, unless the account's `origins` are others."""
    origin = headers.get("webhook-request-origin", "")
    allowed = {name.strip() for name in account.extra("origins").split(",") if name.strip()}
    if not origin or "\n" in origin or (allowed and origin not in allowed):
        return {}
    rate = {"webhook-allowed-rate": "*"} if "webhook-request-rate" in headers else {}
    return {"webhook-allowed-origin": origin, **rate}


SOURCE = Source(
    id="cloudevents",
    title="CloudEvents",
    tells="anything, from a seller's own system in our words",
    docs="https://github.com/cloudevents/spec",
    setup="The secret is sent as `Authorization: Bearer`, or the address ends with ?access_token= and it. The OPTIONS "
    "request before the first webhook is answered by itself; `origins` limits who may send.",
    scheme=Either(Token("authorization", "Bearer "), InAddress("access_token")),
    translate=translate,
    dedupe_id=dedupe_id,
    greet=greet,
    needs={"seller": "its webhooks speak for this seller and no other"},
    takes={"origins": "who may send, as WebHook-Request-Origin names them; with commas between; empty = whoever asks"},
    example={"seller": "toko-melati"},
    sample='{"specversion": "1.0", "id": "$millis", "source": "/trial", "type": "order.confirmed", "time": "$iso", '
    '"subject": "$order", "data": {}}',
    kept_headers=tuple(f"ce-{name}" for name in ATTRIBUTES),
    retries=Retries(deadline=None, success="2xx", note="as each sender likes; 429 with Retry-After slows it down"),
    tables=words.TABLES,
)
