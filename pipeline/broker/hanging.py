"""Hanging transactions: Kafka holds them for ended and has not written so to a partition. Readers stop before them.

Kafka 4.3.0 to 4.4.0 can lose marks so: a partition without a leader for a moment, as when a broker is ended by TERM or
stands still until its controller gives it up, counts as deleted (KAFKA-20734; found anew by `tests.chaos`). Its own
tool can only abort, which loses what was committed. What was decided stands in the coordinator's log.
"""

import struct
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from kafka import TopicPartition
from kafka.admin import AbortTransactionSpec, OffsetSpec
from msgspec import Struct
from msgspec.structs import replace

from pipeline.broker.asking import asking, open_admin
from pipeline.broker.reader import records
from pipeline.settings import Kafka

PATIENCE_MS = 10_000
UNDER_WAY = ("Ongoing", "PrepareCommit", "PrepareAbort", "PrepareEpochFence")
PREPARE_COMMIT, PREPARE_ABORT = 2, 3
FAULTY = 30
"""The `metadata.version` that Kafka 4.3 was the first to know; 4.2 knows 29."""

LOG = "__transaction_state"

Places = Collection[tuple[str, int]]
"""Topics and partitions."""


class Hanging(Struct, frozen=True):
    """A transaction that a partition holds for open and its coordinator does not.

    offset: its first record; hidden: records from there on that nobody reads. committed: what was decided; None if the
    coordinator's log has it no longer.
    """

    topic: str
    partition: int
    producer_id: int
    epoch: int
    coordinator_epoch: int
    offset: int
    hidden: int
    since: int
    committed: bool | None = None


class Decision(Struct, frozen=True):
    """What the coordinator decided of one transaction, and when."""

    producer_id: int
    epoch: int
    committed: bool
    partitions: frozenset[tuple[str, int]]
    at: int


def warning(features: Mapping[str, Mapping[str, Any]]) -> str:
    """Says what an operator should know of a Kafka with these features; nothing of one that loses no marks."""
    _, newest = features.get("metadata.version", {}).get("supported", (0, 0))
    if newest < FAULTY:
        return ""
    return (
        "it is 4.3 or newer: 4.3.0 to 4.4.0 lose the ends of transactions while a partition has no leader "
        "(KAFKA-20734), so that what they told may come twice; 4.2 does not, docs/upgrading.md"
    )


def hanging(kafka: Kafka, older_than: int, places: Places = ()) -> list[Hanging]:
    """Finds the transactions that hang for longer than so many milliseconds, here or anywhere. Raises BrokerError."""
    before = time.time_ns() // 1_000_000 - older_than
    with asking("transactions cannot be read"), open_admin(kafka, PATIENCE_MS) as client:
        hidden = _held(client)
        if places:
            hidden = {place: count for place, count in hidden.items() if place in places}
        found = [one for one in _open(client, hidden) if one.since < before] if hidden else []
        alive = _under_way(client) if found else frozenset()
    found = [one for one in found if (one.producer_id, one.topic, one.partition) not in alive]
    decided = _decisions(kafka) if found else {}
    return [_decided(one, decided.get(one.producer_id, ())) for one in found]


def held(kafka: Kafka) -> dict[TopicPartition, int]:
    """Gives the partitions where some transaction is open, be it under way, with how many records that hides."""
    with asking("transactions cannot be read"), open_admin(kafka, PATIENCE_MS) as client:
        return _held(client)


def end(kafka: Kafka, one: Hanging, *, committed: bool) -> None:
    """Writes the missing mark: what hangs is committed, or aborted, and readers go on. Raises BrokerError."""
    place = TopicPartition(one.topic, one.partition)
    spec = AbortTransactionSpec(place, one.producer_id, one.epoch, one.coordinator_epoch)
    with asking(f"the transaction of {one.topic}/{one.partition}"), open_admin(kafka, PATIENCE_MS) as client:
        client.end_transaction(spec, committed=committed)


def mend(kafka: Kafka, older_than: int, places: Places = ()) -> Iterator[Hanging]:
    """Ends what hangs for longer than so many milliseconds as it was decided, and gives it. Raises BrokerError."""
    for one in hanging(kafka, older_than, places):
        if one.committed is not None:
            end(kafka, one, committed=one.committed)
            yield one


def _held(client: Any) -> dict[TopicPartition, int]:  # noqa: ANN401  # kafka-python has no types
    places = [
        TopicPartition(topic["name"], partition["partition_index"])
        for topic in client.describe_topics()
        for partition in topic["partitions"]
    ]
    wanted = dict.fromkeys(places, OffsetSpec.LATEST)
    seen, whole = (
        client.list_partition_offsets(wanted, isolation_level=level) for level in ("read_committed", "read_uncommitted")
    )
    hidden = {place: whole[place].offset - seen[place].offset for place in places}
    return {place: count for place, count in hidden.items() if count > 0}


def _open(client: Any, held: dict[TopicPartition, int]) -> Iterator[Hanging]:  # noqa: ANN401  # as above
    for place, state in client.describe_producers(list(held)).items():
        for producer in state.active_producers:
            if producer.current_transaction_start_offset >= 0:
                who = (producer.producer_id, producer.producer_epoch, producer.coordinator_epoch)
                at = (producer.current_transaction_start_offset, held[place], producer.last_timestamp)
                yield Hanging(place.topic, place.partition, *who, *at)


def _under_way(client: Any) -> frozenset[tuple[int, str, int]]:  # noqa: ANN401  # as above
    """Gives the partitions of each producer whose transaction the coordinator holds for open."""
    listed = [
        one.transactional_id for some in client.list_transactions(state_filters=UNDER_WAY).values() for one in some
    ]
    told = client.describe_transactions(listed).values() if listed else ()
    return frozenset((one.producer_id, *place) for one in told for place in one.topic_partitions)


def _decided(one: Hanging, decisions: Sequence[Decision]) -> Hanging:
    """Adds what was decided: the first word on this partition that is not older than the record.

    That of a later epoch counts too: whoever fences a producer aborts what it left open in the name of the next.
    """
    later = [told for told in decisions if told.at >= one.since and told.epoch >= one.epoch]
    naming = [decision for decision in later if (one.topic, one.partition) in decision.partitions]
    first = min(naming, key=lambda decision: decision.at, default=None)
    return replace(one, committed=first.committed) if first else one


def _decisions(kafka: Kafka) -> dict[int, list[Decision]]:
    """Reads what coordinators decided, as far as compaction has left it: by producer."""
    found: defaultdict[int, list[Decision]] = defaultdict(list)
    for record in records(kafka, LOG):
        decision = read_decision(record.value) if record.value else None
        if decision:
            found[decision.producer_id].append(decision)
    return found


def read_decision(value: bytes) -> Decision | None:
    """Reads a value of Kafka's TransactionLogValue, versions 0 and 1; None where it decides nothing."""
    version, producer, epoch, _, status = struct.unpack_from(">hqhib", value)
    if status not in (PREPARE_COMMIT, PREPARE_ABORT):
        return None
    read = _Fields(value, 17, flexible=version > 0)
    partitions = frozenset(
        (topic, number) for topic, numbers in [read.topic() for _ in range(read.count())] for number in numbers
    )
    return Decision(producer, epoch, status == PREPARE_COMMIT, partitions, read.take(">q")[0])


class _Fields:
    """Takes field after field of Kafka's encoding: with lengths of a fixed size, or flexible ones."""

    def __init__(self, value: bytes, at: int, *, flexible: bool) -> None:
        self._value, self._at, self._flexible = value, at, flexible

    def take(self, form: str) -> tuple[Any, ...]:
        """Takes values of a fixed size."""
        taken = struct.unpack_from(form, self._value, self._at)
        self._at += struct.calcsize(form)
        return taken

    def count(self, fixed: str = ">i") -> int:
        """Takes a length; of nothing, 0."""
        return max(0, self._varint() - 1 if self._flexible else self.take(fixed)[0])

    def topic(self) -> tuple[str, tuple[int, ...]]:
        """Takes a topic and its partitions."""
        (name,) = self.take(f">{self.count('>h')}s")
        numbers = self.take(f">{self.count()}i")
        if self._flexible:
            self._varint()  # tagged fields: there are none
        return name.decode(), numbers

    def _varint(self) -> int:
        shift, found = 0, 0
        while True:
            (byte,) = self.take(">B")
            found |= int(byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004  # the last byte of the number
                return found
            shift += 7
