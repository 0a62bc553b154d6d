"""The fold: a join, whatever the order of arrival."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.rules.anomalies import anomalies_of, examine
from agents.rules.fold import FOLDS
from agents.rules.history import take
from agents.rules.status import status_of
from pipeline import codec
from schemas.events import Event
from schemas.facts import Order
from schemas.registry import OF_ORDERS
from tests.agents.events import ORDER, events, lives, order_of


def taken(told: list[Event]) -> Order:
    """Takes events one by one, as tracking does."""
    order = Order(order_id=ORDER)
    for event in told:
        if take(order, event) or order.ahead:
            examine(order, event)
    return order


def test_every_type_of_event_joins():
    """FOLDS knows every type of event of orders and no other."""
    assert FOLDS.keys() == set(OF_ORDERS)


@settings(max_examples=400)
@given(lives(), st.data())
def test_any_arrival_gives_the_same_state(told: list[Event], data: st.DataObject):
    """Any permutation with any repetition of an order's events gives a byte-identical state."""
    again = data.draw(st.lists(st.sampled_from(told), max_size=4))
    shuffled = data.draw(st.permutations([*told, *again]))
    assert codec.encode(taken(shuffled)) == codec.encode(taken(told))


@settings(max_examples=400)
@given(lives())
def test_settling_step_by_step_is_settling_once(told: list[Event]):
    """History, status, promises and anomalies kept up event by event are those computed from all facts at once."""
    order = taken(told)
    whole = order_of(*told)
    assert order.history == whole.history
    assert order.status == whole.status == status_of(order)
    assert (order.due, order.begun, order.kept) == (whole.due, whole.begun, whole.kept)
    assert order.anomalies == whole.anomalies == anomalies_of(order)
    assert codec.encode(order) == codec.encode(whole)
    assert all(order.history[n][1] != order.history[n + 1][1] for n in range(len(order.history) - 1))


steady = st.lists(
    events(tuple(kind for kind in OF_ORDERS if kind not in {"status_reported", "shipping_arranged"})),
    min_size=1,
    max_size=12,
)
"""All but the two kinds of events that shed light on what was before them."""


@settings(max_examples=200)
@given(steady)
def test_the_status_then_is_the_status_of_what_was_known_then(told: list[Event]):
    """The history at an instant is the status of an order that only ever had the events up to that instant."""
    for at, status in order_of(*told).history:
        then = order_of(*(event for event in told if event.occurred_at <= at))
        assert then.status == status
