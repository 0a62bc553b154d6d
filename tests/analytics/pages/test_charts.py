"""Geometry of charts: axes are round, paths stay in their box, gauges and rooms say the truth."""

import re
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.pages import charts


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0, (0, 1)),
        (7, (0, 2, 4, 6, 8)),
        (116_848_000, (0, 25e6, 50e6, 75e6, 100e6, 125e6)),
        (100, (0, 25, 50, 75, 100)),
    ],
)
def test_axes_are_round(highest, ticks):
    """An axis has a round step, begins at zero and holds the highest value."""
    assert charts.axis(highest).ticks == ticks


def test_axes_of_things_have_no_halves():
    """An axis of counts labels whole numbers only."""
    assert charts.axis(7, 3, whole=True).ticks == (0, 2, 4, 6, 8)
    assert charts.axis(1, 3, whole=True).ticks == (0, 1)


@given(st.floats(1e-6, 1e15), st.integers(3, 6))
def test_an_axis_holds_its_values(highest, parts):
    """Whatever the highest value, it fits and fills more than half of the axis in about so many parts."""
    axis = charts.axis(highest, parts)
    assert axis.top >= highest * (1 - 1e-9)
    assert highest > axis.top * 0.4
    assert isclose(axis.ticks[-1], axis.top, rel_tol=1e-9)
    assert 2 <= len(axis.ticks) <= parts + 2


def test_a_line_has_gaps_where_nothing_is_known():
    """An unknown value breaks the line, and what is filled under it, in two."""
    path = charts.line([0, 10, None, 10, 0], 10)
    assert path == "M0 100.0L250 0.0M750 0.0L1000 100.0"
    assert charts.area(path).count("Z") == 2


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=40))
def test_columns_stay_in_their_box(values):
    """No column leaves the drawing, and one of nothing is not drawn."""
    top = charts.axis(max(values)).top
    path = charts.columns(values, [0] * len(values), top)
    assert path.count("M") == sum(value > 0 for value in values)
    heights = [float(y) for y in re.findall(r"V([-\d.]+)h", path)]
    assert all(-0.01 <= y <= charts.HEIGHT for y in heights)


@pytest.mark.parametrize(
    ("hits", "cases", "target", "side", "room", "recovery"),
    [
        (52, 1_232, 0.04, "max", -3, 68),
        (101, 9_691, 0.012, "max", 15, 0),
        (0, 0, 0.04, "max", 0, 0),
        (2_814, 3_077, 0.80, "min", 440, 0),
        (70, 100, 0.80, "min", -13, 50),
    ],
)
def test_room_and_recovery(hits, cases, target, side, room, recovery):  # noqa: PLR0917  # a row of the table
    """So many more bad cases until the target is missed; so many clean ones until it is met again."""
    assert charts.room(hits, cases, target, side) == room
    assert charts.recovery(hits, cases, target, side) == recovery


@given(st.integers(0, 5_000), st.integers(1, 5_000), st.sampled_from([0.012, 0.025, 0.04, 0.1]))
def test_room_is_the_last_that_fits(hits, cases, target):
    """With all of the room used the target still holds; with one more it does not."""
    room = charts.room(min(hits, cases), cases, target, "max")
    if room >= 0:
        kept, broken = ((min(hits, cases) + n) / (cases + n) for n in (room, room + 1))
        assert kept <= target + 1e-9
        assert broken > target


@given(st.floats(0, 1), st.sampled_from([("max", 0.04, 0.1), ("max", 0.012, None), ("min", 0.8, None)]))
def test_a_gauge_keeps_all_marks_on_its_scale(rate, rule):
    """Rate, target and penalty lie between 0 and 100 percent, and on the right side of each other."""
    side, target, penalty = rule
    value, mark, tick = charts.gauge(rate, target, penalty, side)
    assert all(-1e-9 <= place <= 100 for place in (value, mark, tick) if place is not None)
    assert (value <= mark) == (rate <= target)
