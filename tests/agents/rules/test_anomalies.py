"""Anomalies: what contradicts itself, found whichever of its events comes last."""

import itertools

import pytest
from hypothesis import given, settings

from agents.rules.anomalies import ANOMALIES, anomalies_of, examine
from agents.rules.history import take
from schemas.events import Event
from schemas.facts import Anomaly, Order
from schemas.registry import EVENTS
from schemas.times import HOUR, MINUTE
from tests.agents.events import ORDER, START, lives, scan, tell

PLACED = tell("order_placed", 0)
ASKED = tell("payment_requested", 0.1)
PAID = tell("payment_paid", 1)
PICKED = scan("picked_up", 10)
CANCELLED = tell("order_cancelled", 20)


def word(status: str, hours: float) -> Event:
    """A marketplace's word for a status."""
    return tell("status_reported", hours, status=status, word=status.upper())


FOUND: dict[str, tuple[str, tuple[Event, ...]]] = {
    "a parcel is under way and the payment comes later": (
        "shipped_unpaid",
        (PLACED, scan("picked_up", 10), tell("payment_paid", 11)),
    ),
    "a parcel is under way and the payment never comes": ("shipped_unpaid", (PLACED, ASKED, PICKED)),
    "a cancelled order is paid": ("paid_after_cancel/p1", (PLACED, CANCELLED, tell("payment_paid", 21))),
    "an order is paid after a marketplace said that it is cancelled": (
        "paid_after_cancel/p1",
        (PLACED, word("cancelled", 20), tell("payment_paid", 21)),
    ),
    "less is paid than the order costs": ("paid_wrong_amount", (PLACED, tell("payment_paid", 1, amount=99))),
    "an order is paid twice": ("paid_wrong_amount", (PLACED, PAID, tell("payment_paid", 2, payment_id="p2"))),
    "a provider tells of less than the shop": (
        "paid_wrong_amount",
        (PLACED, PAID, tell("payment_paid", 2, payment_id="m1", source="midtrans", amount=90)),
    ),
    "an order is paid in another currency": (
        "paid_wrong_amount",
        (PLACED, tell("payment_paid", 1, currency="USD")),
    ),
    "a cancelled order is picked up": ("shipped_after_cancel/jne/N1", (PLACED, CANCELLED, scan("at_hub", 21))),
    "more goes back than came": ("refund_exceeds_payment", (PLACED, PAID, tell("refund_settled", 30, amount=101))),
    "two refunds together are more than came": (
        "refund_exceeds_payment",
        (PLACED, PAID, tell("refund_settled", 30), tell("refund_approved", 31, refund_id="f2", amount=1)),
    ),
    "a marketplace says delivered and the carrier goes on": (
        "status_conflict",
        (PLACED, PAID, PICKED, word("delivered", 50), scan("out_for_delivery", 60)),
    ),
    "a marketplace waits for a pick-up long after it": (
        "status_conflict",
        (PLACED, PAID, PICKED, word("awaiting_collection", 40)),
    ),
    "a marketplace waits for a payment long after it": ("status_conflict", (PLACED, PAID, word("unpaid", 40))),
    "something was told before it happened": (
        f"from_the_future/{tell('order_placed', 1, received_at=START).event_id}",
        (tell("order_placed", 1, received_at=START),),
    ),
    "something happened before the order was placed": ("before_placed", (PLACED, tell("payment_requested", -1))),
}

CLEAN: dict[str, tuple[Event, ...]] = {
    "an ordinary life": (PLACED, ASKED, PAID, PICKED, scan("delivered", 60), tell("order_completed", 80)),
    "an order paid at the door": (tell("order_placed", cod=True), PICKED, tell("payment_paid", 60)),
    "an order of whose payment nobody tells": (PLACED, PICKED),
    "a payment that a marketplace vouches for": (PLACED, ASKED, word("new", 1), PICKED),
    "an order that is cancelled after its payment": (PLACED, PAID, CANCELLED),
    "an order that is cancelled under way": (PLACED, PAID, PICKED, CANCELLED, scan("returned", 60)),
    "a payment of which shop and provider tell": (
        PLACED,
        PAID,
        tell("payment_paid", 1.1, payment_id="m1", source="midtrans"),
    ),
    "a refund of which shop and provider tell": (
        PLACED,
        PAID,
        tell("refund_settled", 30),
        tell("refund_settled", 30.1, refund_id="m1", source="midtrans"),
    ),
    "a payment that is refunded": (PLACED, PAID, CANCELLED, tell("refund_settled", 30)),
    "a refund that failed and was made again": (
        PLACED,
        PAID,
        tell("refund_approved", 30),
        tell("refund_failed", 31),
        tell("refund_settled", 32, refund_id="f2"),
    ),
    "a marketplace that is a little behind": (PLACED, PAID, PICKED, word("awaiting_collection", 11)),
    "a marketplace that is ahead of the carrier": (PLACED, PAID, PICKED, word("delivered", 50), scan("delivered", 51)),
    "clocks that are a little apart": (
        PLACED,
        tell("payment_requested", -0.01),
        tell("order_confirmed", 1, received_at=START + HOUR - 4 * MINUTE),
    ),
}

EXPLAINED: dict[str, tuple[Event, ...]] = {
    "an order that is paid in two parts": (
        PLACED,
        tell("payment_paid", 1, amount=40),
        tell("payment_paid", 2, amount=60, payment_id="p2"),
    ),
    "an order that is paid through two providers": (
        PLACED,
        tell("payment_paid", 1, amount=40),
        tell("payment_paid", 2, amount=60, payment_id="x1", source="xendit"),
        tell("refund_settled", 30),
    ),
    "a part that is refunded after the order was amended": (
        tell("order_placed", total=150),
        tell("payment_paid", 1, amount=150),
        tell("order_amended", 2, total=100),
        tell("refund_settled", 3, amount=50),
    ),
}
"""What is no contradiction once all is known, though a part of it was one."""


def told(*arrival: Event) -> tuple[Order, list[Anomaly]]:
    """Takes events as tracking does; gives the order and all that was told."""
    order, anomalies = Order(order_id=ORDER), []
    for event in arrival:
        if take(order, event) or order.ahead:
            anomalies += examine(order, event)
    return order, anomalies


def standing(anomalies: list[Anomaly]) -> set[str]:
    """Gives the ids that were told and not withdrawn: what a reader of the topic believes."""
    return {anomaly.anomaly_id for anomaly in {a.anomaly_id: a for a in anomalies}.values() if not anomaly.withdrawn}


def test_what_one_event_shows_is_told_in_one_order():
    """Two payments that one cancellation contradicts are told the same way, whichever of them came first."""
    first, second = (tell("payment_paid", 30, payment_id=ref) for ref in ("p1", "p2"))
    _, one = told(first, second, CANCELLED)
    _, other = told(second, first, CANCELLED)
    assert len(one) == 2
    assert one == other


@pytest.mark.parametrize("sentence", FOUND)
def test_found_whichever_comes_last(sentence: str):
    """Each sentence of FOUND, in every order of arrival: the same anomaly, with both pieces of evidence."""
    key, life = FOUND[sentence]
    ids = {event.event_id for event in life}
    for arrival in itertools.permutations(life):
        order, anomalies = told(*arrival)
        assert order.anomalies == [key]
        assert len(standing(anomalies)) == 1
        last = anomalies[-1]
        assert last.kind == key.partition("/")[0]
        assert last.event_id in ids
        assert last.against_event_id in {*ids, ""}
        assert last.seller_id == "toko"


@pytest.mark.parametrize("sentence", CLEAN)
def test_what_is_in_order_is_left_alone(sentence: str):
    """Each sentence of CLEAN: nothing is told when its events come as they happened."""
    order, anomalies = told(*CLEAN[sentence])
    assert order.anomalies == anomalies == []


@pytest.mark.parametrize("life", [*CLEAN.values(), *EXPLAINED.values()], ids=[*CLEAN, *EXPLAINED])
def test_what_is_in_order_does_not_stand(life: tuple[Event, ...]):
    """Each sentence of CLEAN and EXPLAINED, in every order of arrival: in the end nothing contradicts itself."""
    for arrival in itertools.permutations(life):
        order, anomalies = told(*arrival)
        assert order.anomalies == []
        assert standing(anomalies) == set()


def test_a_repeat_tells_nothing_again():
    """The same events a second time are the same contradiction."""
    life = (PLACED, CANCELLED, tell("payment_paid", 21))
    _, anomalies = told(*life, *life)
    assert len(anomalies) == 1


def test_a_late_payment_withdraws_what_it_explains():
    """Shipped and not paid, as far as was known; then the payment of before comes in."""
    order, anomalies = told(PLACED, ASKED, PICKED, PAID)
    assert [(a.kind, a.withdrawn) for a in anomalies] == [("shipped_unpaid", False), ("shipped_unpaid", True)]
    assert len({a.anomaly_id for a in anomalies}) == 1
    assert anomalies[1].event_id == PAID.event_id
    assert order.anomalies == []


def test_the_evidence_is_named():
    """The pick-up, and the cancellation that it contradicts."""
    _, [anomaly] = told(PLACED, CANCELLED, scan("picked_up", 30))
    assert anomaly.event_id == scan("picked_up", 30).event_id
    assert anomaly.against_event_id == CANCELLED.event_id
    assert anomaly.occurred_at == START + 30 * HOUR


@settings(max_examples=200)
@given(lives())
def test_readers_of_the_topic_know_what_stands(life: list[Event]):
    """What was told and not withdrawn is what the order itself says, at every moment."""
    order, anomalies = told(*life)
    assert len(standing(anomalies)) == len(order.anomalies)
    assert order.anomalies == anomalies_of(order)


def test_the_types_that_bring_an_anomaly_are_types():
    """ANOMALIES names no type of event that there is not."""
    assert all(set(kind.types) <= EVENTS.keys() for kind in ANOMALIES.values())


def test_every_kind_has_an_example():
    """No kind goes untested."""
    assert {key.partition("/")[0] for key, _ in FOUND.values()} == ANOMALIES.keys()
