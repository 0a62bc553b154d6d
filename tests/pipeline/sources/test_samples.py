"""The small body of ours that a sender's module holds for trials."""

from pipeline import sources
from pipeline.sources import Request
from pipeline.sources.trying import fill

NOW = 1_800_000_000_000


def test_a_sender_s_own_sample_tells_of_the_order_that_is_filled_in(source, account, deliver):
    """Signed as the sender would, it is believed, and each event is of that order or parcel, and of that instant."""
    owner = account(source.id, orders=source.id)
    signed = source.scheme.sign(fill(source.sample, "4711", NOW), owner, NOW)
    headers = {name.lower(): value for name, value in signed.headers.items()}
    source.scheme.verify(owner, Request(signed.body, headers, received_at=NOW, query=signed.query))
    events = sources.translate(deliver(source.id, signed.body), owner)
    assert events
    for event in events:
        assert event.order_id == f"{source.id}:4711" or event.tracking_number == "TRIAL4711"
        assert event.occurred_at == NOW
        assert "unknown" not in (getattr(event, "milestone", ""), getattr(event, "status", ""))
