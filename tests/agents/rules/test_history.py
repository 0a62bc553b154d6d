"""History: what an order was when, whatever came late."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.rules.history import take
from schemas.events import Event
from schemas.facts import Order
from schemas.statuses import STATUSES
from schemas.times import HOUR
from tests.agents.events import ORDER, START, order_of, scan, tell

LIFE = (
    tell("order_placed", 0),
    tell("payment_paid", 1),
    tell("order_confirmed", 2),
    tell("shipping_arranged", 3),
    scan("picked_up", 10),
    scan("at_hub", 20),
    scan("out_for_delivery", 58),
    scan("delivered", 60),
    tell("receipt_confirmed", 80),
)
WAY = [
    (0, "unpaid"),
    (1, "new"),
    (2, "ready_to_ship"),
    (3, "awaiting_collection"),
    (10, "in_transit"),
    (60, "delivered"),
    (80, "completed"),
]
ROWS = [row.name for row in STATUSES]


def history(order: Order) -> list[tuple[float, str]]:
    """Gives the history in hours since START."""
    return [((at - START) / HOUR, status) for at, status in order.history]


def test_the_history_tells_since_when():
    """Each status with the instant from which it held, the oldest first."""
    assert history(order_of(*LIFE)) == WAY


def test_a_late_scan_adds_history_and_downgrades_nothing():
    """A pick-up that is told after the delivery is put where it belongs."""
    without = [event for event in LIFE if event != LIFE[4] and event != LIFE[5]]
    order = order_of(*without)
    assert (58, "in_transit") in history(order)
    take(order, LIFE[4])
    assert order.status == "completed"
    assert history(order) == WAY


def test_what_was_placed_late_was_placed_then():
    """A payment that comes first makes the order new; that it was unpaid before is told when it is known."""
    order = Order(order_id=ORDER)
    take(order, LIFE[1])
    assert history(order) == [(1, "new")]
    take(order, LIFE[0])
    assert history(order) == WAY[:2]


def test_events_of_one_instant_are_one_step():
    """Of what an order was for no time at all nothing is told."""
    assert history(order_of(tell("order_placed", 1), tell("payment_paid", 1))) == [(1, "new")]
    assert history(order_of(tell("payment_paid", 1), tell("order_placed", 1))) == [(1, "new")]


def test_a_new_word_moves_the_end_of_the_one_before():
    """A return by word lasts until the marketplace's next word, also when a later word was heard before that."""
    words = [("return_requested", 10), ("completed", 20), ("cancelled", 30)]
    told = [tell("status_reported", at, status=status, word=status) for status, at in words]
    step_by_step = Order(order_id=ORDER)
    for event in told:
        take(step_by_step, event)
    assert step_by_step.history == order_of(*told).history


@settings(max_examples=100)
@given(st.permutations(LIFE), st.integers(1, len(LIFE)))
def test_an_ordinary_life_only_goes_on(arrival: list[Event], known: int):
    """However its events come, the status never falls back and the history is that of what is known."""
    order, status = Order(order_id=ORDER), "unknown"
    for event in arrival[:known]:
        take(order, event)
        assert ROWS.index(order.status) <= ROWS.index(status)
        status = order.status
    assert order.history == order_of(*arrival[:known]).history
    assert [ROWS.index(status) for _, status in order.history] == sorted(
        (ROWS.index(status) for _, status in order.history), reverse=True
    )
