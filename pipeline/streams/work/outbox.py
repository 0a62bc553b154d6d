"""The messages of one transaction, packed into Kafka's own batches as the agent gives them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from pipeline.streams.agent import Headers, Message
from pipeline.streams.work.partitions import partition_of

Create = Callable[[], Any]
"""Makes an empty batch of aiokafka's record builder."""

MOST_BYTES = 2_097_152 - 256
"""The largest record that our topics take: max.message.bytes of TOPICS, less Kafka's own framing."""

NONE: list[tuple[str, bytes]] = []


class TooLarge(Exception):
    """A record does not fit the topic that it is for."""


class Pack:
    """Records of one partition, in as many Kafka batches as they need."""

    __slots__ = ("_batch", "_create", "_full", "_now", "append", "count", "partition", "topic")

    def __init__(self, create: Create, topic: str, partition: int, now: int) -> None:
        self.topic, self.partition = topic, partition
        self._create, self._now = create, now
        self._full: list[tuple[Any, int]] = []
        self.append: Callable[[int, int, bytes | None, bytes | None, Any], Any]
        self.count: int
        self._open()

    def add(self, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Appends a record."""
        told = headers if type(headers) is list else list(headers)
        if self.append(self.count, self._now, key, value, told) is None:
            self._close()
            self._open()
            self.append(0, self._now, key, value, told)  # the first one always fits
        self.count += 1

    def extend(self, rows: Mapping[bytes, bytes | None]) -> None:
        """Appends many records without headers."""
        append, count, now = self.append, self.count, self._now
        for key, value in rows.items():
            if append(count, now, key, value, NONE) is None:
                self.count = count
                self.add(key, value)
                append, count = self.append, self.count
            else:
                count += 1
        self.count = count

    def __bool__(self) -> bool:
        return bool(self.count or self._full)

    def batches(self) -> list[tuple[Any, int]]:
        """Gives the batches to send, in order, and how many records are in each. Raises TooLarge."""
        self._close()
        return self._full

    def _open(self) -> None:
        self._batch, self.count = self._create(), 0
        self.append = self._batch.append

    def _close(self) -> None:
        if self._batch.size() > MOST_BYTES:
            raise TooLarge(f"a record of {self._batch.size()} bytes for {self.topic}, which takes {MOST_BYTES}")
        if self.count:
            self._full.append((self._batch, self.count))
            self.count = 0


class Outbox:
    """What one transaction will send, by topic and partition."""

    def __init__(self, create: Create, at: tuple[int, int], partitions: Mapping[str, int], now: int) -> None:
        """`at` is the partition being worked on, and how many its topic has; `partitions` how many any topic has."""
        self._create, self._partitions, self._now = create, partitions, now
        self._home, self._count = at
        self._packs: dict[str, dict[int, Pack]] = {}

    def take(self, messages: Iterable[Message], own: Collection[bytes]) -> None:
        """Packs messages.

        `own` are keys of the partition being worked on: in a topic with as many partitions they belong to the same.
        """
        homes: dict[str, Pack | None] = {}
        now = self._now
        for message in messages:
            topic, key, headers = message.topic, message.key, message.headers
            if topic not in homes:
                homes[topic] = self.pack(topic) if self._partitions[topic] == self._count else None
            pack = homes[topic]
            if pack is None or key not in own:
                self.pack(topic, partition_of(key, self._partitions[topic])).add(key, message.value, headers)
                continue
            # what Pack.add does, without a call for each message
            if headers or pack.append(pack.count, now, key, message.value, NONE) is None:
                pack.add(key, message.value, headers)
            else:
                pack.count += 1

    def pack(self, topic: str, partition: int | None = None) -> Pack:
        """Gives the pack of a topic: of the partition being worked on, unless another is named."""
        number = self._home if partition is None else partition
        packs = self._packs.setdefault(topic, {})
        if number not in packs:
            packs[number] = Pack(self._create, topic, number, self._now)
        return packs[number]

    def packs(self) -> Iterator[Pack]:
        """Gives all packs that hold something."""
        for packs in self._packs.values():
            yield from (pack for pack in packs.values() if pack)
