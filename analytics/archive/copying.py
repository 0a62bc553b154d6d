"""Copying: what Kafka has and the archive has not is kept, whether it is new or a file was lost."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path

from analytics.archive import ArchiveError, store
from analytics.archive.pieces import Piece, missing
from pipeline.broker import reader
from pipeline.broker.reader import Stored
from pipeline.settings import Kafka

CUT_BYTES, CUT_RECORDS = 16 << 20, 50_000
"""Of one partition, as many are held in memory at once and make a file."""

Progress = Callable[[int, int, str], None]


def copy(kafka: Kafka, archive: Path, topic: str, progress: Progress = lambda *_: None) -> int:
    """Keeps what the archive lacks of a topic, and gives how many records. Whoever calls is the only writer.

    Raises ArchiveError when this is not the Kafka that the archive was filled from.
    """
    held = store.pieces(archive, topic)
    wanting = lacking(topic, held, reader.spans(kafka, topic))
    total, done = sum(len(span) for spans in wanting.values() for span in spans), 0
    # Of each partition one stretch at a time: more than one only where a file was lost.
    for stretch in zip_longest(*wanting.values()):
        wanted = {number: span for number, span in zip(wanting, stretch, strict=True) if span}
        checked = {number: _with_neighbour(held, number, span) for number, span in wanted.items()}
        found = _confirmed(archive, topic, reader.records(kafka, topic, checked), wanted)
        for kept in _keep(archive, found, wanted):
            done += kept
            progress(done, total, f"{topic}: {done:,} records kept")
    return done


def lacking(topic: str, held: Iterable[Piece], has: Mapping[int, range]) -> dict[int, list[range]]:
    """Gives the offsets that Kafka has and the archive has not. Raises ArchiveError when Kafka has fewer."""
    ours: dict[int, list[range]] = defaultdict(list)
    for piece in held:
        ours[piece.partition].append(piece.span)
    for number, spans in ours.items():
        end = has.get(number, range(0)).stop
        if spans[-1].stop > end:
            raise _other_kafka(topic, number, f"reaches to {spans[-1].stop - 1}, but this Kafka only to {end - 1}")
    found = {number: missing(ours[number], span) for number, span in has.items()}
    return {number: spans for number, spans in found.items() if spans}


def _with_neighbour(held: Iterable[Piece], number: int, span: range) -> range:
    """Adds the record before a stretch, where we have it: it tells whether this is the same Kafka."""
    have = any(piece.partition == number and piece.last == span.start - 1 for piece in held)
    return range(span.start - have, span.stop)


def _confirmed(archive: Path, topic: str, found: Iterable[Stored], wanted: Mapping[int, range]) -> Iterator[Stored]:
    for record in found:
        if record.offset >= wanted[record.partition].start:
            yield record
        elif next(store.read(archive, topic, record.partition, record.offset), None) != record:
            raise _other_kafka(topic, record.partition, f"has another record at {record.offset} than this Kafka")


def _keep(archive: Path, found: Iterable[Stored], wanted: Mapping[int, range]) -> Iterator[int]:
    """Writes files as soon as there is enough for one, and gives how many records each time."""
    at = {number: span.start for number, span in wanted.items()}
    growing: dict[int, list[Stored]] = defaultdict(list)
    sizes: Counter[int] = Counter()
    for record in found:
        number = record.partition
        growing[number].append(record)
        sizes[number] += len(record.key or b"") + len(record.value or b"")
        if sizes[number] >= CUT_BYTES or len(growing[number]) >= CUT_RECORDS:
            at[number] = store.keep(archive, at[number], growing[number])
            yield len(growing.pop(number))
            del sizes[number]
    for number, records in growing.items():
        store.keep(archive, at[number], records)
        yield len(records)


def _other_kafka(topic: str, number: int, why: str) -> ArchiveError:
    return ArchiveError(
        f"the archive of {topic}/{number} {why}: it was emptied or is another one. "
        "Move the archive's folder away, or set ARUS_ARCHIVE__PATH to a new one, and it begins anew"
    )
