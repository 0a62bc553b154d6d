"""Rows: the batch's own until its transaction is committed, in memory and in RocksDB."""

import msgspec
import pytest

from pipeline.streams.agent import Table
from pipeline.streams.state import stores
from pipeline.streams.state.rows import PartitionRows
from pipeline.streams.state.stores import MemoryStore, RocksStore


class Row(msgspec.Struct):
    """A row that can be changed in place."""

    numbers: list[int] = []


TABLE = Table("t", changelog="t.log", decode=msgspec.json.Decoder(Row).decode, encode=msgspec.json.encode)


@pytest.fixture(params=["memory", "rocksdict"])
def store(request, tmp_path):
    """Either kind of store."""
    made = MemoryStore() if request.param == "memory" else RocksStore(tmp_path / "rows")
    yield made
    made.close()


@pytest.fixture(params=[0, 100], ids=["uncached", "cached"])
def rows(request, store):
    """Rows over it, with a row `a`."""
    made = PartitionRows(TABLE, store, request.param)
    made.put(b"a", Row([1]))
    made.keep(made.changes(), 10)
    return made


def test_what_is_kept_is_there_for_the_next_batch(rows, store):
    """A row that was put is read back, with the changelog's offset."""
    assert rows.get(b"a") == Row([1])
    assert rows.get(b"b") is None
    assert store.offset == 10


def test_a_failed_batch_leaves_no_trace(rows):
    """Rows changed in place, put, deleted or added by a batch that failed are as they were."""
    rows.get(b"a").numbers.append(2)
    rows.put(b"a", rows.get(b"a"))
    rows.put(b"new", Row([3]))
    rows.delete(b"a")
    rows.forget()
    assert rows.get(b"a") == Row([1])
    assert rows.get(b"new") is None
    assert rows.changes() == {}


def test_a_row_changed_but_not_put_is_not_remembered_after_a_failure(rows):
    """The cache gives its object away: what a failed batch did to it is lost with it."""
    rows.get(b"a").numbers.append(2)
    rows.forget()
    assert rows.get(b"a") == Row([1])


def test_a_batch_sees_its_own_changes(rows):
    """Within a batch the last put or delete counts."""
    rows.put(b"a", Row([5]))
    assert rows.get(b"a") == Row([5])
    rows.delete(b"a")
    assert rows.get(b"a") is None
    assert rows.changes() == {b"a": None}


def test_a_deleted_row_is_gone(rows, store):
    """Deleting takes the row out of the store."""
    rows.delete(b"a")
    rows.keep(rows.changes(), 11)
    assert rows.get(b"a") is None
    assert list(store.items()) == []


def test_undo_goes_back_to_the_last_settled_change(rows):
    """Record by record: what one record did stays, what the next one did before it raised does not."""
    rows.get(b"a").numbers.append(2)
    rows.put(b"a", rows.get(b"a"))
    rows.settle()
    rows.get(b"a").numbers.append(3)
    rows.put(b"a", rows.get(b"a"))
    rows.put(b"b", Row([9]))
    rows.undo()
    assert rows.get(b"a") == Row([1, 2])
    assert rows.get(b"b") is None
    assert rows.changes() == {b"a": b'{"numbers":[1,2]}'}


def test_prefetched_rows_are_what_get_gives(rows):
    """Reading ahead changes nothing but the time it takes."""
    rows.prefetch([b"a", b"b"])
    assert rows.get(b"a") == Row([1])
    assert rows.get(b"b") is None


def test_the_cache_holds_no_more_than_two_generations(store):
    """However many rows pass, no more than twice the bound stay decoded."""
    rows = PartitionRows(TABLE, store, cached=10)
    for number in range(100):
        rows.put(b"%d" % number, Row([number]))
        rows.keep(rows.changes(), number)
        assert len(rows._young) + len(rows._old) <= 22
    assert [rows.get(b"%d" % number) for number in range(100)] == [Row([number]) for number in range(100)]


def test_a_closed_rocksdb_comes_back_with_rows_and_offset(tmp_path):
    """What was written before is there again, and tells up to where it is."""
    store = RocksStore(tmp_path / "rows")
    store.write({b"a": b"1", b"b": b"2"}, 7)
    store.close()
    again = RocksStore(tmp_path / "rows")
    assert (again.offset, list(again.items())) == (7, [(b"a", b"1"), (b"b", b"2")])
    again.close()


def test_files_that_lay_too_long_are_not_trusted(tmp_path, monkeypatch):
    """Kafka forgets after a day that a row was deleted, so older files start from the changelog's beginning."""
    store = RocksStore(tmp_path / "rows")
    store.write({b"a": b"1"}, 7)
    store.close()
    monkeypatch.setattr(stores, "STALE_AFTER", -10)
    again = RocksStore(tmp_path / "rows")
    assert (again.offset, list(again.items())) == (None, [])
    again.close()


def test_damaged_files_are_made_anew(tmp_path):
    """The changelog has everything: a folder that cannot be opened is no reason to stand still."""
    store = stores.open_rocks(tmp_path / "rows")
    store.write({b"a": b"1"}, 7)
    store.close()
    for file in (tmp_path / "rows").glob("MANIFEST*"):
        file.write_bytes(b"damaged")
    again = stores.open_rocks(tmp_path / "rows")
    assert (again.offset, list(again.items())) == (None, [])
    again.close()


def test_what_is_not_on_disk_yet_has_one_budget(tmp_path):
    """Of all partitions together: a worker of many does not grow while the buffer of each fills by and by."""
    many = [stores.open_rocks(tmp_path / str(number)) for number in range(16)]
    for turn in range(64):
        for store in many:
            store.write({b"%d" % turn: bytes(50_000)}, turn)
    held = sum(store._db.property_int_value("rocksdb.cur-size-all-mem-tables") for store in many)
    assert 0 < held < stores.WRITTEN_BYTES * 5 / 4
    for store in many:
        store.close()


def test_files_that_somebody_holds_are_left_alone(tmp_path):
    """Two workers never share a folder; if they tried, the second one stops and nothing is deleted."""
    store = stores.open_rocks(tmp_path / "rows")
    store.write({b"a": b"1"}, 7)
    with pytest.raises(Exception, match=r"(?i)lock"):
        stores.open_rocks(tmp_path / "rows")
    assert store.get(b"a") == b"1"
    store.close()
