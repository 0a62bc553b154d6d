"""Which rows must move, and where to: plain functions over what a partition holds."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import msgspec

from pipeline.broker.reader import Stored
from pipeline.homes import is_everywhere
from pipeline.streams.work.partitions import partition_of
from pipeline.topics import TOPICS

MOVED = tuple(
    name
    for name, topic in TOPICS.items()
    if topic.keep_days is None or topic.changelog_of not in ("", "arus-endpoints")
)
"""Topics with a row a key. What becomes of messages to endpoints lies where they were asked for, whatever its key."""


class Growth(NamedTuple):
    """From how many partitions to how many."""

    was: int
    partitions: int

    def goes_to(self, topic: str, key: bytes, partition: int) -> Sequence[int]:
        """Gives the partitions where a key's row is wanted and does not lie; none if all is well.

        A row that is wanted everywhere lies in the first partition too, from where it is copied.
        """
        if is_everywhere(topic, key):
            return () if partition else range(self.was, self.partitions)
        home = partition_of(key, self.partitions)
        return () if home == partition else (home,)


def leaving(growth: Growth, records: Iterable[Stored]) -> dict[bytes, int]:
    """Gives the keys whose rows are wanted elsewhere, with the offset of each row; `records` are one partition's."""
    found: dict[bytes, int] = {}
    for record in records:
        if record.key is None or not growth.goes_to(record.topic, record.key, record.partition):
            continue
        if record.value is None:
            found.pop(record.key, None)
        else:
            found[record.key] = record.offset
    return found


class Written(NamedTuple):
    """One record to write; `timestamp` None: now."""

    partition: int
    value: bytes | None
    timestamp: int | None


def moves(growth: Growth, row: Stored, taken: Collection[bytes] = ()) -> list[Written]:
    """Gives what moves a row: itself where it is wanted, unless that has it, and the end of it where it lay."""
    key, value = row.key or b"", row.value or b""
    # whoever reads snapshots takes their time for the present: of an order that was silent for long nothing is told
    at = None if row.topic == "order.snapshots" else row.timestamp
    wanted = () if key in taken else growth.goes_to(row.topic, key, row.partition)
    told = [Written(number, _as_of(row.topic, value), at) for number in wanted]
    return told if is_everywhere(row.topic, key) else [*told, Written(row.partition, None, None)]


def _as_of(topic: str, value: bytes) -> bytes:
    """Gives a row as it is to lie elsewhere: of an article's new partition no movement is in its level yet."""
    if topic != "stock.levels":
        return value
    level = msgspec.json.decode(value)
    level.pop("movements_until", None)
    return msgspec.json.encode(level)
