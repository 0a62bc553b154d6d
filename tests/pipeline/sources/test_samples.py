"""The small body of ours that a sender's module holds for trials."""

import json
from string import Template

import pytest

from pipeline import sources
from pipeline.sources import SOURCES, Request
from schemas.times import rfc3339

NOW = 1_800_000_000_000


@pytest.mark.parametrize("name", [source.id for source in SOURCES.values() if source.sample])
def test_a_sender_s_own_sample_tells_of_the_order_that_is_filled_in(name, account, deliver):
    """Signed as the sender would, it is believed, and each event is of that order and that instant."""
    source = SOURCES[name]
    filled = Template(source.sample).substitute(order="4711", seconds=NOW // 1_000, millis=NOW, iso=rfc3339(NOW))
    signed = source.scheme.sign(json.dumps(json.loads(filled)).encode(), account(source.id), NOW)
    headers = {name.lower(): value for name, value in signed.headers.items()}
    source.scheme.verify(account(source.id), Request(signed.body, headers, received_at=NOW))
    events = sources.translate(deliver(source.id, signed.body), account(source.id))
    assert events
    assert {(event.order_id, event.occurred_at) for event in events} == {(f"{source.id}:4711", NOW)}
