"""Mending: what hangs is ended without being asked, and a Kafka that does not let us is no reason to fall over."""

import struct

import pytest

from analytics.mending import Mender
from analytics.monitor import Standing, View
from pipeline.broker import BrokerError
from pipeline.broker.hanging import Hanging

FOUND = Hanging("orders", 0, 7, 0, 0, 5, 1, since=10, committed=True)


def view(held_ms: int) -> View:
    standing = Standing("g", "t", 0, "worker-1", 5, 5, 0, 0, 0, 0.0, 0.0, "stalled", None, (), 3, held_ms)
    return View(at=1, standings=(standing,))


@pytest.mark.parametrize(("held_ms", "calls"), [(0, 0), (60_000, 1)])
def test_it_mends_what_the_monitor_saw_hanging(held_ms, calls):
    """And asks Kafka for nothing else."""
    asked = []
    Mender(lambda: view(held_ms), lambda: asked.append(1) or [FOUND]).look()
    assert len(asked) == calls


@pytest.mark.parametrize("error", [BrokerError("this user may not"), struct.error("half an answer")])
def test_a_kafka_that_refuses_is_told(error, capsys):
    """The page goes on saying what hangs, and the next look comes, whatever went wrong."""

    def refuse():
        raise error

    Mender(lambda: view(60_000), refuse).look()
    assert str(error) in capsys.readouterr().out
