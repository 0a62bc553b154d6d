"""Homes: a row of a compacted topic counts in the one partition that its key belongs to, and nowhere else.

When a topic gets more partitions (`arus topics grow`), older words of a key stay in its former partition until Kafka
compacts them away, and the last of them there says that the row is gone. Partitions have no order between them, so
whoever reads the topic from its beginning must not hear any of that.
"""

from collections.abc import Sequence
from typing import TypeVar

from pipeline.streams.work.partitions import partition_of
from pipeline.topics import TOPICS
from schemas.codes import is_of_codes

Kept = TypeVar("Kept")


def is_everywhere(topic: str, key: bytes) -> bool:
    """Tells whether a row is wanted in each partition: what codes mean, which every scan may ask."""
    return topic == "codes" or (topic == "matching.numbers" and is_of_codes(key))


def is_home(topic: str, key: bytes | None, partition: int, partitions: int) -> bool:
    """Tells whether a record of a topic of so many partitions counts where it lies."""
    if key is None or topic not in _WITH_HOMES or is_everywhere(topic, key):
        return True
    return partition_of(key, partitions) == partition


def at_home(topic: str, partition: int, partitions: int, records: Sequence[Kept]) -> Sequence[Kept]:
    """Gives the records of a partition that count there."""
    if topic not in _WITH_HOMES:
        return records
    return [record for record in records if is_home(topic, record.key, partition, partitions)]  # type: ignore[attr-defined]


_WITH_HOMES = frozenset(name for name, topic in TOPICS.items() if topic.keep_days is None)
