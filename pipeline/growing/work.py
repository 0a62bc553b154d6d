"""Growing the topics: checked, begun, and ended by the same words again if it was cut short anywhere."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import NamedTuple

from msgspec import Struct

from pipeline.broker import BrokerError
from pipeline.broker.asking import asking, open_admin
from pipeline.growing.checks import LAST, PATIENCE_MS, Reads, ends, growth_to, in_the_way
from pipeline.growing.moving import Mover, found, taken_in
from pipeline.growing.rows import MOVED, Growth
from pipeline.settings import Kafka
from pipeline.topics import TOPICS

LEAVING_SECONDS = 10.0
"""How long workers that were just stopped, and what they left open, may take to be gone."""

RECEIVED = "webhooks.received"

Progress = Callable[[int, int, str], None]


class Moved(Struct):
    """How many rows of a topic were moved, or would be."""

    topic: str
    rows: int


class Grown(NamedTuple):
    """What was done. late: webhooks that a gateway took in meanwhile."""

    was: int
    partitions: int
    moved: Sequence[Moved]
    late: int
    seconds: float


def grow(kafka: Kafka, partitions: int, reads: Reads, progress: Progress, *, dry_run: bool = False) -> Grown:
    """Gives all topics so many partitions, and each row the one that its key belongs to; `dry_run` only counts.

    `reads` are the topics of each job's group. Raises BrokerError that says what stands in the way. Whatever ends it
    in the middle, the same call again finishes it.
    """
    began, growth = time.monotonic(), growth_to(kafka, partitions)
    if growth.was == partitions:
        return Grown(partitions, partitions, (), 0, 0.0)
    late = 0
    if dry_run:
        _wait(kafka, reads, growth, progress)
        moved = [Moved(topic, _count(kafka, growth, topic, progress)) for topic in MOVED]
    else:
        with closing(Mover(kafka, growth)) as mover:
            _wait(kafka, reads, growth, progress)
            received = sum(ends(kafka, RECEIVED).values())
            _add(kafka, partitions, [topic for topic in TOPICS if topic != LAST])
            moved = [Moved(topic, _move(mover, topic, progress)) for topic in MOVED]
            late = sum(ends(kafka, RECEIVED).values()) - received
        _add(kafka, partitions, [LAST])
    return Grown(*growth, moved, late, round(time.monotonic() - began, 1))


def _wait(kafka: Kafka, reads: Reads, growth: Growth, progress: Progress) -> None:
    """Returns when nothing stands in the way; what may still end by itself is given its time."""
    begun, until = _is_begun(kafka, growth), time.monotonic() + LEAVING_SECONDS
    while True:
        passing, staying = in_the_way(kafka, reads, begun=begun)
        if not passing and not staying:
            return
        if staying or time.monotonic() > until:
            raise BrokerError("\n".join([*passing, *staying]))
        progress(0, 0, f"waiting: {passing[0]}")
        time.sleep(0.5)


def _is_begun(kafka: Kafka, growth: Growth) -> bool:
    return any(len(ends(kafka, topic)) > growth.was for topic in MOVED)


def _move(mover: Mover, topic: str, progress: Progress) -> int:
    return mover.move(topic, _telling(progress, f"{topic}: {{:,}} rows moved"))


def _count(kafka: Kafka, growth: Growth, topic: str, progress: Progress) -> int:
    tell, taken = _telling(progress, f"{topic}: {{:,}} rows to move"), taken_in(kafka, topic)
    count = 0
    for row in found(kafka, growth, topic):
        count += row.key not in taken
        tell(1)
    return count


def _telling(progress: Progress, text: str) -> Callable[[int], None]:
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        progress(0, 0, text.format(done))

    tell(0)
    return tell


def _add(kafka: Kafka, partitions: int, topics: Sequence[str]) -> None:
    """Adds partitions where some are missing, and returns when each has its leader."""
    with asking("partitions cannot be added"), open_admin(kafka, PATIENCE_MS) as client:
        few = [topic["name"] for topic in client.describe_topics(topics) if len(topic["partitions"]) < partitions]
        if few:
            client.create_partitions(dict.fromkeys(few, partitions))
        until = time.monotonic() + PATIENCE_MS / 1_000
        while not all(_is_whole(topic, partitions) for topic in client.describe_topics(topics)):
            if time.monotonic() > until:
                raise BrokerError("the partitions that were added have no leader yet: say it again when Kafka is well")
            time.sleep(0.1)


def _is_whole(topic: dict[str, list[dict[str, int]]], partitions: int) -> bool:
    return sum(part["leader_id"] >= 0 for part in topic["partitions"]) == partitions
