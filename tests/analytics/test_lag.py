"""Lag: seconds that are true, and a word that says what they mean."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from analytics.lag import HELD, STILL, Sighting, Track, worst


def track(*steps):
    """Sights a partition at each (second, committed, end, time of the oldest waiting record)."""
    seen = Track()
    for second, committed, end, oldest_at in steps:
        seen.see(Sighting(second * 1_000, committed, end, end - committed, oldest_at))
    return seen


def test_nothing_waiting_is_ok():
    """A partition that is done is OK and zero behind, however long nothing has come."""
    idle = track(*((second, 50, 50, None) for second in range(300)))
    assert (idle.verdict(), idle.behind_ms(), idle.still_ms(), idle.eta_ms()) == ("ok", 0, 0, None)


def test_behind_is_the_age_of_the_oldest_waiting_record():
    """Not messages divided by a rate."""
    assert track((100, 10, 12, 96_500)).behind_ms() == 3_500


def test_moving_with_little_delay_is_ok():
    """A batch under way is no lag worth a word."""
    assert track(*((s, s * 100, s * 100 + 50, s * 1_000 - 800) for s in range(100, 130))).verdict() == "ok"


def test_a_partition_that_gains_catches_up_and_says_when():
    """1,900 wait; 200 a second are done while 100 come in: 19 s."""
    gaining = track(*((s, s * 200, 2_900 + s * 100, 0) for s in range(11)))
    assert gaining.verdict() == "catching_up"
    assert gaining.eta_ms() == 19_000


def test_a_partition_that_loses_falls_behind_and_promises_nothing():
    """It moves, but more comes in than is done."""
    losing = track(*((s, s * 100, 1_000 + s * 200, 0) for s in range(11)))
    assert (losing.verdict(), losing.eta_ms()) == ("falling_behind", None)


def test_a_partition_with_work_that_does_not_move_is_stalled():
    """After ten seconds; not before, as a rebalance takes some."""
    standing = [(s, 40, 41 + s, s * 1_000) for s in range(12)]
    assert track(*standing[:10]).verdict() != "stalled"
    assert track(*standing[:11]).verdict() == "stalled"


def test_standing_still_counts_from_the_first_work():
    """The quiet hour before the record came is not held against it."""
    assert track((0, 5, 5, None), (3_600, 5, 6, 3_600_000), (3_604, 5, 6, 3_600_000)).still_ms() == 4_000


def test_a_stall_outlives_a_silent_kafka():
    """Polls that failed between two sightings of the same place do not start the clock anew."""
    assert track((0, 5, 9, 0), (1, 5, 9, 0), (300, 5, 9, 0)).still_ms() == 300_000


def test_an_offset_set_back_has_moved():
    """An operator who replays a topic has not stalled it."""
    assert track((0, 900, 901, 0), (60, 0, 901, 0), (61, 0, 901, 0)).still_ms() == 1_000


def test_worst_says_the_worst():
    """One stalled partition is what a page must say first; of none all is well."""
    assert worst(["ok", "stalled", "catching_up"]) == "stalled"
    assert worst([]) == "ok"


seconds = st.integers(1, 90)
clocks = st.none() | st.integers(0, 10**9)  # a producer's clock may say anything


@given(st.lists(st.tuples(seconds, st.integers(0, 3), st.integers(0, 5), clocks), min_size=1, max_size=150))
def test_never_less_lag_than_it_has_stood(steps):
    """Whatever the records' timestamps claim, whatever happened before, and also past the sixty sightings kept."""
    seen, at, committed, end = Track(), 0, 0, 0
    standing_since = None
    for elapsed, done, came, oldest_at in steps:
        at, end = at + elapsed * 1_000, end + came
        moved = min(done, end - committed)
        committed += moved
        if committed == end:
            standing_since = None
        elif moved or standing_since is None:
            standing_since = at
        seen.see(Sighting(at, committed, end, end - committed, oldest_at))
    if standing_since is None:
        assert seen.behind_ms() == 0
        assert seen.verdict() == "ok"
    else:
        assert seen.behind_ms() >= at - standing_since
        assert (seen.verdict() == "stalled") is (at - standing_since >= STILL)
    assert seen.eta_ms() is None or seen.eta_ms() > 0


def test_what_a_hanging_transaction_hides_is_no_all_well():
    """Nothing seems to wait; but what lies behind a transaction that does not end is stalled."""
    hangs = Track()
    for second in range(HELD // 1_000 + 1):
        assert hangs.sightings == deque() or hangs.verdict() == "ok"
        hangs.see(Sighting(second * 1_000, 5, 5, 0, None, hidden=second + 1))
    assert (hangs.verdict(), hangs.held_ms(), hangs.behind_ms()) == ("stalled", HELD, HELD)


def test_transactions_that_come_and_go_hold_nothing_up():
    """There is always one open under load; the end moves on behind each."""
    flows = Track()
    for second in range(300):
        flows.see(Sighting(second * 1_000, second, second, 0, None, hidden=3))
    assert (flows.verdict(), flows.held_ms()) == ("ok", 0)
