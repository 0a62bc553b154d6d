"""Batches as agents see them: events are read, and what is none is set aside."""

import pytest

from pipeline import codec
from pipeline.streams import testing
from pipeline.streams.agent import Batch, agent
from pipeline.streams.testing import Given
from schemas.events import Evidence
from schemas.orders import OrderMarked

EVENT = OrderMarked(
    event_id="e1", type="order_confirmed", order_id="shopee:1", occurred_at=1, received_at=2, source="shopee",
    evidence=Evidence("webhooks.received", 0, 7, 3),
)  # fmt: skip


def test_events_are_given_with_their_records():
    """The header picks the decoder."""
    given = testing.told(EVENT)
    ((record, event),) = Batch("orders", 0, [given]).events()
    assert record is given
    assert (event.event_id, event.type, event.evidence.offset) == ("e1", "order_confirmed", 7)


def test_the_type_is_found_wherever_its_header_stands():
    """Others may add headers of their own, before and behind."""
    given = testing.told(EVENT)
    given.headers = [("trace", b"1"), *given.headers, ("more", b"")]
    assert len(list(Batch("orders", 0, [given]).events())) == 1


@pytest.mark.parametrize(
    ("headers", "value", "cause"),
    [
        ([], b"{}", "unknown_type"),
        ([("type", b"no_such_type")], b"{}", "unknown_type"),
        ([("type", None)], b"{}", "unknown_type"),
        ([("type", b"\xff")], b"{}", "unknown_type"),
        ([("type", b"order_confirmed")], None, "undecodable"),
        ([("type", b"order_confirmed")], b"", "undecodable"),
        ([("type", b"order_confirmed")], b"{}", "undecodable"),
        ([("type", b"order_confirmed")], b'{"event_id":"\xff"}', "undecodable"),
        ([("type", b"order_confirmed")], b'{"x":' + b"[" * 100_000, "undecodable"),
    ],
)
def test_what_is_no_event_is_buried_and_the_batch_goes_on(headers, value, cause):
    """However broken a record is, the next one is read."""
    batch = Batch("orders", 0, [Given(b"k", value, headers), testing.told(EVENT)])
    assert [event.event_id for _, event in batch.events()] == ["e1"]
    assert [buried.cause for buried in batch.buried] == [cause]


def test_an_agents_name_topics_and_promise_come_from_its_declaration():
    """Operators read the first line of the docstring."""

    @agent("orders", "payments")
    def watch(batch):
        """Watches.

        More of it.
        """

    assert (watch.name, watch.topics, watch.table, watch.promise) == ("watch", ("orders", "payments"), None, "Watches.")


def test_reading_an_event_needs_its_own_type():
    """The codec tells an unknown one by KeyError."""
    with pytest.raises(KeyError):
        codec.decode(b"no_such_type", b"{}")
