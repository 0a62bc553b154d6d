"""What tracking tells, read back."""

import msgspec

from agents.tracking import track
from pipeline.streams import testing
from pipeline.streams.testing import Outcome
from schemas.events import Event
from schemas.facts import Anomaly, Transition
from schemas.notices import Notice

TOLD = {"order.transitions": Transition, "anomalies": Anomaly, "notices": Notice}


def tracked(*events: Event, rows: dict | None = None) -> Outcome:
    """Runs tracking over events of orders."""
    return testing.run(track, [testing.told(event) for event in events], rows=rows)


def read(outcome: Outcome, topic: str) -> list:
    """Gives what was told on a topic, and makes sure that it went there under its key."""
    sent = [message for message in outcome.messages if message.topic == topic]
    told = [msgspec.json.decode(message.value, type=TOLD[topic]) for message in sent]
    for message, value in zip(sent, told, strict=True):
        assert message.key.decode() == (value.audience if topic == "notices" else value.order_id)
    return told


def notices(*events: Event) -> list[Notice]:
    """Gives the notices that events bring."""
    return read(tracked(*events), "notices")
