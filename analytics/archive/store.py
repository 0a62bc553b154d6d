"""The store: the archive's folder. A file is there whole or not at all, and file names alone say what is there."""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from analytics.archive import ArchiveBusyError, parquet
from analytics.archive.pieces import Piece, by_day, merged, merges, needed, piece_of
from pipeline.broker.reader import Stored
from pipeline.settings import Settings

DRAFT = ".{}.draft"


def folder(settings: Settings) -> Path:
    """Gives the archive's place."""
    return settings.archive.path or settings.home / "archive"


@contextmanager
def writing(archive: Path) -> Iterator[None]:
    """Makes us the only writer until the end of the block or of the process. Raises ArchiveBusyError."""
    archive.mkdir(parents=True, exist_ok=True)
    with (archive / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArchiveBusyError(f"another `arus archive run` writes {archive}: one is enough") from None
        yield


def pieces(archive: Path, topic: str) -> list[Piece]:
    """Gives what is there of a topic, in order; while two pieces hold the same records, only the larger."""
    found = (piece_of(file.parent.name, file.name) for file in (archive / topic).glob("*/*.parquet"))
    return needed(piece for piece in found if piece)


def read(archive: Path, topic: str, partition: int, from_offset: int = 0) -> Iterator[Stored]:
    """Gives a partition's records from an offset on, each once and in order, also while the archive is written.

    Raises ArchiveError where a file cannot be read.
    """
    at, whole = from_offset, False
    while not whole:
        try:
            for piece in pieces(archive, topic):
                if piece.partition == partition and piece.last >= at:
                    for record in parquet.read(archive / topic / piece.name, topic, at):
                        at = record.offset + 1
                        yield record
            whole = True
        except FileNotFoundError:  # it was merged after we had looked: its records lie in another file
            continue


def keep(archive: Path, start: int, records: Sequence[Stored]) -> int:
    """Keeps a partition's records, read from `start` on, and gives where to read on."""
    topic = archive / records[0].topic
    for piece, together in by_day(start, records):
        _write(topic, piece, [parquet.table(together)])
        start = piece.last + 1
    return start


def merge(archive: Path, topic: str, today: str) -> int:
    """Merges the many small files of days that are over, and gives how many went."""
    gone = 0
    for group in merges(pieces(archive, topic), today):
        _write(archive / topic, merged(group), _all(archive / topic, group))
        gone += _remove(archive / topic / piece.name for piece in group)
    return gone


def tidy(archive: Path, topic: str) -> None:
    """Removes what a writer left that was killed: drafts, and files whose records lie in a larger one."""
    _remove((archive / topic).glob(f"*/{DRAFT.format('*')}"))
    kept = {archive / topic / piece.name for piece in pieces(archive, topic)}
    found = [file for file in (archive / topic).glob("*/*.parquet") if piece_of(file.parent.name, file.name)]
    _remove(file for file in found if file not in kept)


def _all(topic: Path, group: Iterable[Piece]) -> Iterator[pa.Table]:
    for piece in group:
        yield from parquet.tables(topic / piece.name)


def _write(topic: Path, piece: Piece, tables: Iterable[pa.Table]) -> None:
    """Writes one file: under another name until all of it is on the disk, so that its own name tells the truth."""
    path = topic / piece.name
    _make(path.parent)
    draft = path.with_name(DRAFT.format(path.name))
    with draft.open("wb") as file:
        parquet.write(file, tables)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    sync(path.parent)


def _make(place: Path) -> None:
    """Makes a folder and those above it that are missing, each on the disk before anything is put in it."""
    if not place.exists():
        _make(place.parent)
        place.mkdir()
        sync(place.parent)


def _remove(files: Iterable[Path]) -> int:
    gone = 0
    for file in files:
        file.unlink(missing_ok=True)
        gone += 1
    return gone


def sync(place: Path) -> None:
    """Writes down what was made, renamed or removed in a folder, so that it outlives a power cut."""
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
