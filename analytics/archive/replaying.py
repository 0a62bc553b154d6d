"""Replaying: a topic from its beginning, from the archive as far as that reaches and from Kafka after that."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import structlog

from analytics.archive import ArchiveError, store
from analytics.archive.copying import lacking
from analytics.archive.showing import kept
from pipeline.broker import reader
from pipeline.broker.reader import Stored
from pipeline.settings import Kafka

log = structlog.get_logger(__name__)


class Replay(NamedTuple):
    """A topic's records: those in the archive, and what Kafka has after them."""

    archive: Path
    kafka: Kafka
    topic: str
    rest: Mapping[int, range]

    @property
    def total(self) -> int:
        """How many records there are at most: Kafka's own marks are counted with them."""
        return kept(self.archive, self.topic).records + sum(map(len, self.rest.values()))

    def records(self) -> Iterator[Stored]:
        """Gives each record once, each partition in order."""
        at: dict[int, int] = {}
        for number in sorted({piece.partition for piece in store.pieces(self.archive, self.topic)}):
            for record in store.read(self.archive, self.topic, number):
                at[number] = record.offset + 1
                yield record
        # What was archived meanwhile has been read already.
        rest = {number: range(max(span.start, at.get(number, 0)), span.stop) for number, span in self.rest.items()}
        yield from reader.records(self.kafka, self.topic, rest)


def replay(kafka: Kafka, archive: Path, topic: str) -> Replay:
    """Looks up where the archive of a topic ends and Kafka goes on.

    A gap that nobody can fill is a warning. Raises ArchiveError for one that Kafka can fill, or when this is not the
    Kafka of the archive.
    """
    held = store.pieces(archive, topic)
    for before, after in pairwise(held):
        if before.partition == after.partition and before.last + 1 < after.first:
            log.warning("archive.gap", topic=topic, after=before.name, before=after.name)
    ends = {piece.partition: piece.last + 1 for piece in held}
    rest: dict[int, range] = {}
    for number, spans in lacking(topic, held, reader.spans(kafka, topic)).items():
        if spans[0].start < ends.get(number, 0):
            raise ArchiveError(
                f"the archive of {topic}/{number} lacks {spans[0].start} to {spans[0].stop - 1}: "
                "`arus archive run --once` reads them anew, then begin again"
            )
        rest[number] = spans[0]
    return Replay(archive, kafka, topic, rest)
