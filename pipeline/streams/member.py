"""A member of a consumer group that keeps its own books: it reads, and tells Kafka up to where all is settled."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from pipeline.broker.clients import client_options
from pipeline.settings import Kafka

TICK_MS = 200
COMMIT_EVERY = 1.0

log = structlog.get_logger("arus.member")


def _nothing() -> None:
    """Does nothing."""


class Member(ConsumerRebalanceListener, ABC):  # type: ignore[misc]  # aiokafka has no types
    """Reads committed records of some topics, each partition in order, at least once."""

    def __init__(self, kafka: Kafka, group: str, topics: Collection[str], **options: Any) -> None:  # noqa: ANN401
        """options: of aiokafka's consumer."""
        self.group, self.topics = group, topics
        self.consumer = AIOKafkaConsumer(
            **client_options(kafka),
            **{"client_id": group, **options},
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        self.committed: dict[TopicPartition, int] = {}
        self._turn = 0
        """How often partitions were given away: what was fetched before is not ours to take."""

    @abstractmethod
    async def take(self, place: TopicPartition, records: list[ConsumerRecord]) -> None:
        """Takes what came of one partition."""

    @abstractmethod
    async def look(self) -> None:
        """Looks after what is due, several times a second, whether or not something came."""

    @abstractmethod
    def positions(self) -> Awaitable[dict[TopicPartition, int]]:
        """Gives where whoever comes after us begins: everything before it is settled."""

    @abstractmethod
    def leave(self, partitions: Collection[int]) -> None:
        """Leaves partitions to others."""

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Tells Kafka how far we are, and leaves."""
        self._turn += 1
        await self.commit()
        self.leave({place.partition for place in revoked})
        self.committed.clear()

    async def start(self, stopping: asyncio.Event) -> None:
        """Connects, however long Kafka is away."""
        self.consumer.subscribe([*self.topics], listener=self)
        while not stopping.is_set():
            try:
                await self.consumer.start()
            except (KafkaError, OSError) as error:
                log.warning("member.kafka_unreachable", group=self.group, error=repr(error))
                await asyncio.sleep(1)
            else:
                return

    async def read(
        self,
        stopping: asyncio.Event,
        *,
        each_round: Callable[[], None] = _nothing,
        each_second: Callable[[], None] = _nothing,
    ) -> None:
        """Reads until it shall stop. Raises what `take`, `look` and the two that are called beside them raise."""
        last = time.monotonic()
        while not stopping.is_set():
            found, turn = await self.consumer.getmany(timeout_ms=TICK_MS), self._turn
            for place, records in found.items():
                if turn == self._turn:  # else whoever has the partition now, be it us, reads this again
                    await self.take(place, records)
            await self.look()
            each_round()
            if time.monotonic() - last > COMMIT_EVERY:
                last = time.monotonic()
                each_second()
                await self.commit()

    async def stop(self) -> None:
        """Tells Kafka how far we are, and leaves."""
        await self.commit()
        await self.consumer.stop()

    async def commit(self) -> None:
        """Tells Kafka where we are, unless it knows; where that fails, what is read twice is found settled."""
        try:
            news = {place: at for place, at in (await self.positions()).items() if self.committed.get(place) != at}
            if news:
                await self.consumer.commit(news)
                self.committed.update(news)
        except (CommitFailedError, IllegalStateError, KafkaError) as error:
            log.info("member.not_committed", group=self.group, error=repr(error))
