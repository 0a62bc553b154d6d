"""Reads what asks for messages, and what became of them, and tells Kafka how far that is."""

import os
from collections.abc import Awaitable, Callable, Collection, Iterable

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
        take: Callable[[int, list[ConsumerRecord]], Awaitable[list[Sending]]],
        begin: Callable[[int, list[Sending]], None],
        forget: Callable[[int], None],
    ) -> None:
        """`take` keeps messages for records that ask and gives those that wait; `begin` hears of what waits in a
        partition that is ours, `forget` of one that others have.
        """
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
        ledger = self._ledgers[place.partition]
        if place.topic == SENDINGS:
            self._note(ledger, records)
            return
        fresh = [record for record in records if not ledger.has_made(place.topic, record.offset)]
        waiting = await self._take(place.partition, fresh) if fresh else []
        ledger.taken[place.topic] = records[-1].offset + 1
        if self._ledgers.get(place.partition) is ledger:  # else others took it over meanwhile
            self._begin(place.partition, waiting)

    async def look(self) -> None:
        """Begins with each partition of which all is read that was there."""
        behind = [TopicPartition(SENDINGS, number) for number, ledger in self._ledgers.items() if ledger.is_behind]
        if not behind:
            return
        turn, position = self._turn, self.consumer.position
        try:
            ends = await self.consumer.end_offsets(behind)
            done = [place.partition for place in behind if await position(place) >= ends[place]]
            asking = [TopicPartition(topic, number) for topic in ASKING for number in done]
            starts = {place: await position(place) for place in asking}
            if turn != self._turn:
                return
            self.consumer.resume(*asking)
        except (IllegalStateError, KafkaError) as error:  # a rebalance, or a broker that is away
            log.info("endpoints.behind", error=repr(error))
            return
        for place, at in starts.items():
            self._ledgers[place.partition].taken[place.topic] = at
        for number in done:
            self._begin(number, self._ledgers[number].begin())

    def leave(self, partitions: Collection[int]) -> None:
        """Leaves all partitions: those that stay ours are assigned anew."""
        del partitions
        for number in self._ledgers:
            self._forget(number)
        self._ledgers.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Takes partitions over; first of all it reads what became of messages."""
        ours = list(assigned)
        self._ledgers = {place.partition: Ledger() for place in ours}
        self.consumer.pause(*[place for place in ours if place.topic != SENDINGS])

    async def positions(self) -> dict[TopicPartition, int]:
        """Gives where messages that still wait were asked for, and up to where all that asks for some was heard."""
        found: dict[TopicPartition, int] = {}
        for number, ledger in self._ledgers.items():
            if ledger.is_behind:
                continue
            # not the consumer's position: that is behind what it has fetched, whether it was taken or not
            found |= {TopicPartition(topic, number): at for topic, at in ledger.taken.items()}
            if (at := ledger.position()) is not None:
                found[TopicPartition(SENDINGS, number)] = at
        return found

    def _note(self, ledger: Ledger, records: Iterable[ConsumerRecord]) -> None:
        for record in records:
            try:
                ledger.note(record.offset, _sending(record.value))
            except msgspec.MsgspecError:
                log.warning("endpoints.unreadable", topic=SENDINGS, partition=record.partition, offset=record.offset)
