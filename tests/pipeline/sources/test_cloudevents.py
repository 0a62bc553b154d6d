"""CloudEvents: the three ways over HTTP tell the same, and who asks before sending is answered."""

import base64
import json

import pytest

from pipeline import sources
from pipeline.sources import SOURCES, Request, Untranslatable
from schemas import times

SOURCE = SOURCES["cloudevents"]
EVENT = {
    "specversion": "1.0",
    "id": "A-1",
    "source": "/kasir",
    "type": "id.co.toko.order.placed",
    "time": "2026-11-24T09:30:00+07:00",
    "subject": "1001",
    "data": {"lines": [{"sku": "A", "name": "Kopi", "quantity": 2, "unit_price": 50_000}]},
}
ATTRIBUTES = {f"ce-{name}": value for name, value in EVENT.items() if name != "data"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def tell(account, deliver):
    """Translates what came with these headers."""

    def tell(body, headers=None, **said):
        delivery = deliver("cloudevents", json.dumps(body).encode() if body is not None else b"")
        delivery.headers.update(headers or {})
        return sources.translate(delivery, account("cloudevents", **said))

    return tell


def test_binary_structured_and_batch_tell_the_same(tell):
    """One event, in each way; `subject` is its order, and the domain before its type is nothing to us."""
    (placed,) = tell(EVENT, {"content-type": "application/cloudevents+json; charset=utf-8"})
    assert (placed.type, placed.order_id, placed.seller_id) == ("order_placed", "cloudevents:1001", "toko-melati")
    assert placed.occurred_at == times.parse("2026-11-24T02:30:00Z")
    assert placed.lines[0].sku == "A"
    assert tell(EVENT["data"], {**JSON, **ATTRIBUTES}) == [placed]
    assert tell([EVENT], {"content-type": "application/cloudevents-batch+json"}) == [placed]
    packed = {**EVENT, "data_base64": base64.b64encode(json.dumps(EVENT.pop("data")).encode()).decode()}
    assert tell(packed, {"content-type": "application/cloudevents+json"}) == [placed]


def test_a_structured_event_may_repeat_its_attributes_as_headers(tell):
    """What the body says counts where the content type says that it is the event."""
    told = {**ATTRIBUTES, "content-type": "application/cloudevents+json", "ce-type": "another"}
    (event,) = tell({**EVENT, "type": "order.confirmed", "data": {}}, told)
    assert event.type == "order_confirmed"


def test_attributes_in_headers_are_percent_encoded(tell):
    """As the binding to HTTP has it, so that an order may bear any name."""
    (event,) = tell(None, {**ATTRIBUTES, "ce-type": "order.confirmed", "ce-subject": "caf%C3%A9%201"})
    assert event.order_id == "cloudevents:café 1"


def test_source_and_id_name_the_event(tell):
    """In another batch the same event is the same; another `source` or `id` is another event."""
    told = {**EVENT, "type": "order.confirmed", "data": {}}
    (one,) = tell(told)
    first, second, third = tell([{**told, "id": "A-2"}, told, {**told, "source": "/lain"}])
    assert second == one
    assert len({event.event_id for event in (first, one, third)}) == 3


def test_a_retry_is_known_by_source_and_id_however_it_comes():
    """Binary and structured; of a batch the body is what stays the same."""
    ask = SOURCE.dedupe_id
    structured = Request(json.dumps({**EVENT, "data": 1}).encode(), {"content-type": "application/cloudevents+json"})
    assert ask(structured) == ask(Request(b"{}", ATTRIBUTES))
    assert ask(Request(b"{}", {**ATTRIBUTES, "ce-id": "A-2"})) != ask(structured)
    assert ask(Request(b"[1]")) != ask(Request(b"[2]"))


@pytest.mark.parametrize(
    ("body", "headers", "cause", "says"),
    [
        ({**EVENT, "specversion": "0.3"}, {}, "invalid", "specversion must be 1.0"),
        ([{**EVENT, "id": None}], {}, "invalid", "[0].id is missing"),
        ({**EVENT, "type": "com.example.someevent"}, {}, "unknown_type", "no event type 'com.example.someevent'"),
        ({**EVENT, "data_base64": "?"}, {}, "invalid", "data_base64 is no base64"),
        ([3], {}, "not_json", "the body is JSON, but no event and no list of events"),
        (EVENT, {"content-type": "application/cloudevents+avro"}, "not_json", "events are read as JSON, not as"),
    ],
)
def test_what_cannot_be_read_is_named(tell, body, headers, cause, says):
    """The dead letter says what is wrong."""
    with pytest.raises(Untranslatable) as told:
        tell(body, headers)
    assert told.value.cause == cause
    assert says in told.value.detail


def test_who_asks_before_sending_is_allowed_to(account):
    """The answer names who asked, and a rate where one is asked for; others than the account's `origins` are not."""
    asked = {"webhook-request-origin": "eventemitter.example.com"}
    assert SOURCE.greet(account("cloudevents"), asked) == {"webhook-allowed-origin": "eventemitter.example.com"}
    assert SOURCE.greet(account("cloudevents"), {**asked, "webhook-request-rate": "120"})["webhook-allowed-rate"] == "*"
    assert SOURCE.greet(account("cloudevents", origins="a.example, b.example"), asked) == {}
    assert SOURCE.greet(account("cloudevents", origins="a.example, eventemitter.example.com"), asked)
    assert SOURCE.greet(account("cloudevents"), {}) == {}


def test_a_token_in_the_address_proves_as_well(account):
    """The rules of webhooks allow either, for senders who cannot set a header."""
    owner = account("cloudevents")
    SOURCE.scheme.verify(owner, Request(b"", query=f"access_token={owner.live_secrets()[0]}"))
