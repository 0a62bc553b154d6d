"""States folded anew on disk: the pile gives each order what the reference in memory gives it."""

import random
import subprocess
import sys
from collections import defaultdict

import msgspec
import pytest

from analytics.rebuilding.pile import Pile
from pipeline import codec
from pipeline.broker.reader import Stored
from pipeline.cli.proof import deliveries as read_back
from pipeline.cli.proof.beside import Beside
from pipeline.cli.proof.reference import folded, reference
from pipeline.cli.states.gathering import gather, known
from pipeline.settings import Settings
from schemas.codes import CodeMapped
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.facts import Order
from tests.agents.events import START, tell
from tests.agents.test_river import placed
from tests.pipeline.test_proof import ACCOUNT, order, scan

MEANINGS = (CodeMapped("biteship", "jne", "S", "at_hub", START),)


def records(kept: list[Delivery]) -> list[Stored]:
    """Gives deliveries as Kafka holds them."""
    return [
        Stored("webhooks.received", d.partition, d.offset, d.written_at, d.key, d.body, d.record_headers())
        for d in kept
    ]


def commanded(event: Event) -> Stored:
    """Gives the record of an event that a command led to."""
    headers = [(codec.TYPE, event.type.encode())]
    return Stored("orders", 0, 1, START, event.order_id.encode(), codec.encode_event(event), headers)


@pytest.fixture
def pile(tmp_path):
    """An empty one."""
    with Pile(tmp_path / "home" / "states.duckdb") as pile:
        yield pile


def told(pile: Pile, settings: Settings, kept: list[Delivery], *beside: Event) -> dict[str, dict[str, Event]]:
    """Piles up deliveries and gives each order's events by id."""
    topics = defaultdict(list, {"webhooks.received": records(kept), "orders": [commanded(event) for event in beside]})
    assert gather(pile, settings, lambda topic: iter(topics[topic]), MEANINGS, lambda _: None) == len(kept)
    return {one.order_id: one.told for one in known(pile)}


def same(found: dict[str, dict[str, Event]], wanted: dict[str, dict[str, Event]]) -> bool:
    """Compares all events of all orders, with their evidence."""
    return {id_: sorted(map(codec.encode, events.values())) for id_, events in found.items()} == {
        id_: sorted(map(codec.encode, events.values())) for id_, events in wanted.items()
    }


def test_each_order_gets_the_events_that_the_reference_gives_it(pile, demo_settings, deliveries):
    """Of lives with repeats, delays, cut-off bodies and scans that name no order; and what commands led to."""
    kept, beside = placed(deliveries), tell("order_confirmed", order_id="tiktok_shop:9", event_id="c")
    beside = msgspec.structs.replace(beside, evidence=msgspec.structs.replace(beside.evidence, topic="commands"))
    found = told(pile, demo_settings, kept, beside)
    wanted = reference(demo_settings, read_back(records(kept)), Beside([beside], (), MEANINGS))
    assert len(found) > 300
    assert same(found, wanted.events)
    assert {id_: folded(id_, events.values()) for id_, events in found.items()} == wanted.orders


@pytest.mark.parametrize("seed", range(5))
def test_of_a_webhook_that_was_repeated_the_first_counts(pile, seed):
    """Also where another partition has it, or where the repeat says something else."""
    dice, life = random.Random(seed), [*order("1"), *order("other:2", START + 5), scan(START + 9), scan(START - 9)]
    kept = []
    for offset, delivery in enumerate(dice.choices(life, k=20)):
        body = dice.choice([delivery.body, dice.choice(life).body, b'{"type": "ping", "timestamp": ', b"{}"])
        at, partition = START + dice.randrange(50), dice.randrange(3)
        kept.append(msgspec.structs.replace(delivery, body=body, offset=offset, written_at=at, partition=partition))
    settings = Settings(accounts=(ACCOUNT,))
    assert same(told(pile, settings, kept), reference(settings, read_back(records(kept))).events)


def test_a_state_lies_beside_its_events_and_the_last_one_counts(pile, demo_settings):
    """An order without events has its state all the same; one whose state is gone has none."""
    states = [("b", b"1"), ("a", b"2"), ("b", b"3"), ("c", b"4"), ("c", None)]
    pile.keep(
        Stored("order.snapshots", 0, n, START + n, id_.encode(), value, []) for n, (id_, value) in enumerate(states)
    )
    assert [(one.order_id, one.state, one.written_at, one.told) for one in known(pile)] == [
        ("a", b"2", START + 1, {}),
        ("b", b"3", START + 2, {}),
    ]


def test_nothing_of_it_stays(tmp_path):
    """Neither when it ends nor when an error ends it; what a killed one left is not read again, be it damaged."""
    place = tmp_path / "states.duckdb"
    left = Pile(place)
    left.keep([Stored("order.snapshots", 0, 0, START, b"a", codec.encode(Order("a")), [])])
    left._open.close()  # as a kill does
    with Pile(place) as pile:
        assert list(known(pile)) == []
    assert list(tmp_path.iterdir()) == []
    place.write_bytes(b"half a file" * 1_000)
    with pytest.raises(ZeroDivisionError), Pile(place):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_two_at_a_time_are_refused_with_a_sentence(tmp_path):
    """By whoever is another process."""
    other = "import sys, pathlib; from analytics.rebuilding.pile import Pile; Pile(pathlib.Path(sys.argv[1]))"
    with Pile(tmp_path / "states.duckdb"):
        done = subprocess.run(
            [sys.executable, "-c", other, str(tmp_path / "states.duckdb")], capture_output=True, text=True, check=False
        )
    assert "WarehouseBusyError" in done.stderr
    assert "another `arus rebuild --states` runs" in done.stderr
