"""Corrections: a state folded anew takes the place of the one it was compared with, and of no other."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tracking import track
from pipeline import codec
from pipeline.streams import testing
from pipeline.streams.testing import Given, Outcome
from schemas.corrections import Correction, stamp
from schemas.facts import VERSION, Order
from tests.agents.events import ORDER, START, lives, order_of, tell
from tests.agents.telling import read

KEY = ORDER.encode()
LIVE = order_of(tell("order_placed"), tell("payment_paid", 1), tell("status_reported", 2, status="completed", rank=9))
ANEW = order_of(tell("order_placed"), tell("payment_paid", 1))


def corrected(order: Order, was: bytes, rows: dict[bytes, Order], key: bytes = KEY) -> Outcome:
    """Runs tracking over one correction."""
    told = Correction("c1", ORDER, stamp(was), order, "told otherwise", START)
    return testing.run(track, [Given(key, codec.encode(told), timestamp=START)], rows, topic="order.corrections")


def test_the_state_is_replaced_and_the_change_of_status_told():
    """With the correction as its cause, and no word to anybody's inbox."""
    outcome = corrected(ANEW, codec.encode(LIVE), {KEY: LIVE})
    assert outcome.rows == {KEY: ANEW}
    [change] = read(outcome, "order.transitions")
    assert (change.before, change.after, change.event_type, change.event_id) == (
        "completed",
        ANEW.status,
        "state_corrected",
        "c1",
    )
    assert read(outcome, "notices") == []


def test_an_order_without_a_state_gets_one():
    """It is told as a change from nothing."""
    outcome = corrected(ANEW, b"", {})
    assert outcome.rows == {KEY: ANEW}
    assert [change.before for change in read(outcome, "order.transitions")] == ["unknown"]


@given(lives())
def test_a_state_that_moved_on_stays(life):
    """Whatever was told since: it holds more than the correction knows."""
    now = order_of(*life)
    outcome = corrected(ANEW, codec.encode(LIVE), {KEY: now})
    assert (outcome.rows, outcome.messages) == ({KEY: now}, [])


def test_the_same_correction_counts_once():
    """A second one of the same finds another state than it was made for."""
    once = corrected(ANEW, codec.encode(LIVE), {KEY: LIVE})
    again = corrected(ANEW, codec.encode(LIVE), once.rows)
    assert (again.rows, again.messages) == (once.rows, [])


def test_a_contradiction_that_is_gone_is_withdrawn_and_a_new_one_told():
    """With the correction as what explains it."""
    wrong = order_of(tell("order_placed"), tell("order_cancelled", 1), tell("payment_paid", 2))
    right = order_of(tell("order_placed"), tell("payment_paid", 2, amount=7))
    [gone, new] = sorted(read(corrected(right, codec.encode(wrong), {KEY: wrong}), "anomalies"), key=lambda a: a.kind)
    assert (gone.kind, gone.withdrawn, gone.event_id) == ("paid_after_cancel", True, "c1")
    assert (new.kind, new.withdrawn) == ("paid_wrong_amount", False)


@pytest.mark.parametrize(
    ("key", "version", "cause"), [(b"tiktok_shop:2", VERSION, "wrong_key"), (KEY, VERSION - 1, "other_version")]
)
def test_a_correction_that_cannot_count_is_buried(key, version, cause):
    """One of another order, and one that another version folded."""
    outcome = corrected(msgspec.structs.replace(ANEW, version=version), codec.encode(LIVE), {KEY: LIVE}, key)
    assert [buried.cause for buried in outcome.buried] == [cause]
    assert outcome.rows == {KEY: LIVE}


@given(lives(), lives(), st.data())
def test_what_is_told_after_a_correction_joins_it(before, life, data):
    """It is a state like any: the events that follow lead where they lead without it."""
    cut = data.draw(st.integers(1, len(life)))
    live = order_of(*before)
    outcome = corrected(order_of(*life[:cut]), codec.encode(live), {KEY: live})
    after = testing.run(track, [testing.told(event) for event in life[cut:]], outcome.rows)
    assert codec.encode(after.rows[KEY]) == codec.encode(order_of(*life))
