"""Verifying: what Kafka still has is in the archive byte for byte; what it has no more lies there without a gap."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from msgspec import Struct, field

from analytics.archive import ArchiveError, parquet, store
from analytics.archive.pieces import Piece, missing
from pipeline.broker import reader
from pipeline.broker.reader import Stored
from pipeline.settings import Kafka

Progress = Callable[[int, int, str], None]

AGAIN = "`arus archive run --once` reads them anew"
BACKUP = "put the file back from a backup"
SHOWN = 5
"""As many places are told; of more only how many there are."""


class Checked(Struct):
    """One partition. `same` are like Kafka's; `waiting` were written to Kafka after the archive's last record."""

    topic: str
    partition: int
    first: int | None = None
    last: int | None = None
    files: int = 0
    records: int = 0
    same: int = 0
    missing: int = 0
    differing: int = 0
    waiting: int = 0
    waiting_since: int | None = None
    problems: list[str] = field(default_factory=list)


def verify(kafka: Kafka, archive: Path, topic: str, late: int, progress: Progress = lambda *_: None) -> list[Checked]:
    """Checks a topic, partition by partition; what was written before `late` and still waits is a problem too."""
    while True:
        try:
            return _verify(kafka, archive, topic, late, progress)
        except FileNotFoundError:  # files were merged meanwhile
            continue


def _verify(kafka: Kafka, archive: Path, topic: str, late: int, progress: Progress) -> list[Checked]:
    # The archive is looked at first: what it takes meanwhile must not seem to be more than Kafka has.
    held, has = store.pieces(archive, topic), reader.spans(kafka, topic)
    numbers = sorted(has.keys() | {piece.partition for piece in held})
    checks = {number: _Check(archive, topic, number, held, has.get(number, range(0))) for number in numbers}
    total, done = len(held) + sum(map(len, has.values())), 0
    for check in checks.values():
        for piece in check.files():
            done += 1
            progress(done, total, f"{topic}: {done:,} files read, {piece.name}")
    for seen, record in enumerate(reader.records(kafka, topic, has), 1):
        checks[record.partition].see(record)
        if seen % 1_000 == 0:
            progress(done + seen, total, f"{topic}: {seen:,} records compared with Kafka")
    return [check.done(late) for check in checks.values()]


class _Check:
    """One partition while it is checked."""

    def __init__(self, archive: Path, topic: str, number: int, held: Iterable[Piece], has: range) -> None:
        self._folder, self._has = archive / topic, has
        self._pieces = [piece for piece in held if piece.partition == number]
        self._sound: list[Piece] = []
        self._ours = self._read()
        self._mine: Stored | None = None
        self._lacks: list[int] = []
        self._differs: list[int] = []
        self.told = Checked(topic, number, files=len(self._pieces))
        if self._pieces:
            self.told.first, self.told.last = self._pieces[0].first, self._pieces[-1].last

    def files(self) -> Iterator[Piece]:
        """Reads each file to its end."""
        for piece in self._pieces:
            try:
                self.told.records += parquet.check(self._folder / piece.name, piece)
                self._sound.append(piece)
            except ArchiveError as error:
                self.told.problems.append(str(error))
            yield piece

    def see(self, record: Stored) -> None:
        """Holds a record that Kafka has against ours."""
        mine = self._upto(record.offset)
        if mine and mine.offset == record.offset:
            self.told.same += mine == record
            self._differs += [record.offset] if mine != record else []
        elif self.told.last is not None and record.offset <= self.told.last:
            self._lacks.append(record.offset)
        else:
            self.told.waiting += 1
            self.told.waiting_since = min(self.told.waiting_since or record.timestamp, record.timestamp)

    def done(self, late: int) -> Checked:
        """Tells what was found."""
        self.told.missing, self.told.differing = len(self._lacks), len(self._differs)
        where = f"{self.told.topic}/{self.told.partition}"
        self.told.problems += [f"{where}: {problem}" for problem in self._problems(late)]
        return self.told

    def _problems(self, late: int) -> Iterator[str]:
        told, end = self.told, self._has.stop
        if told.last is not None and told.last >= end:
            yield f"the archive reaches to {told.last}, Kafka only to {end - 1}: it was emptied or is another one"
        for hole in self._holes():
            yield _hole(hole, self._has)
        for piece in self._sound:
            if lacks := [offset for offset in self._lacks if offset in piece.span]:
                yield f"{self._folder / piece.name} lacks {_shown(lacks)}: delete it, and {AGAIN}"
        if self._differs:
            yield f"{_shown(self._differs)} are others than in Kafka: {BACKUP}, or delete it, and {AGAIN}"
        if told.waiting_since is not None and told.waiting_since < late:
            yield f"{told.waiting:,} records have waited for long to be archived: `arus archive run` must run"

    def _holes(self) -> list[range]:
        """Gives the offsets between files; where Kafka has all of them and no record among them, nothing is missing."""
        if not self._pieces:
            return []
        first, last = self._pieces[0].first, self._pieces[-1].last
        start = min(first, self._has.start) if self._has else first
        holes = missing([piece.span for piece in self._pieces], range(start, last + 1))
        return [hole for hole in holes if hole.start < self._has.start or any(at in hole for at in self._lacks)]

    def _read(self) -> Iterator[Stored]:
        for piece in self._sound:
            if piece.last >= self._has.start:
                yield from parquet.read(self._folder / piece.name, self.told.topic, self._has.start)

    def _upto(self, offset: int) -> Stored | None:
        while self._mine is None or self._mine.offset < offset:
            self._mine = next(self._ours, None)
            if self._mine is None:
                break
        return self._mine


def _hole(hole: range, has: range) -> str:
    """Tells of offsets that no file has; where one file was lost, these are the numbers in its name."""
    cure = f"Kafka has them still: {AGAIN}" if hole.start >= has.start else f"Kafka has them no more: {BACKUP}"
    first, last = hole.start, hole.stop - 1
    return f"offsets {first} to {last} are in no file (…-{first}-{last}.parquet, if it was one). {cure}"


def _shown(offsets: Sequence[int]) -> str:
    """Names offsets, neighbours together."""
    starts = [offsets[0], *(after for before, after in pairwise(offsets) if after != before + 1)]
    ends = [*(before for before, after in pairwise(offsets) if after != before + 1), offsets[-1]]
    runs = [f"{start}" if start == end else f"{start} to {end}" for start, end in zip(starts, ends, strict=True)]
    more = f" and {len(runs) - SHOWN:,} more stretches" if len(runs) > SHOWN else ""
    return f"offsets {', '.join(runs[:SHOWN])}{more}"
