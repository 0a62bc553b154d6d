"""Workers on the real Kafka that all tests share, each with topics, a group and a home of its own."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from pipeline import settings
from pipeline.broker import admin
from pipeline.settings import Kafka, Settings
from pipeline.streams import app

PARTITIONS = 2


class Stage:
    """Topics of this test, records into and out of them, and workers between."""

    def __init__(self, kafka: Kafka, unique: Callable[[str], str], home: Path) -> None:
        self.kafka = kafka.model_copy(update={"partitions": PARTITIONS})
        self.unique, self.home = unique, home
        self.letters = self.topic("dead-letters")

    def topic(self, name: str, partitions: int = PARTITIONS, **configs: str) -> str:
        """Creates a topic."""
        with admin.connect(self.kafka) as door:
            door.create_topic(self.unique(name), partitions, configs)
        return self.unique(name)

    def settings(self, store: str = "memory") -> Settings:
        """Gives the settings of a worker."""
        return settings.load(home=self.home, kafka=self.kafka, streams={"store": store})

    def worker(self, *agents, store: str = "memory", sink=None, restart: bool = False):
        """Runs a worker within; the job has the test's own name."""
        job = self.unique("job")
        return app.worker(job, agents, self.settings(store), sink, letters=self.letters, restart=restart)

    async def send(self, topic: str, *records: tuple, headers=()) -> None:
        """Sends (key, value) records, in order."""
        async with AIOKafkaProducer(bootstrap_servers=self.kafka.bootstrap_servers, acks="all") as producer:
            for key, value in records:
                await producer.send_and_wait(topic, value, key=key, headers=list(headers))

    async def read(self, topic: str) -> list:
        """Gives all committed records of a topic that are there now, by partition and offset."""
        found = []
        async with AIOKafkaConsumer(
            bootstrap_servers=self.kafka.bootstrap_servers, isolation_level="read_committed"
        ) as consumer:
            tps = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            ends = await consumer.end_offsets(tps)
            consumer.assign(tps)
            await consumer.seek_to_beginning()
            while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += records
        return sorted(found, key=lambda record: (record.partition, record.offset))

    async def until(self, topic: str, count: int) -> list:
        """Reads a topic again and again until it holds so many records."""
        while len(found := await self.read(topic)) < count:  # noqa: ASYNC110  # another process writes it
            await asyncio.sleep(0.1)
        return found


@pytest.fixture
def stage(kafka: Kafka, unique, tmp_path: Path) -> Stage:
    """A stage with dead letters and nothing else on it."""
    return Stage(kafka, unique, tmp_path)
