"""The watermark: what it says is counted is counted, told from offsets alone."""

from hypothesis import given
from hypothesis import strategies as st

from analytics.watermark import Place, Stage, Watermark

STAGES = (Stage("first", ("in",)), Stage("second", ("middle",)))


def places(first, second):
    """Gives a poll of one partition each: (committed, end) of the first group and of the second."""
    return {("first", "in", 0): Place(*first), ("second", "middle", 0): Place(*second)}


def test_all_done_is_counted_up_to_the_poll():
    """Nothing waits anywhere."""
    mark = Watermark(STAGES)
    mark.see(7, places((5, 5), (9, 9)))
    assert mark.value == 7


def test_nothing_is_said_before_something_is_known():
    """No group of a stage was ever seen."""
    mark = Watermark(STAGES)
    mark.see(7, {("first", "in", 0): Place(5, 5)})
    assert mark.value is None


def test_a_partition_that_nobody_reads_holds_the_watermark():
    """Its owner died before it did anything: what waits there is not counted."""
    mark = Watermark(STAGES, partitions=2)
    whole = {(*key[:2], number): place for key, place in places((5, 5), (9, 9)).items() for number in (0, 1)}
    mark.see(1, {key: place for key, place in whole.items() if key != ("first", "in", 1)})
    assert mark.value is None
    mark.see(2, whole)
    assert mark.value == 2


def test_what_the_next_group_has_not_done_is_not_counted():
    """The first group is through at 1; its output waits until the second passes where that ended."""
    mark = Watermark(STAGES)
    mark.see(1, places((5, 5), (3, 9)))
    mark.see(2, places((6, 8), (8, 12)))
    assert mark.value is None
    mark.see(3, places((8, 8), (9, 15)))
    assert mark.value == 1


def test_a_stall_holds_the_watermark():
    """However many polls go by."""
    mark = Watermark(STAGES)
    mark.see(1, places((5, 5), (9, 9)))
    for at in range(2, 1_000):
        mark.see(at, places((5, 6), (9, 9)))
    assert mark.value == 1
    mark.see(1_000, places((6, 6), (10, 10)))
    assert mark.value == 1_000


def test_steady_work_moves_the_watermark():
    """Always a hundred records behind, at each stage, and yet it follows."""
    mark = Watermark(STAGES)
    for at in range(1, 50):
        mark.see(at, places((at * 100, at * 100 + 100), (at * 100 - 100, at * 100)))
    assert mark.value == 47


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), max_size=60))
def test_what_it_says_is_counted(steps):
    """A pipeline of two groups that work at any pace: each record that came before the watermark is through."""
    mark, came, made, through = Watermark(STAGES), [], [], 0
    first = 0
    for at, (new, work, more) in enumerate(steps, 1):
        mark.see(at, places((first, len(came)), (through, len(made))))
        counted = set(made[:through])
        assert all(index in counted for index, when in enumerate(came) if mark.value and when < mark.value)
        came += [at] * new
        done = min(work, len(came) - first)
        made += range(first, first + done)
        first += done
        through = min(len(made), through + more)
