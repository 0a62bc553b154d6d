"""Reads webhooks.received from where every question is answered, and tells Kafka how far that is."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from pipeline.completion.questions import Questions
from pipeline.gateway.producer import TOPIC
from pipeline.settings import Kafka
from pipeline.streams.member import Member

GROUP = "arus-completion"
ROOM = 50_000
"""Open questions that may wait in memory; beyond that reading waits."""
CATCHING_UP = 30.0
"""Seconds that the first question waits at most until all of the topic is read that was there."""
AT_ONCE = 2_000


class Reader(Member):
    """Our partitions of webhooks.received; sets `begun` once it is known which questions are answered already."""

    def __init__(
        self, kafka: Kafka, questions: Questions, note: Callable[[ConsumerRecord], None], begun: asyncio.Event
    ) -> None:
        """`note` hears of each record."""
        super().__init__(kafka, GROUP, (TOPIC,), max_poll_records=AT_ONCE)
        self._questions, self._note, self._begun = questions, note, begun
        self._ours: list[TopicPartition] = []
        self._ends: dict[TopicPartition, int] | None = None
        self._started = time.monotonic()

    async def take(self, place: TopicPartition, records: list[ConsumerRecord]) -> None:
        """Takes note of what came."""
        del place
        for record in records:
            self._note(record)

    async def look(self) -> None:
        """Lets questions be asked once all is read that was there, and reads on while there is room for more."""
        if not self._begun.is_set() and await self._has_caught_up():
            self._begun.set()
        if len(self._questions) >= ROOM:
            self.consumer.pause(*self.consumer.assignment())
        elif self.consumer.paused():
            self.consumer.resume(*self.consumer.paused())

    async def positions(self) -> dict[TopicPartition, int]:
        """Gives where the first open question of each partition was raised."""
        return {TopicPartition(TOPIC, number): at for number, at in self._questions.positions().items()}

    def leave(self, partitions: Collection[int]) -> None:
        """Leaves partitions to others."""
        self._questions.forget({*partitions})

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Takes partitions over."""
        self._ours, self._ends = list(assigned), None
        self._questions.begin({place.partition for place in self._ours})

    async def _has_caught_up(self) -> bool:
        if time.monotonic() - self._started > CATCHING_UP or len(self._questions) >= ROOM:
            return True
        try:
            if self._ours and self._ends is None:
                self._ends = await self.consumer.end_offsets(self._ours)
            ends = self._ends or {}
            return bool(ends) and all([await self.consumer.position(place) >= end for place, end in ends.items()])
        except (IllegalStateError, KafkaError):  # a rebalance, or a broker that is away
            return False
