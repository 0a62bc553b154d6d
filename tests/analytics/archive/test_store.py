"""The store: whatever is written, cut and killed, each record comes back once and byte for byte."""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.archive import ARCHIVED, ArchiveBusyError, ArchiveError, parquet, store
from analytics.archive.pieces import Piece, missing
from analytics.archive.showing import kept
from analytics.rows import TABLES
from pipeline.broker.reader import Stored
from pipeline.topics import TOPICS

DAY = 86_400_000
TODAY = "1970-01-03"


class Killed(BaseException):
    """The process ended here."""


class Mortal:
    """Ends the process before its n-th step on the disk."""

    STEPS = ((store.os, "fsync"), (Path, "rename"), (Path, "unlink"), (Path, "mkdir"))

    def __init__(self, patch: pytest.MonkeyPatch, steps: int) -> None:
        self._left = steps
        for owner, name in self.STEPS:
            patch.setattr(owner, name, self._dying(getattr(owner, name)))

    def _dying(self, step):
        def wrapped(*given, **named):
            self._left -= 1
            if self._left < 0:
                raise Killed
            return step(*given, **named)

        return wrapped


raw = st.none() | st.binary(max_size=20)
headers = st.lists(
    st.tuples(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), st.binary(max_size=5)), max_size=3
)
bodies = st.tuples(st.integers(0, 1), st.integers(1, 3), st.integers(-1, 3 * DAY), raw, raw, headers)


@st.composite
def logs(draw) -> list[Stored]:
    """Records of two partitions; between them offsets that are Kafka's own marks."""
    ends, records = [0, 0], []
    for partition, skip, timestamp, key, value, told in draw(st.lists(bodies, max_size=30)):
        ends[partition] += skip
        records.append(Stored("t", partition, ends[partition] - 1, timestamp, key, value, told))
    return records


def stands(archive: Path, partition: int) -> int:
    return max((piece.last + 1 for piece in store.pieces(archive, "t") if piece.partition == partition), default=0)


def work(archive: Path, log: list[Stored], cut: int) -> None:
    """Does what a run does: removes leftovers, keeps what is not there yet, merges."""
    store.tidy(archive, "t")
    for partition in (0, 1):
        start = stands(archive, partition)
        rest = [record for record in log if record.partition == partition and record.offset >= start]
        for at in range(0, len(rest), cut):
            start = store.keep(archive, start, rest[at : at + cut])
    store.merge(archive, "t", TODAY)


@settings(max_examples=150, deadline=None)
@given(logs(), st.lists(st.tuples(st.integers(0, 25), st.integers(1, 8)), max_size=5), st.integers(1, 8))
def test_killed_at_any_step(log, lives, cut):
    """At each moment a reader finds a whole beginning of each partition; in the end all of it, in files that join."""
    with tempfile.TemporaryDirectory() as made:
        archive = Path(made)
        for steps, other_cut in lives:
            with pytest.MonkeyPatch.context() as patch:
                Mortal(patch, steps)
                with suppress(Killed):
                    work(archive, log, other_cut)
            for partition in (0, 1):
                found = list(store.read(archive, "t", partition))
                assert found == [r for r in log if r.partition == partition][: len(found)]
                assert len(found) == len(
                    [r for r in log if r.partition == partition and r.offset < stands(archive, partition)]
                )
        work(archive, log, cut)
        for partition in (0, 1):
            wanted = [record for record in log if record.partition == partition]
            assert list(store.read(archive, "t", partition)) == wanted
            held = [piece.span for piece in store.pieces(archive, "t") if piece.partition == partition]
            assert missing(held, range(stands(archive, partition))) == []
            for start in (1, 7):
                assert list(store.read(archive, "t", partition, start)) == [r for r in wanted if r.offset >= start]
        files = [file for file in archive.rglob("*") if file.is_file()]
        assert len(files) == len(store.pieces(archive, "t"))
        assert sum(parquet.check(archive / "t" / piece.name, piece) for piece in store.pieces(archive, "t")) == len(log)


def record(offset: int, timestamp: int = 0) -> Stored:
    return Stored("t", 0, offset, timestamp, None, b"v" * 100, [])


def test_reading_goes_on_while_files_are_merged(tmp_path):
    """A file that went after the reader had looked is no loss."""
    for offset in range(4):
        store.keep(tmp_path, offset, [record(offset)])
    found = store.read(tmp_path, "t", 0)
    assert next(found).offset == 0
    assert store.merge(tmp_path, "t", TODAY) == 4
    assert [each.offset for each in found] == [1, 2, 3]


def test_a_large_file_is_read_from_where_it_is_asked(tmp_path, monkeypatch):
    """Groups of rows before that stay packed."""
    monkeypatch.setattr(parquet, "GROUP_BYTES", 1_000)
    for offset in range(50):
        store.keep(tmp_path, offset, [record(offset)])
    store.merge(tmp_path, "t", TODAY)
    (piece,) = store.pieces(tmp_path, "t")
    assert piece == Piece(0, 0, 49, "1970-01-01")
    assert sum(each.num_rows for each in parquet.tables(tmp_path / "t" / piece.name, 45)) < 15
    assert [each.offset for each in store.read(tmp_path, "t", 0, 45)] == [45, 46, 47, 48, 49]


def test_a_damaged_file_is_named(tmp_path):
    """One bit that turned is found, and what helps is told."""
    store.keep(tmp_path, 0, [record(offset) for offset in range(1_000)])
    (piece,) = store.pieces(tmp_path, "t")
    path = tmp_path / "t" / piece.name
    whole = path.read_bytes()
    for at in (60, len(whole) // 2):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(ArchiveError, match=f"{path} is damaged .*backup"):
            list(store.read(tmp_path, "t", 0))
    path.write_bytes(b"")
    with pytest.raises(ArchiveError, match="is damaged"):
        list(store.read(tmp_path, "t", 0))


def test_a_file_under_another_name_is_noticed(tmp_path):
    """A name is believed only after its file has been read."""
    store.keep(tmp_path, 0, [record(0), record(1)])
    (piece,) = store.pieces(tmp_path, "t")
    other = piece._replace(last=5)
    shutil.move(tmp_path / "t" / piece.name, tmp_path / "t" / other.name)
    with pytest.raises(ArchiveError, match="does not hold what its name says"):
        parquet.check(tmp_path / "t" / other.name, other)


def test_a_rebuild_needs_no_other_topics():
    """Whatever the warehouse is made of is archived, or kept by Kafka for ever."""
    assert {name for name in TABLES if TOPICS[name].keep_days} == {*ARCHIVED}


def test_one_writer_at_a_time(tmp_path):
    """The second is told who is there."""
    with (
        store.writing(tmp_path),
        pytest.raises(ArchiveBusyError, match="another `arus archive run`"),
        store.writing(tmp_path),
    ):
        pass
    with store.writing(tmp_path):
        pass


def test_what_is_there_is_counted(tmp_path):
    """Days, records, bytes, and up to when; DuckDB reads the files as they are."""
    store.keep(tmp_path, 0, [record(0, 5), record(1, DAY + 7), record(2, DAY + 6)])
    told = kept(tmp_path, "t")
    assert (told.days, told.first_day, told.last_day, told.files, told.records) == (2, "1970-01-01", "1970-01-02", 2, 3)
    assert told.until == DAY + 7
    assert told.bytes == sum(file.stat().st_size for file in tmp_path.rglob("*.parquet"))
    assert kept(tmp_path, "other").records == 0
