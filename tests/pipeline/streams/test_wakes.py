"""Wakes: each row is woken at the instant that it last asked for, however often it changed its mind."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.streams import testing
from pipeline.streams.agent import Due, Message, Table, agent
from pipeline.streams.state import wakes
from pipeline.streams.state.rows import PartitionRows
from pipeline.streams.state.stores import MemoryStore
from pipeline.streams.state.wakes import Wakes

TABLE = Table("t", changelog="t.log", decode=msgspec.json.decode, encode=msgspec.json.encode, wakes=lambda at: at)
KEYS = st.sampled_from([b"a", b"b", b"bb", b"\xff"])


def rows_of(**instants: int | None) -> PartitionRows:
    """Gives rows that want to be woken then."""
    store = MemoryStore()
    store.write({key.encode(): msgspec.json.encode(at) for key, at in instants.items()}, 0)
    return PartitionRows(TABLE, store)


def test_rows_are_woken_when_they_asked_for_it_the_first_one_first():
    """Those that never want to be woken are not."""
    rows = rows_of(a=30, b=10, c=None, d=20)
    assert not rows.wakes.is_due(9)
    assert rows.wakes.is_due(10)
    assert rows.due(25, 100) == [b"b", b"d"]


def test_what_was_woken_in_vain_is_woken_again():
    """The transaction failed: it is as if nobody had been woken."""
    rows = rows_of(a=10)
    assert rows.due(10, 100) == [b"a"]
    rows.forget()
    assert rows.due(10, 100) == [b"a"]


def test_a_row_that_was_postponed_is_woken_then_if_it_still_wants_to_be():
    """Also when its transaction failed, and it was put back as well."""
    rows = rows_of(a=10, b=10)
    assert rows.due(10, 100) == [b"a", b"b"]
    rows.postpone(b"a", 70)
    rows.postpone(b"b", 70)
    rows.put(b"b", 80)
    rows.keep(rows.changes(), 1)
    assert [rows.due(now, 100) for now in (69, 70)] == [[], [b"a"]]
    rows.postpone(b"a", 75)
    rows.forget()
    assert rows.due(75, 100) == [b"a"]


def test_a_row_that_changed_is_woken_at_its_new_time_alone():
    """The old entry is still there, and wakes nobody."""
    rows = rows_of(a=10)
    rows.put(b"a", 20)
    rows.keep(rows.changes(), 1)
    assert (rows.due(10, 100), rows.due(20, 100)) == ([], [b"a"])


def test_a_row_that_the_same_batch_changed_is_not_woken():
    """Records come first, and may tell why nothing is due any more."""
    rows = rows_of(a=10, b=10)
    rows.put(b"a", 20)
    assert rows.due(10, 100) == [b"b"]


def test_a_row_that_is_gone_wakes_nobody():
    """Its entry is found in vain."""
    rows = rows_of(a=10)
    rows.delete(b"a")
    rows.keep(rows.changes(), 1)
    assert rows.due(10, 100) == []


def test_only_so_many_are_woken_at_once():
    """The rest stays due."""
    rows = rows_of(a=1, b=2, c=3)
    assert rows.due(9, 2) == [b"a", b"b"]
    rows.keep({}, 1)
    assert rows.wakes.is_due(9)
    assert rows.due(9, 2) == [b"c"]


def test_rows_that_change_again_and_again_need_no_more_memory(monkeypatch: pytest.MonkeyPatch):
    """Entries of the past are thrown away when there are more than twice as many as rows, and some."""
    monkeypatch.setattr(wakes, "SPARE", 10)
    rows = rows_of(**{f"k{number}": 1_000 + number for number in range(20)})
    for at in range(200):
        rows.put(b"k7", 5_000 + at)
        rows.keep(rows.changes(), at)
    assert len(rows.wakes) <= 50
    assert rows.due(1_019, 100) == [f"k{number}".encode() for number in range(20) if number != 7]
    assert rows.due(5_199, 100) == [b"k7"]


@given(st.lists(st.tuples(KEYS, st.none() | st.integers(0, 20), st.booleans())), st.integers(0, 20))
def test_whatever_is_written_the_right_rows_are_woken(changes: list[tuple[bytes, int | None, bool]], now: int):
    """As a look at every row would find; and the same if they are read anew."""
    store = MemoryStore()
    rows, wanted = PartitionRows(TABLE, store), dict[bytes, int | None]()
    for offset, (key, at, goes) in enumerate(changes):
        if goes:
            rows.delete(key)
            wanted.pop(key, None)
        else:
            rows.put(key, at)
            wanted[key] = at
        rows.keep(rows.changes(), offset)
    due = {key for key, at in wanted.items() if at is not None and at <= now}
    assert set(PartitionRows(TABLE, store).due(now, 100)) == due
    assert set(rows.due(now, 100)) == due
    assert Wakes(TABLE, store).is_due(now) == bool(due)


def test_a_ring_needs_rows_that_say_a_time():
    """The mistake is told where it is made."""
    silent = Table("t", changelog="t.log", decode=msgspec.json.decode, encode=msgspec.json.encode)
    with pytest.raises(TypeError, match="wakes"):
        agent("in", table=silent, ring=lambda _, __: ())


def test_a_ring_is_tested_without_a_broker():
    """`testing.ring` calls it with what is due, as a worker does."""

    def tell(due: Due, rows):
        for key in due.keys:
            yield Message("out", key, b"%d" % due.now)
            rows.put(key, due.now + 5)

    @agent("in", table=TABLE, ring=tell)
    def work(batch, rows):
        """Does nothing."""
        return ()

    outcome = testing.ring(work, 15, {b"a": 10, b"b": 20})
    assert [(message.key, message.value) for message in outcome.messages] == [(b"a", b"15")]
    assert outcome.rows == {b"a": 20, b"b": 20}
