"""Filling: a new file from all that Kafka and, if wanted, the archive keep, counted."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from analytics.archive import ARCHIVED
from analytics.archive.replaying import replay
from analytics.loading import Loading
from analytics.rows import TABLES
from analytics.warehouse import Warehouse, WarehouseError, script
from pipeline.broker import admin, reader
from pipeline.broker.reader import Stored
from pipeline.settings import Kafka
from pipeline.streams.agent import Batch

RECORDS = 50_000
"""Records of one topic that are written at once."""

LONG_AGO = 0
"""When the rows of a rebuild were loaded: they must not look as if they had taken days to arrive."""

Progress = Callable[[int, int, str], None]
Place = tuple[str, int]


class IncompleteError(WarehouseError):
    """The new file has not what was read; the live one stays as it is."""


class Read(NamedTuple):
    """What was read: how many records of each partition, and the first offset that it still has.

    elsewhere: how many records for each table were other nodes' alone.
    """

    counts: Counter[Place]
    firsts: dict[Place, int]
    elsewhere: Counter[str]

    @property
    def total(self) -> int:
        """All records."""
        return self.counts.total()

    def note(self, batch: Batch) -> None:
        """Counts a batch."""
        place = (batch.topic, batch.partition)
        self.counts[place] += len(batch.records)
        self.firsts.setdefault(place, batch.records[0].offset)


def fill(fresh: Warehouse, kafka: Kafka, progress: Progress, archive: Path | None = None) -> Read:
    """Reads every topic of loading from its beginning to where it ends now; from the archive what that has."""
    with admin.connect(kafka) as door:
        expected = {row.name: row.records for row in door.list_topics() if row.name in Loading.topics}
    replays = {topic: replay(kafka, archive, topic) for topic in ARCHIVED} if archive else {}
    expected |= {topic: found.total for topic, found in replays.items()}
    loading = Loading(fresh, clock=lambda: LONG_AGO)
    total, read = sum(expected.values()), Read(Counter(), {}, loading.elsewhere)
    for topic in filter(expected.get, Loading.topics):
        progress(read.total, total, f"reading {topic}")
        records = replays[topic].records() if topic in replays else reader.records(kafka, topic)
        for batches in _batches(topic, records):
            loading.write(batches, {(topic, batch.partition): batch.records[-1].offset + 1 for batch in batches})
            for batch in batches:
                read.note(batch)
            progress(min(read.total, total), total, f"reading {topic}: {read.total:,} of {total:,} records")
    loading.compact()
    return read


def _batches(topic: str, records: Iterator[Stored]) -> Iterator[list[Batch]]:
    while taken := list(islice(records, RECORDS)):
        found: dict[int, list[Any]] = defaultdict(list)  # Stored has all that a Record has
        for record in taken:
            found[record.partition].append(record)
        yield [Batch(topic, number, rows) for number, rows in found.items()]


def check(fresh: Warehouse, read: Read) -> int:
    """Holds the rows of the new file against the records read; gives how many of these nobody could read.

    Raises IncompleteError when a record is missing or doubled.
    """
    counted = fresh.query(script("staging/counted.sql"))
    for row in counted:
        records = sum(count for (topic, _), count in read.counts.items() if topic == row["topic"])
        records -= read.elsewhere[TABLES[row["topic"]].name]
        if row["each_is_a_row"] and row["rows"] + row["unreadable"] != records:
            raise IncompleteError(
                f"{records:,} records of {row['topic']} became {row['rows']:,} rows, {row['unreadable']:,} unreadable: "
                "the new file is not complete, the live one stays as it was"
            )
        if row["doubled"]:
            raise IncompleteError(f"{row['doubled']:,} keys of {row['topic']} have more than one row")
    return sum(row["unreadable"] for row in counted)
