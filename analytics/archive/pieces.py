"""Pieces: what a file of the archive covers is told by its name, and where the archive stands by all names together.

A piece reaches from where the one before it ended, Kafka's own marks among its offsets, to its last record. So pieces
join without a gap, and offsets between two pieces are offsets that are missing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from pipeline.broker.reader import Stored
from pipeline.topics import DAY_MS

MANY = 64
"""Pieces of a day that is not over yet which are merged all the same: each is a file to open."""

EPOCH = date(1970, 1, 1)
LAST_DAY = (date.max - EPOCH).days
NAME = re.compile(r"(\d+)-(\d+)-(\d+)\.parquet")


class Piece(NamedTuple):
    """One file: a partition's records from `first` to `last`, all of one UTC day. Sorts as records do."""

    partition: int
    first: int
    last: int
    day: str

    @property
    def name(self) -> str:
        """Its place below the topic's folder."""
        return f"{self.day}/{self.partition}-{self.first}-{self.last}.parquet"

    @property
    def span(self) -> range:
        """Its offsets."""
        return range(self.first, self.last + 1)


def piece_of(day: str, name: str) -> Piece | None:
    """Reads a file's name; None where it is none of ours."""
    found = NAME.fullmatch(name)
    if not found:
        return None
    partition, first, last = map(int, found.groups())
    return Piece(partition, first, last, day)


def day_of(timestamp: int) -> str:
    """Gives the UTC day of an instant; one that no calendar has (Kafka takes any number) the nearest that it has."""
    return (EPOCH + timedelta(days=min(max(timestamp // DAY_MS, 0), LAST_DAY))).isoformat()


def today(now: float) -> str:
    """Gives the UTC day of now, in seconds."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def by_day(start: int, records: Iterable[Stored]) -> Iterator[tuple[Piece, list[Stored]]]:
    """Cuts a partition's records, read from `start` on, into pieces of one day each."""
    for day, together in groupby(records, key=lambda record: day_of(record.timestamp)):
        found = list(together)
        piece = Piece(found[0].partition, start, found[-1].offset, day)
        yield piece, found
        start = piece.last + 1


def needed(pieces: Iterable[Piece]) -> list[Piece]:
    """Gives the pieces in order without those that lie within another: a merge that was cut off leaves such."""
    kept: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: (piece.partition, piece.first, -piece.last)):
        if not kept or kept[-1].partition != piece.partition or piece.last > kept[-1].last:
            kept.append(piece)
    return kept


def missing(spans: Iterable[range], wanted: range) -> list[range]:
    """Gives the parts of `wanted` that no span covers."""
    holes, at = [], wanted.start
    for span in sorted(spans, key=lambda span: span.start):
        if at < min(span.start, wanted.stop):
            holes.append(range(at, min(span.start, wanted.stop)))
        at = max(at, span.stop)
    return [*holes, range(at, wanted.stop)] if at < wanted.stop else holes


def merges(pieces: Iterable[Piece], today: str) -> list[list[Piece]]:
    """Gives the pieces that shall become one: neighbours of a day that is over, or of today when there are MANY."""
    groups: list[list[Piece]] = []
    for piece in needed(pieces):
        if groups and _join(groups[-1][-1], piece):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return [group for group in groups if len(group) > 1 and (group[0].day < today or len(group) >= MANY)]


def _join(one: Piece, next_: Piece) -> bool:
    """Tells whether two are of one day with nothing between them: a gap must stay visible."""
    return (one.partition, one.day, one.last + 1) == (next_.partition, next_.day, next_.first)


def merged(pieces: Sequence[Piece]) -> Piece:
    """Gives the piece that covers these."""
    return pieces[0]._replace(last=pieces[-1].last)
