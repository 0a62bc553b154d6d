"""Whatever a sender's body holds, it is translated or it is a dead letter; nothing else may come of it."""

import json
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline import codec, sources
from pipeline.sources import SOURCES, Request, Untranslatable
from schemas.registry import EVENTS

SAMPLES = {file: json.loads(file.read_bytes()) for file in (Path(__file__).parent / "samples").glob("*/*.json")}
WORDS = sorted({word for source in SOURCES.values() for table in source.tables.values() for word in table} | {*EVENTS})
KEYS = {name for body in SAMPLES.values() if isinstance(body, dict) for name in body}
NAMES = sorted(KEYS | {"order_id", "lines", "refunds", "captures", "ce-id"})

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(WORDS),
    st.sampled_from(["0001-01-01", "9999-12-31T23:59:59-12:00", "1e999999", "tiktok_shop:1", "9" * 5_000, "\x00"]),
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
)


def tell(delivery, owner):
    """Gives the events as they would be written, or the cause of the dead letter."""
    try:
        return [codec.encode_event(event) for event in sources.translate(delivery, owner)]
    except Untranslatable as error:
        return error.cause, error.detail


@st.composite
def mutated(draw):
    """A sample with some of its values, however deep, replaced or taken away."""
    file = draw(st.sampled_from(sorted(SAMPLES)))
    body = json.loads(json.dumps(SAMPLES[file]))
    for _ in range(draw(st.integers(1, 3))):
        inside = body
        while isinstance(inside, dict | list) and inside:
            place = draw(st.sampled_from(sorted(inside) if isinstance(inside, dict) else range(len(inside))))
            if not isinstance(inside[place], dict | list) or draw(st.booleans()):
                if draw(st.booleans()):
                    inside[place] = draw(values)
                else:
                    del inside[place]
                break
            inside = inside[place]
    return file.parent.name, body


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(case=mutated())
def test_a_sample_with_wrong_values_never_breaks_translation(account, deliver, case):
    """A body like a real one, with anything in any place, gives events that can be written, always the same."""
    source, body = case
    delivery, owner = deliver(source, json.dumps(body).encode()), account(source, orders="ours,tiktok_shop")
    assert tell(delivery, owner) == tell(delivery, owner)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(body=st.dictionaries(st.sampled_from(NAMES), values, max_size=8) | values)
def test_any_json_is_translated_or_buried(account, deliver, body):
    """Any JSON at any sender's address is translated or is a dead letter."""
    raw = json.dumps(body).encode()
    for source in SOURCES:
        tell(deliver(source, raw), account(source))


@given(body=st.binary(max_size=300))
@example(b"\xef\xbb\xbf{}")
@example(b'{"a":"\\ud800"}')
@example(b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}")
@example(b'{"type":1,"data":{"order_id":' + b"9" * 100_000 + b"}}")
@example(b'{"notificationItems":[{"NotificationRequestItem":{"a":' + b"[" * 500 + b"]" * 500 + b"}}]}")
@example(b'{"data":' + b"[" * 500 + b"]" * 500 + b',"id":' + b"[" * 500 + b"]" * 500 + b"}")
def test_any_bytes_are_buried(account, deliver, body):
    """What is no JSON object is a dead letter, and has a dedupe id like any other."""
    for source in SOURCES.values():
        tell(deliver(source.id, body), account(source.id))
        request = Request(body, {"webhook-id": "msg_1"})
        assert source.dedupe_id(request) == source.dedupe_id(request) != ""
        source.is_challenge(request)
