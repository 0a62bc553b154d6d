"""The messages of one transaction, packed into Kafka's own batches as the agent gives them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from pipeline.streams.agent import Headers, Message
from pipeline.streams.work.partitions import partition_of

Create = Callable[[], Any]
"""Makes an empty batch of aiokafka's: AIOKafkaProducer.create_batch."""

MOST_BYTES = 2_097_152 - 256
"""The largest record that our topics take: max.message.bytes of TOPICS, less Kafka's own framing."""


class TooLarge(Exception):
    """A record does not fit the topic that it is for."""


class Pack:
    """Records of one partition, in as many Kafka batches as they need."""

    __slots__ = ("_append", "_batch", "_count", "_create", "_full", "_now", "partition", "records", "topic")

    def __init__(self, create: Create, topic: str, partition: int, now: int) -> None:
        self.topic, self.partition, self.records = topic, partition, 0
        self._create, self._now = create, now
        self._full: list[Any] = []
        self._open()

    def add(self, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Appends a record."""
        told = headers if type(headers) is list else list(headers)
        if self._append(self._count, self._now, key, value, told) is None:
            self._close()
            self._open()
            self._append(0, self._now, key, value, told)  # the first one always fits
        self._count += 1

    def batches(self) -> list[Any]:
        """Gives the batches to send, in order. Raises TooLarge."""
        self._close()
        return self._full

    def _open(self) -> None:
        # aiokafka's Cython builder: half the cost of BatchBuilder.append
        self._batch, self._count = self._create(), 0
        self._append = self._batch._builder.append

    def _close(self) -> None:
        if self._batch.size() > MOST_BYTES:
            raise TooLarge(f"a record of {self._batch.size()} bytes for {self.topic}, which takes {MOST_BYTES}")
        if self._count:
            self._batch._relative_offset = self._count
            self.records += self._count
            self._full.append(self._batch)
            self._count = 0


class Outbox:
    """What one transaction will send, by topic and partition."""

    def __init__(self, create: Create, partition: int, partitions: Mapping[str, int], now: int) -> None:
        self._create, self._home, self._partitions, self._now = create, partition, partitions, now
        self._packs: dict[str, dict[int, Pack]] = {}

    def take(self, messages: Iterable[Message], own: Collection[bytes]) -> None:
        """Packs messages; `own` are keys that are known to belong to the partition being worked on."""
        home = self._home
        homes: dict[str, Pack] = {}
        for topic, key, value, headers in messages:
            if key in own:
                pack = homes.get(topic)
                if pack is None:
                    pack = homes[topic] = self._pack(topic, home)
            else:
                pack = self._pack(topic, partition_of(key, self._partitions[topic]))
            pack.add(key, value, headers)

    def put(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Packs one record for the partition being worked on."""
        self._pack(topic, self._home).add(key, value, headers)

    def packs(self) -> Iterator[Pack]:
        """Gives all packs."""
        for packs in self._packs.values():
            yield from packs.values()

    def _pack(self, topic: str, partition: int) -> Pack:
        packs = self._packs.get(topic)
        if packs is None:
            packs = self._packs[topic] = {}
        pack = packs.get(partition)
        if pack is None:
            pack = packs[partition] = Pack(self._create, topic, partition, self._now)
        return pack
