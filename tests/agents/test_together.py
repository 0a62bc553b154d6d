"""Fold, promises and stock together: whatever comes when and whoever dies, the end is that of the facts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.reminding import reminding_agent
from agents.stocking import move, stock
from agents.tracking import track
from pipeline import codec
from pipeline.settings import Settings
from schemas.events import Event
from schemas.notices import Notice
from schemas.times import DAY, HOUR
from tests.agents.events import START, lives, tell
from tests.agents.river import River
from tests.agents.test_stocking import Shelf, folded, happenings, told_of

REMIND = reminding_agent(Settings())
OF_TIME = ("promise_near", "promise_broken")
TOLD_AT = START + 61 * HOUR
"""When the last of what happens has happened."""

LOOKS = [TOLD_AT + days * DAY for days in range(30)]


def flowed(told: Iterable[Event], seed: int, crashes: float) -> River:
    """Lets events flow through the agents, then lets a month pass."""
    river = River((track, move, stock, REMIND), seed, crashes)
    river.now = TOLD_AT
    for event in told:
        river.tell(event)
    river.run()
    for now in LOOKS:
        river.ring(now)
    return river


def all_notices(river: River) -> list[Notice]:
    """Gives every notice that was told."""
    return [msgspec.json.decode(record.value, type=Notice) for record in river.sent("notices")]


def of_time(river: River) -> set[str]:
    """Gives what time alone told."""
    return {notice.notice_id for notice in all_notices(river) if notice.kind in OF_TIME}


def shelves(river: River) -> dict[bytes, Shelf]:
    """Gives each shelf with anything on it: an article that was another seller's for a while leaves an empty one."""
    levels = {key: told_of(level) for key, level in river.levels().items()}
    return {key: shelf for key, shelf in levels.items() if any(shelf)}


def ends_alike(told: Sequence[Event], shuffled: Sequence[Event], seed: int) -> None:
    """Compares a run in any order, with repeats and crashes, with the facts and with a run in good order."""
    river, calm = flowed(shuffled, seed, 0.3), flowed(told, 0, 0)
    states = {key.decode(): codec.encode(order) for key, order in river.states().items()}
    orders = folded(event for event in told if event.order_id)
    assert states == {order.order_id: codec.encode(order) for order in orders}
    assert of_time(river) == of_time(calm)
    assert {*Counter(notice.notice_id for notice in all_notices(river)).values()} <= {1}
    assert shelves(river) == shelves(calm)
    assert not river.buried


@settings(max_examples=100)
@given(st.lists(happenings(), min_size=4, max_size=25), st.integers(0, 2**32), st.data())
def test_orders_and_shelves_end_alike(told: list[Event], seed: int, data: st.DataObject):
    """Three orders of two sellers and two articles: the same states, the same alarms once each, the same shelves."""
    again = data.draw(st.lists(st.sampled_from(told), max_size=5))
    ends_alike(told, data.draw(st.permutations([*told, *again])), seed)


@settings(max_examples=100)
@given(lives(), st.integers(0, 2**32), st.data())
def test_any_life_ends_alike(told: list[Event], seed: int, data: st.DataObject):
    """Every kind of event and of promise, of one order."""
    again = data.draw(st.lists(st.sampled_from(told), max_size=3))
    ends_alike(told, data.draw(st.permutations([*told, *again])), seed)


def test_time_has_something_to_tell():
    """The lives above are worth the test: alarms of many promises ring in that month."""
    kinds = ["order_placed", "payment_paid", "order_confirmed", "shipping_arranged", "package_scanned"]
    kinds += ["return_requested", "return_approved", "claim_opened", "refund_requested", "cancellation_requested"]
    lives_ = [[tell(kind, 50 + n, order_id=f"a:{most}") for n, kind in enumerate(kinds[:most])] for most in range(11)]
    river = flowed(chain.from_iterable(lives_), 1, 0)
    assert len({notice.values["promise"] for notice in all_notices(river) if notice.kind in OF_TIME}) >= 5
