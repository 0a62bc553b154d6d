"""Single records, wherever they lie: one consumer of no group, kept open."""

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError
from msgspec import Struct

from pipeline.broker import BrokerError, RecordGoneError
from pipeline.broker.asking import PERSISTENT, asking
from pipeline.broker.clients import client_options
from pipeline.homes import at_home
from pipeline.settings import Kafka

PATIENCE_MS = 5_000
"""How long a record may take."""

POLL_MS = 10  # a consumer that was sent elsewhere sleeps through its first polls
OPTIONS = {
    "client_id": "arus-reader",
    "bootstrap_timeout_ms": 2 * PATIENCE_MS,
    "request_timeout_ms": 2 * PATIENCE_MS,
    **PERSISTENT,
    "group_id": None,
    "isolation_level": "read_committed",
    "auto_offset_reset": "earliest",  # of a position whose records were deleted: the first that is left
    "enable_auto_commit": False,
    "check_crcs": False,
    "fetch_max_wait_ms": 50,
    "max_partition_fetch_bytes": 65_536,  # of each partition one record is wanted; a larger batch comes alone
}

Positions = Mapping[TopicPartition, int]


class Stored(Struct):
    """One record as Kafka holds it: untouched."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Reader:
    """Reads committed records. May be used from several threads, which wait for each other."""

    def __init__(self, kafka: Kafka) -> None:
        self._options = {**client_options(kafka), **OPTIONS}
        self._lock = threading.Lock()
        self._open: Any = None

    def close(self) -> None:
        """Ends the connection."""
        if self._open:
            self._open.close()
            self._open = None

    def at(self, topic: str, partition: int, offset: int) -> Stored:
        """Gives the record at this position. Raises BrokerError that says why there is none."""
        place, where = TopicPartition(topic, partition), f"record {offset} of {topic}/{partition}"
        with self._lock, asking(where):
            if partition not in (self._consumer.partitions_for_topic(topic) or ()):
                raise BrokerError(f"{where}: there is no such topic or partition")
            start, end = self._bounds(place)
            if offset < start:
                raise RecordGoneError(f"{where} was deleted: the topic keeps what is newer; the oldest is {start}")
            if offset >= end:
                raise RecordGoneError(f"{where} is not written yet: the partition ends at {end}")
            found = self._firsts({place: offset}, {place: offset + 1})[place]
            if found is None:
                raise RecordGoneError(f"{where} holds nothing: it is one of Kafka's own marks, or was compacted away")
            return found

    def firsts(self, positions: Positions, ends: Positions) -> dict[TopicPartition, Stored | None]:
        """Gives of each partition the first record from its position up to its end; None if only marks are there."""
        with self._lock, asking("records cannot be read"):
            return self._firsts(positions, ends)

    @property
    def _consumer(self) -> Any:  # noqa: ANN401  # kafka-python has no types
        self._open = self._open or KafkaConsumer(**self._options)
        return self._open

    def _bounds(self, place: TopicPartition) -> tuple[int, int]:
        consumer = self._consumer
        start: int = consumer.beginning_offsets([place], PATIENCE_MS)[place]
        return start, consumer.end_offsets([place], PATIENCE_MS)[place]

    def _firsts(self, positions: Positions, ends: Positions) -> dict[TopicPartition, Stored | None]:
        consumer, waiting, found = self._consumer, set(positions), dict.fromkeys(positions)
        _assign(consumer, positions)
        patience, idle = time.monotonic() + PATIENCE_MS / 1_000, 0
        try:
            while waiting:
                batch = consumer.poll(POLL_MS, max_records=1)
                for place, (record,) in batch.items():
                    found[place] = _stored(record) if record.offset < ends[place] else None
                idle = 0 if batch else idle + 1
                if idle > 1:  # where marks alone are left, the position moves and nothing comes
                    batch = [place for place in waiting if _position(consumer, place) >= ends[place]]
                waiting.difference_update(batch)
                if batch:
                    consumer.assign(list(waiting))  # the next poll turns to the others; to pause would park what it has
                if time.monotonic() > patience:
                    raise KafkaTimeoutError
        finally:
            consumer.unsubscribe()
        return found


def spans(kafka: Kafka, topic: str) -> dict[int, range]:
    """Gives the offsets of each partition that Kafka has now and that are committed."""
    with asking(f"topic {topic} cannot be read"), KafkaConsumer(**client_options(kafka), **OPTIONS) as consumer:
        return _spans(consumer, topic)


def records(
    kafka: Kafka, topic: str, within: Mapping[int, range] | None = None, *, all_of_them: bool = False
) -> Iterator[Stored]:
    """Gives every committed record within these offsets, else all that the topic holds now; each partition in order.

    Of a compacted topic those that count where they lie, see homes.py, unless `all_of_them` are wanted.
    """
    options = {**client_options(kafka), **OPTIONS, "max_partition_fetch_bytes": 1 << 20}
    with asking(f"topic {topic} cannot be read"), KafkaConsumer(**options) as consumer:
        wanted = _spans(consumer, topic) if within is None else within
        ends = {TopicPartition(topic, number): span.stop for number, span in wanted.items() if span}
        waiting = set(ends)
        _assign(consumer, {place: wanted[place.partition].start for place in waiting})
        patience, count = time.monotonic() + PATIENCE_MS / 1_000, len(consumer.partitions_for_topic(topic) or ())
        while waiting:
            for place, batch in consumer.poll(POLL_MS).items():
                found = batch if all_of_them else at_home(topic, place.partition, count, batch)
                yield from (_stored(record) for record in found if record.offset < ends[place])
                patience = time.monotonic() + PATIENCE_MS / 1_000
            waiting = {place for place in waiting if _position(consumer, place) < ends[place]}
            if time.monotonic() > patience:
                raise KafkaTimeoutError


def _spans(consumer: KafkaConsumer, topic: str) -> dict[int, range]:
    places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    starts, ends = consumer.beginning_offsets(places, PATIENCE_MS), consumer.end_offsets(places, PATIENCE_MS)
    return {place.partition: range(starts[place], ends[place]) for place in places}


def _assign(consumer: KafkaConsumer, positions: Positions) -> None:
    consumer.assign(list(positions))
    for place, offset in positions.items():
        consumer.seek(place, offset)


def _position(consumer: KafkaConsumer, place: TopicPartition) -> int:
    return consumer.position(place, PATIENCE_MS) or 0


def _stored(record: Any) -> Stored:  # noqa: ANN401  # as above
    return Stored(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        [(name, value or b"") for name, value in record.headers],
    )
