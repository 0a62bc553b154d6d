"""Pieces: what covers what, decided by names alone."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from analytics.archive.pieces import Piece, by_day, day_of, merged, merges, missing, needed, piece_of
from pipeline.broker.reader import Stored

DAY = 86_400_000


def piece(first: int, last: int, day: str = "2026-11-24", partition: int = 0) -> Piece:
    return Piece(partition, first, last, day)


def test_a_name_tells_all():
    """What is written into a name is read from it; other names are none of ours."""
    one = piece(17, 99, partition=3)
    assert one.name == "2026-11-24/3-17-99.parquet"
    assert piece_of("2026-11-24", "3-17-99.parquet") == one
    assert piece_of("2026-11-24", ".3-17-99.parquet.draft") is None
    assert piece_of("2026-11-24", "notes.parquet") is None


def test_days_are_those_of_utc():
    """A time that no calendar has does not stop the archive."""
    assert day_of(0) == "1970-01-01"
    assert day_of(1_795_478_399_999) == "2026-11-23"
    assert day_of(1_795_478_400_000) == "2026-11-24"
    assert (day_of(-1), day_of(1 << 62)) == ("1970-01-01", "9999-12-31")


@given(st.lists(st.integers(0, 3 * DAY), min_size=1), st.integers(0, 5))
def test_pieces_of_one_reading_join(times, marks):
    """They cover every offset from the start to the last record, each piece one day."""
    records = [Stored("t", 1, marks + n, time, None, None, []) for n, time in enumerate(times)]
    found = list(by_day(0, records))
    assert [record for _, together in found for record in together] == records
    assert (found[0][0].first, found[-1][0].last) == (0, records[-1].offset)
    assert all(one.last + 1 == other.first for (one, _), (other, _) in pairwise(found))
    assert all({day_of(record.timestamp) for record in together} == {one.day} for one, together in found)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10))), st.integers(0, 30), st.integers(0, 30))
def test_missing_is_what_no_span_covers(spans, start, stop):
    """Whatever overlaps."""
    covered = {at for first, length in spans for at in range(first, first + length)}
    holes = missing([range(first, first + length) for first, length in spans], range(start, stop))
    assert [at for hole in holes for at in hole] == [at for at in range(start, stop) if at not in covered]
    assert all(holes)


def test_a_piece_within_another_is_not_needed():
    """Until the small ones of a merge are removed."""
    large, small, next_ = piece(0, 99), [piece(0, 49), piece(50, 99)], piece(100, 120)
    assert needed([*small, next_, large]) == [large, next_]
    assert needed([large, large._replace(partition=1)]) == [large, large._replace(partition=1)]


def test_neighbours_of_a_day_that_is_over_are_merged():
    """Not across a gap, a day or a partition; and today's only when they are many."""
    old = [piece(0, 9), piece(10, 19), piece(30, 39), piece(40, 49), piece(50, 59, "2026-11-25")]
    groups = merges(old, "2026-11-25")
    assert groups == [old[:2], old[2:4]]
    assert merged(groups[1]) == piece(30, 49)
    assert merges(old, "2026-11-24") == []
    many = [piece(n, n) for n in range(64)]
    assert merges(many, "2026-11-24") == [many]
