"""Moving rows: each goes to its new partition and ends in its old one in one transaction, so it is never in both."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from kafka import KafkaProducer

from pipeline.broker.asking import asking
from pipeline.broker.clients import client_options
from pipeline.broker.reader import Stored, records, spans
from pipeline.growing.rows import Growth, leaving, moves
from pipeline.homes import is_everywhere
from pipeline.settings import Kafka
from pipeline.topics import TOPICS

ROWS, BYTES = 2_000, 8 << 20
"""Rows that move in one transaction, and how large they may be together."""

OPTIONS = {
    "client_id": "arus-growing",
    "transactional_id": "arus-growing",  # who begins anew ends what a former attempt left open, and fences it
    "transaction_timeout_ms": 30_000,
    "acks": "all",
    "batch_size": 1 << 18,
    "linger_ms": 20,
    "max_request_size": 4 << 20,
    "max_block_ms": 60_000,
}

Tell = Callable[[int], None]
"""Hears how many more rows are moved, or would be."""


class Mover:
    """Moves rows. One at a time in one Kafka."""

    def __init__(self, kafka: Kafka, growth: Growth) -> None:
        """Ends what a former attempt left open. Raises BrokerError when Kafka does not let us."""
        self._kafka, self._growth = kafka, growth
        with asking("rows cannot be moved"):
            self._producer: Any = KafkaProducer(**client_options(kafka), **OPTIONS)
            self._producer.init_transactions()

    def close(self) -> None:
        """Ends the connection."""
        self._producer.close(timeout=5)

    def move(self, topic: str, tell: Tell) -> int:
        """Moves what lies in a topic where its key no longer belongs, and gives how many rows that were."""
        done, taken = 0, taken_in(self._kafka, topic)
        for rows in _portions(found(self._kafka, self._growth, topic)):
            with asking(f"rows of {topic} cannot be moved"):
                self._write(rows, taken)
            done += len(rows)
            tell(len(rows))
        return done

    def _write(self, rows: list[Stored], taken: Collection[bytes]) -> None:
        self._producer.begin_transaction()
        for row in rows:
            for told in moves(self._growth, row, taken):
                self._producer.send(row.topic, told.value, row.key, row.headers, told.partition, told.timestamp)
        self._producer.commit_transaction()


def found(kafka: Kafka, growth: Growth, topic: str) -> Iterator[Stored]:
    """Gives the rows that must move, partition by partition: in memory are the keys of one of them."""
    for number, span in sorted(spans(kafka, topic).items()):
        if not span:
            continue
        within = {number: span}
        newest = leaving(growth, records(kafka, topic, within, all_of_them=True))
        if newest:
            yield from (
                row
                for row in records(kafka, topic, within, all_of_them=True)
                if row.key is not None and newest.get(row.key) == row.offset
            )


def taken_in(kafka: Kafka, topic: str) -> frozenset[bytes]:
    """Gives the keys that have a row where they belong, in topics that others than the workers write.

    Between two attempts somebody may have written there: that is newer than what is still to be moved.
    """
    if TOPICS[topic].changelog_of:
        return frozenset()
    newest = {record.key: record.value for record in records(kafka, topic)}
    return frozenset(key for key, value in newest.items() if key and value and not is_everywhere(topic, key))


def _portions(rows: Iterator[Stored]) -> Iterator[list[Stored]]:
    portion, size = [], 0
    for row in rows:
        portion.append(row)
        size += len(row.value or b"")
        if len(portion) >= ROWS or size >= BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
