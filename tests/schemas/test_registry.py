"""The registries agree with each other and with the codec."""

import msgspec
import pytest
from pydantic import TypeAdapter

from pipeline import codec
from pipeline.topics import TOPICS
from schemas.deliveries import Delivery
from schemas.letters import DeadLetter
from schemas.registry import EVENTS
from schemas.statuses import BUYER_TABS, SELLER_TABS, STATUSES


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_travels_on_a_topic_that_exists(kind):
    """EVENTS and TOPICS name the same topics."""
    assert EVENTS[kind].topic in TOPICS


@pytest.mark.parametrize("kind", EVENTS)
def test_msgspec_reads_what_pydantic_validated(kind):
    """One definition, two speeds: both give the same value."""
    shape = EVENTS[kind].shape
    needed = {"case_id": "c", "status": "new", "word": "NEW", "stars": 5, "payment_id": "p", "refund_id": "r"}
    needed |= {
        "amount": 1,
        "package_id": "k",
        "carrier": "jne",
        "tracking_number": "1",
        "milestone": "unknown",
        "how": "split",
        "sku": "S",
        "quantity": 3,
    }
    fields = shape.__dataclass_fields__
    event = TypeAdapter(shape).validate_python(
        {
            "event_id": "e",
            "type": kind,
            "order_id": "shop:1",
            "occurred_at": 1,
            "received_at": 2,
            "source": "shop",
            "evidence": {"topic": "webhooks.received", "partition": 0, "offset": 7, "written_at": 3},
            **{name: value for name, value in needed.items() if name in fields},
        }
    )
    read = codec.decode(kind.encode(), codec.encode_event(event))
    assert all(getattr(read, name) == getattr(event, name) for name in fields if name != "evidence")
    assert codec.encode_event(read) == codec.encode_event(event)
    assert TypeAdapter(shape).validate_json(codec.encode_event(event)) == event


def test_every_tab_exists():
    """A status stands under a tab that pages show, or under none."""
    assert {s.buyer_tab for s in STATUSES} == {*BUYER_TABS, ""}
    assert {s.seller_tab for s in STATUSES} == {*SELLER_TABS, ""}


def test_a_dead_letter_reads_its_own_headers():
    """What was written on the envelope can be read."""
    letter = DeadLetter("intake", "undecodable", "no JSON", "webhooks.received", 3, 99, 1_700_000_000_000)
    assert DeadLetter.read(dict(letter.headers())) == letter


def test_a_delivery_reads_its_own_record():
    """Key, body and headers of the record are the delivery."""
    sent = Delivery("ninjavan", "toko", "id/with/slashes", b"\x00raw", 5, {"user-agent": "x"})
    read = Delivery.read(sent.key, sent.body, dict(sent.record_headers()), at=(1, 2, 3))
    assert msgspec.structs.replace(read, partition=-1, offset=-1, written_at=0) == sent
