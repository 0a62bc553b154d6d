"""Commands on a real Kafka: whatever is killed, each is answered exactly once, and of two who ask one wins."""

import signal
import time
from collections import Counter

import msgspec
import pytest
from kafka import KafkaProducer

from pipeline import codec
from pipeline.broker import letters, reader
from pipeline.broker.clients import client_options
from schemas.commands import Answer, Command, command_id
from tests.agents.events import tell
from tests.journeys.fleet import Fleet
from tests.journeys.system import PATIENCE, until

pytestmark = [pytest.mark.xdist_group("journeys"), pytest.mark.timeout(300)]

ORDERS = [f"tiktok_shop:{number}" for number in range(120)]
KILLS = 3


def wishes(order_id: str) -> list[Command]:
    """Gives what two people ask of an order at once, one of them twice; the last is not theirs."""
    asked = (("confirm", "toko", "first"), ("confirm", "toko", "second"), ("confirm", "toko", "first"))
    asked = (*asked, ("cancel", "toko", "third"), ("confirm", "another", "fourth"))
    now = time.time_ns() // 1_000_000
    return [
        Command(
            command_id(order_id, "seller", who, key),
            order_id,
            name,
            "seller",
            who,
            now,
            {"reason": "sold out"} if name == "cancel" else {},
        )
        for name, who, key in asked
    ]


def answers(fleet: Fleet) -> list[Answer]:
    """Gives every committed answer."""
    return [msgspec.json.decode(r.value, type=Answer) for r in reader.records(fleet.kafka, "command.answers")]


def test_every_command_is_answered_exactly_once_though_tracking_is_killed(tmp_path, own_kafka):
    """Killed with -9 again and again while it judges: one answer a command, one effect, the state that they tell."""
    with Fleet(tmp_path, own_kafka, 4, session_timeout=2.0) as fleet:
        tracking = fleet.start("here", "agents", "tracking")
        tracking.ready()
        fleet.tell(
            event
            for order in ORDERS
            for event in (tell("order_placed", order_id=order), tell("payment_paid", 1, order_id=order))
        )
        fleet.until_all_are("new", len(ORDERS))

        share = len(ORDERS) // KILLS
        for n in range(KILLS):
            before = len(answers(fleet))
            with KafkaProducer(**client_options(fleet.kafka), acks="all") as producer:
                for order in ORDERS[n * share : (n + 1) * share]:
                    for command in wishes(order):
                        producer.send("commands", codec.encode(command), order.encode())
            until(lambda before=before: len(answers(fleet)) > before)
            tracking.end(signal.SIGKILL)
            tracking = fleet.start("here", "agents", "tracking")
            tracking.ready()

        wanted = {command.command_id for order in ORDERS for command in wishes(order)}
        until(lambda: {answer.command_id for answer in answers(fleet)} == wanted, 2 * PATIENCE)
        told = answers(fleet)
        assert Counter(answer.command_id for answer in told).most_common(1)[0][1] == 1
        per_order = Counter((answer.order_id, answer.name, answer.refused) for answer in told)
        for order in ORDERS:
            assert per_order[order, "confirm", ""] == per_order[order, "confirm", "already"] == 1
            assert per_order[order, "cancel", ""] == per_order[order, "confirm", "not_yours"] == 1

        events = [codec.decode(dict(r.headers)["type"], r.value) for r in reader.records(fleet.kafka, "orders")]
        ours = [event for event in events if event.source == "arus"]
        assert sorted(event.event_id for event in ours) == sorted(one for answer in told for one in answer.events)
        assert len(ours) == 2 * len(ORDERS)
        states = fleet.until_all_are("cancelled", len(ORDERS))
        for answer in told:
            assert msgspec.convert(states[answer.order_id]["answers"][answer.command_id], Answer) == answer
        assert list(letters.letters(fleet.kafka)) == []
