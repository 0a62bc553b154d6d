"""Whole lives, from webhooks as they arrive to the orders' states, without a broker."""

from collections import Counter

import msgspec
import pytest

from agents.tracking import orders
from pipeline.settings import Settings, load
from pipeline.simulate import demo
from pipeline.simulate.shops import shops
from pipeline.simulate.traffic import Webhook, past
from pipeline.sources import SOURCES, Request
from schemas.deliveries import Delivery
from schemas.facts import Anomaly, Transition
from schemas.notices import Notice
from schemas.times import parse
from tests.agents.river import PARTITIONS, River
from tests.reference import reference

UNTIL = parse("2026-11-24T12:00:00Z")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The demo's accounts."""
    home = tmp_path_factory.mktemp("home")
    demo.open_shop(home)
    return load(home=home)


@pytest.fixture(scope="module")
def deliveries(settings: Settings) -> list[Delivery]:
    """Three hundred lives with repeats, delays and cut-off bodies, as the gateway keeps them."""
    return [kept(webhook) for webhook in past(shops(settings.accounts), 300, seed="s", days=21, until=UNTIL)]


def kept(webhook: Webhook) -> Delivery:
    """Gives the delivery that the gateway makes of a webhook."""
    account, source = webhook.account, SOURCES[webhook.account.source]
    signed = source.scheme.sign(webhook.body, account, webhook.due)
    dedupe_id = source.dedupe_id(Request(signed.body, signed.headers))
    return Delivery(source.id, account.name, dedupe_id, signed.body, webhook.due, written_at=webhook.due)


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
    river = River(settings, seed)
    river.pour(deliveries)
    river.run()
    return river


@pytest.mark.parametrize("seed", range(3))
def test_every_state_is_that_of_the_reference(settings: Settings, deliveries: list[Delivery], seed: int):
    """However partitions interleave and batches are cut, each order is what all its webhooks at once make of it."""
    river = flowed(settings, deliveries, seed)
    wanted = reference(placed(deliveries), settings, seed)
    states = {key.decode(): orders.encode(order) for key, order in river.states().items()}
    assert states.keys() == wanted.keys()
    assert [key for key in wanted if states[key] != wanted[key]] == []


def test_everything_is_told_once(settings: Settings, deliveries: list[Delivery]):
    """No notice twice; what contradicts itself is what the orders say; changes of status lead where the orders are."""
    river = flowed(settings, deliveries, 7)
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


def test_the_lives_are_worth_the_test(settings: Settings, deliveries: list[Delivery]):
    """They come to every status but those that nobody simulates, and only garbled bodies are buried."""
    river = flowed(settings, deliveries, 1)
    reached = Counter(order.status for order in river.states().values())
    assert len(reached) >= 9
    assert all(cause.startswith("intake: ") for cause in river.buried)
    assert all(order.history for order in river.states().values())
