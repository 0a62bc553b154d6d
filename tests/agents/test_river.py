"""Whole lives, from webhooks as they arrive to the orders' states, without a broker."""

from collections import Counter

import msgspec
import pytest

from agents.tracking import orders
from pipeline.settings import Settings
from schemas.deliveries import Delivery
from schemas.facts import Anomaly, Transition
from schemas.notices import Notice
from tests.agents.river import PARTITIONS, River
from tests.reference import reference


def placed(deliveries: list[Delivery]) -> list[Delivery]:
    """Gives deliveries with where they lie, which events tell as their evidence."""
    at: Counter[int] = Counter()
    told = []
    for delivery in deliveries:
        partition = sum(delivery.key) % PARTITIONS
        told.append(msgspec.structs.replace(delivery, partition=partition, offset=at[partition]))
        at[partition] += 1
    return told


def flowed(settings: Settings, deliveries: list[Delivery], seed: int) -> River:
    """Lets deliveries flow through the agents."""
    river = River.of(settings, seed)
    river.pour(deliveries)
    river.run()
    return river


@pytest.mark.parametrize("seed", range(3))
def test_every_state_is_that_of_the_reference(demo_settings: Settings, deliveries: list[Delivery], seed: int):
    """However partitions interleave and batches are cut, each order is what all its webhooks at once make of it."""
    river = flowed(demo_settings, deliveries, seed)
    wanted = reference(placed(deliveries), demo_settings, seed)
    states = {key.decode(): orders.encode(order) for key, order in river.states().items()}
    assert states.keys() == wanted.keys()
    assert [key for key in wanted if states[key] != wanted[key]] == []


def test_everything_is_told_once(demo_settings: Settings, deliveries: list[Delivery]):
    """No notice twice; what contradicts itself is what the orders say; changes of status lead where the orders are."""
    river = flowed(demo_settings, deliveries, 7)
    notices = [msgspec.json.decode(record.value or b"", type=Notice) for record in river.sent("notices")]
    assert len(notices) > 100
    assert len({notice.notice_id for notice in notices}) == len(notices)
    changes = [msgspec.json.decode(record.value or b"", type=Transition) for record in river.sent("order.transitions")]
    assert {change.order_id.encode(): change.after for change in changes} == {
        key: order.status for key, order in river.states().items() if order.status != "unknown"
    }
    found = [msgspec.json.decode(record.value or b"", type=Anomaly) for record in river.sent("anomalies")]
    standing = {anomaly.anomaly_id: anomaly for anomaly in found}
    assert Counter(a.order_id for a in standing.values() if not a.withdrawn) == Counter(
        {key.decode(): len(order.anomalies) for key, order in river.states().items() if order.anomalies}
    )


def test_the_lives_are_worth_the_test(demo_settings: Settings, deliveries: list[Delivery]):
    """They come to every status but those that nobody simulates, and only garbled bodies are buried."""
    river = flowed(demo_settings, deliveries, 1)
    reached = Counter(order.status for order in river.states().values())
    assert len(reached) >= 9
    assert all(cause.startswith("intake: ") for cause in river.buried)
    assert all(order.history for order in river.states().values())
