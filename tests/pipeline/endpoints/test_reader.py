"""What Kafka is told of what asks for messages: never more than was taken, whatever comes between."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError

from pipeline.endpoints.reader import ASKING, SENDINGS, Reader
from pipeline.settings import Kafka
from schemas.endpoints import Sending
from schemas.notices import Notice

SENDING = Sending("s", "kios", Notice("n", "seller:kios", "shipped", "o", 0, "e"))


class Consumer:
    """Kafka's consumer: fetches what is laid before it, and has its position behind that at once."""

    def __init__(self):
        self.fetches, self.at, self.told = [], {}, {}

    async def getmany(self, timeout_ms):
        del timeout_ms
        await asyncio.sleep(0)
        found = self.fetches.pop(0) if self.fetches else {}
        self.at |= {place: records[-1].offset + 1 for place, records in found.items()}
        return found

    async def position(self, place):
        return self.at.get(place, 0)

    async def end_offsets(self, places):
        return dict.fromkeys(places, 0)

    def pause(self, *places):
        pass

    resume = pause

    async def commit(self, offsets):
        self.told |= offsets

    async def stop(self):
        pass


class Desk:
    """Takes what asks, when it is let; hears of what is begun."""

    def __init__(self):
        self.taken, self.begun, self.free, self.refused = [], [], asyncio.Event(), set()

    async def take(self, partition, records):
        await self.free.wait()
        if self.refused.intersection(record.offset for record in records):
            raise KafkaTimeoutError("no leader")
        self.taken.append((partition, [record.offset for record in records]))
        return [SENDING]

    def begin(self, partition, waiting):
        self.begun += [partition for _ in waiting]


def notices(partition, count):
    """Gives what a fetch of a partition brought."""
    place = TopicPartition("notices", partition)
    return {place: [SimpleNamespace(offset=n, value=b"", partition=partition) for n in range(count)]}


@pytest.fixture
async def desk():
    return Desk()


@pytest.fixture
async def reader(desk, monkeypatch):
    """One that has two partitions and is behind in none."""
    monkeypatch.setattr("pipeline.streams.member.AIOKafkaConsumer", lambda **_: Consumer())
    reader = Reader(Kafka(bootstrap_servers="nowhere:9092"), desk.take, desk.begin, lambda _: None)
    await reader.on_partitions_assigned([TopicPartition(topic, n) for topic in (*ASKING, SENDINGS) for n in (0, 1)])
    await reader.look()
    assert reader.is_ready
    return reader


async def test_what_could_not_be_kept_is_read_again(reader, desk):
    """Leaving after an error tells Kafka of what was taken before it, and of nothing else."""
    desk.free.set()
    desk.refused = {7}
    later = {place: records[3:] for place, records in notices(0, 9).items()}
    reader.consumer.fetches = [notices(0, 3), notices(1, 5), later]
    with pytest.raises(KafkaTimeoutError):
        await reader.read(asyncio.Event())
    await reader.stop()
    told = {(place.topic, place.partition): at for place, at in reader.consumer.told.items()}
    assert (told["notices", 0], told["notices", 1]) == (3, 5)


async def test_what_others_take_over_meanwhile_is_theirs(reader, desk):
    """Of a fetch that waits for its turn nothing is told to Kafka, taken or begun."""
    reader.consumer.fetches, stopping = [notices(0, 3) | notices(1, 5)], asyncio.Event()
    reading = asyncio.create_task(reader.read(stopping))
    await asyncio.sleep(0.01)
    await reader.on_partitions_revoked({TopicPartition("notices", n) for n in (0, 1)})
    await reader.on_partitions_assigned([TopicPartition(topic, n) for topic in (*ASKING, SENDINGS) for n in (0, 1)])
    desk.free.set()
    await asyncio.sleep(0.01)
    stopping.set()
    await reading
    assert {at for place, at in reader.consumer.told.items() if place.topic == "notices"} == {0}
    assert (desk.taken, desk.begun) == ([(0, [0, 1, 2])], [])
