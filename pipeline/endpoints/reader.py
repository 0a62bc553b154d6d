"""Reads what asks for messages, and what became of them, and tells Kafka how far that is."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from pipeline.broker.clients import client_options
from pipeline.endpoints.ledger import Ledger
from pipeline.settings import Kafka
from schemas.endpoints import Sending

GROUP = "arus-endpoints"
SENDINGS = "endpoint.sendings"
ASKING = ("notices", "endpoint.wishes")
"""Topics whose records ask for messages."""

TICK_MS = 200
AT_ONCE = 500
COMMIT_EVERY = 1.0

_sending = msgspec.json.Decoder(Sending).decode

log = structlog.get_logger("endpoints")


class Reader(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Our partitions, each with its ledger. What asks is read of a partition once it is known what was made of it."""

    def __init__(
        self,
        kafka: Kafka,
        take: Callable[[int, list[ConsumerRecord]], Awaitable[None]],
        begin: Callable[[int, list[Sending]], None],
        forget: Callable[[int], None],
    ) -> None:
        """`take` hears of records that ask, `begin` of what waits in a partition, `forget` of one that others have."""
        self._take, self._begin, self._forget = take, begin, forget
        self._consumer = AIOKafkaConsumer(
            **client_options(kafka),
            client_id=f"{GROUP}-{os.getpid()}",
            group_id=GROUP,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            partition_assignment_strategy=(RangePartitionAssignor,),  # the same partitions of all three topics
        )
        self._ledgers: dict[int, Ledger] = {}
        self._committed: dict[TopicPartition, int] = {}

    @property
    def is_ready(self) -> bool:
        """Whether it has partitions and is not behind in any."""
        return bool(self._ledgers) and not any(ledger.is_behind for ledger in self._ledgers.values())

    async def start(self, stopping: asyncio.Event) -> None:
        """Connects, however long Kafka is away."""
        self._consumer.subscribe([*ASKING, SENDINGS], listener=self)
        while not stopping.is_set():
            try:
                await self._consumer.start()
            except (KafkaError, OSError) as error:
                log.warning("endpoints.kafka_unreachable", error=repr(error))
                await asyncio.sleep(1)
            else:
                return

    async def read(self, stopping: asyncio.Event, every_tick: Callable[[], None]) -> None:
        """Reads until it shall stop. Raises KafkaError when what is asked for cannot be kept."""
        last = time.monotonic()
        while not stopping.is_set():
            batches = await self._consumer.getmany(timeout_ms=TICK_MS, max_records=AT_ONCE)
            for place, records in batches.items():
                if place.partition not in self._ledgers:  # others took it over meanwhile, and read this again
                    continue
                if place.topic == SENDINGS:
                    self._note(place.partition, records)
                elif fresh := self._fresh(place, records):
                    await self._take(place.partition, fresh)
            await self._catch_up()
            every_tick()
            if time.monotonic() - last > COMMIT_EVERY:
                last = time.monotonic()
                await self._commit()

    async def stop(self) -> None:
        """Tells Kafka how far we are, and leaves."""
        await self._commit()
        await self._consumer.stop()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Leaves partitions to others."""
        del revoked
        await self._commit()
        for number in self._ledgers:
            self._forget(number)
        self._ledgers.clear()
        self._committed.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Takes partitions over; first of all it reads what became of messages."""
        ours = list(assigned)
        self._ledgers = {place.partition: Ledger() for place in ours}
        self._consumer.pause(*[place for place in ours if place.topic != SENDINGS])

    def _note(self, number: int, records: Iterable[ConsumerRecord]) -> None:
        for record in records:
            try:
                self._ledgers[number].note(record.offset, _sending(record.value))
            except msgspec.MsgspecError:
                log.warning("endpoints.unreadable", topic=SENDINGS, partition=number, offset=record.offset)

    def _fresh(self, place: TopicPartition, records: list[ConsumerRecord]) -> list[ConsumerRecord]:
        ledger = self._ledgers[place.partition]
        return [record for record in records if not ledger.has_made(place.topic, record.offset)]

    async def _catch_up(self) -> None:
        """Begins with each partition of which all is read that was there."""
        behind = [TopicPartition(SENDINGS, number) for number, ledger in self._ledgers.items() if ledger.is_behind]
        if not behind:
            return
        try:
            ends = await self._consumer.end_offsets(behind)
            done = [place.partition for place in behind if await self._consumer.position(place) >= ends[place]]
            self._consumer.resume(*[TopicPartition(topic, number) for topic in ASKING for number in done])
        except (IllegalStateError, KafkaError) as error:  # a rebalance, or a broker that is away
            log.info("endpoints.behind", error=repr(error))
            return
        for number in done:
            self._begin(number, self._ledgers[number].begin())

    async def _commit(self) -> None:
        """Tells Kafka where whoever comes after us begins; what is read twice is found made, or sent twice."""
        try:
            news = {place: at for place, at in (await self._positions()).items() if self._committed.get(place) != at}
            if news:
                await self._consumer.commit(news)
                self._committed.update(news)
        except (CommitFailedError, IllegalStateError, KafkaError) as error:
            log.info("endpoints.not_committed", error=repr(error))

    async def _positions(self) -> dict[TopicPartition, int]:
        found: dict[TopicPartition, Any] = {}
        for number, ledger in self._ledgers.items():
            if ledger.is_behind:
                continue
            for topic in ASKING:
                found[TopicPartition(topic, number)] = await self._consumer.position(TopicPartition(topic, number))
            if (at := ledger.position()) is not None:
                found[TopicPartition(SENDINGS, number)] = at
        return found
