"""Reads what asks for messages, and what became of them, and tells Kafka how far that is."""

import os
from collections.abc import Awaitable, Callable, Iterable

import msgspec
import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError

from pipeline.endpoints.ledger import Ledger
from pipeline.settings import Kafka
from pipeline.streams.member import Member
from schemas.endpoints import Sending

GROUP = "arus-endpoints"
SENDINGS = "endpoint.sendings"
ASKING = ("notices", "endpoint.wishes")
"""Topics whose records ask for messages."""

AT_ONCE = 500

_sending = msgspec.json.Decoder(Sending).decode

log = structlog.get_logger("endpoints")


class Reader(Member):
    """Our partitions, each with its ledger. What asks is read of a partition once it is known what was made of it."""

    def __init__(
        self,
        kafka: Kafka,
        take: Callable[[int, list[ConsumerRecord]], Awaitable[None]],
        begin: Callable[[int, list[Sending]], None],
        forget: Callable[[int], None],
    ) -> None:
        """`take` hears of records that ask, `begin` of what waits in a partition, `forget` of one that others have."""
        super().__init__(
            kafka,
            GROUP,
            (*ASKING, SENDINGS),
            client_id=f"{GROUP}-{os.getpid()}",
            max_poll_records=AT_ONCE,
            partition_assignment_strategy=(RangePartitionAssignor,),  # the same partitions of all three topics
        )
        self._take, self._begin, self._forget = take, begin, forget
        self._ledgers: dict[int, Ledger] = {}

    @property
    def is_ready(self) -> bool:
        """Whether it has partitions and is not behind in any."""
        return bool(self._ledgers) and not any(ledger.is_behind for ledger in self._ledgers.values())

    async def take(self, place: TopicPartition, records: list[ConsumerRecord]) -> None:
        """Notes what became of messages, hands on what asks for some. Raises KafkaError when that cannot be kept."""
        if place.partition not in self._ledgers:
            return  # others took it over meanwhile, and read this again
        if place.topic == SENDINGS:
            self._note(place.partition, records)
        elif fresh := self._fresh(place, records):
            await self._take(place.partition, fresh)

    async def look(self) -> None:
        """Begins with each partition of which all is read that was there."""
        behind = [TopicPartition(SENDINGS, number) for number, ledger in self._ledgers.items() if ledger.is_behind]
        if not behind:
            return
        try:
            ends = await self.consumer.end_offsets(behind)
            done = [place.partition for place in behind if await self.consumer.position(place) >= ends[place]]
            self.consumer.resume(*[TopicPartition(topic, number) for topic in ASKING for number in done])
        except (IllegalStateError, KafkaError) as error:  # a rebalance, or a broker that is away
            log.info("endpoints.behind", error=repr(error))
            return
        for number in done:
            self._begin(number, self._ledgers[number].begin())

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Leaves partitions to others."""
        del revoked
        await self.commit()
        for number in self._ledgers:
            self._forget(number)
        self._ledgers.clear()
        self.committed.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Takes partitions over; first of all it reads what became of messages."""
        ours = list(assigned)
        self._ledgers = {place.partition: Ledger() for place in ours}
        self.consumer.pause(*[place for place in ours if place.topic != SENDINGS])

    async def positions(self) -> dict[TopicPartition, int]:
        """Gives where messages that still wait were asked for, or where nothing is left to be asked."""
        found: dict[TopicPartition, int] = {}
        for number, ledger in self._ledgers.items():
            if ledger.is_behind:
                continue
            for topic in ASKING:
                found[TopicPartition(topic, number)] = await self.consumer.position(TopicPartition(topic, number))
            if (at := ledger.position()) is not None:
                found[TopicPartition(SENDINGS, number)] = at
        return found

    def _note(self, number: int, records: Iterable[ConsumerRecord]) -> None:
        for record in records:
            try:
                self._ledgers[number].note(record.offset, _sending(record.value))
            except msgspec.MsgspecError:
                log.warning("endpoints.unreadable", topic=SENDINGS, partition=number, offset=record.offset)

    def _fresh(self, place: TopicPartition, records: list[ConsumerRecord]) -> list[ConsumerRecord]:
        ledger = self._ledgers[place.partition]
        return [record for record in records if not ledger.has_made(place.topic, record.offset)]
