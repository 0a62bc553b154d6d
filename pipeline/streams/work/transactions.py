"""Transactional producers: one for each agent and partition number, fenced anew at every assignment.

aiokafka does not tell the broker the consumer's generation when it commits offsets in a transaction (KIP-447), so one
producer per worker would not keep out a worker that was frozen and woke up. One per partition does: whoever gets the
partition starts its producer, and from then on nothing of the former owner can be committed. test_soak.py

aiokafka's own producer does one thing after the other and knows ten states. Here whatever goes wrong leaves the
producer broken, and the next fence settles what became of it; and what need not wait for each other goes side by side.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka.client import CoordinationType
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    InitProducerIdRequest,
    TxnOffsetCommitRequest,
)
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.structs import TopicPartition

from pipeline.streams.work.outbox import Pack
from pipeline.streams.work.wire import Broken, Coordinator, Refused, Wire, judge, pauses

BATCH_BYTES = 900_000
"""Below Kafka's default limit of 1 MB; a larger single record goes alone."""

TIMEOUT_MS = 30_000
"""After this the broker ends the transaction of a worker that vanished and whose partition nobody took."""

REQUEST_MS = 30_000
DUPLICATE = 46
"""The code of records that were there already: they were sent again because the answer was lost."""


class Producer(NamedTuple):
    """Who we are to Kafka's transactions; the next fence counts the epoch up."""

    id: int
    epoch: int


class Batch(NamedTuple):
    """One Kafka batch, ready to be sent, and sent again."""

    records: int
    data: bytes


class Transactions:
    """The transactions of one agent on one partition, one after the other."""

    def __init__(self, name: str, group: str, wire: Wire) -> None:
        self.name, self._group, self._wire = name, group, wire
        self._transaction = Coordinator(CoordinationType.TRANSACTION, name)
        self._offsets = Coordinator(CoordinationType.GROUP, group)
        self._producer: Producer | None = None
        self._sequences: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        """Starts the producer. When it returns, every former owner is fenced and its last transaction ended."""
        request = InitProducerIdRequest(self.name, TIMEOUT_MS)
        answer = await self._wire.ask(self._transaction, request, self.name)
        self._producer, self._sequences = Producer(answer.producer_id, answer.producer_epoch), {}

    @staticmethod
    def create_batch() -> DefaultRecordBatchBuilder:
        """Makes an empty Kafka batch."""
        return DefaultRecordBatchBuilder(2, 0, 1, -1, -1, 0, BATCH_BYTES)

    async def commit(self, packs: Iterable[Pack], offsets: Mapping[Any, int]) -> dict[TopicPartition, int]:
        """Sends the packs and commits the offsets, all or nothing. Gives the last offset of each partition sent to.

        Where both are empty there is nothing to do. Raises Broken if the producer is no longer any good, Refused if
        Kafka did not want it and it was aborted, and TooLarge before anything is sent.
        """
        batches = {TopicPartition(pack.topic, pack.partition): pack.batches() for pack in packs}
        if not batches and not offsets:
            return {}
        producer, self._producer = self._producer, None  # until it is known how this ends
        if producer is None:
            raise Broken(self.name)
        try:
            last = await self._send(producer, batches, offsets)
            await self._ask(EndTxnRequest(self.name, *producer, transaction_result=True))
        except Refused:
            await self._ask(EndTxnRequest(self.name, *producer, transaction_result=False))
            self._producer = producer
            raise
        self._producer = producer
        return last

    async def _send(
        self, producer: Producer, batches: Mapping[TopicPartition, list[Any]], offsets: Mapping[Any, int]
    ) -> dict[TopicPartition, int]:
        topics = [
            (topic, [tp.partition for tp in batches if tp.topic == topic]) for topic in {tp.topic for tp in batches}
        ]
        await _all(
            self._ask(AddPartitionsToTxnRequest(self.name, *producer, topics)) if topics else _nothing(),
            self._ask(AddOffsetsToTxnRequest(self.name, *producer, self._group)) if offsets else _nothing(),
        )
        last: dict[TopicPartition, int]
        last, _ = await _all(self._produce(producer, batches), self._tell(producer, offsets) if offsets else _nothing())
        return last

    def _tell(self, producer: Producer, offsets: Mapping[Any, int]) -> Awaitable[Any]:
        ends = [(tp.topic, [(tp.partition, end, "")]) for tp, end in offsets.items()]
        return self._wire.ask(self._offsets, TxnOffsetCommitRequest(self.name, self._group, *producer, ends), self.name)

    def _ask(self, request: Any) -> Awaitable[Any]:  # noqa: ANN401
        return self._wire.ask(self._transaction, request, self.name)

    # ---- records

    async def _produce(
        self, producer: Producer, batches: Mapping[TopicPartition, list[Any]]
    ) -> dict[TopicPartition, int]:
        """Sends all batches, those of one partition one after the other; gives each partition's last offset."""
        waiting = {tp: self._build(producer, tp, some) for tp, some in batches.items()}
        last: dict[TopicPartition, int] = {}
        pause = pauses()
        while waiting:
            taken, refusal = await self._send_round({tp: some[0] for tp, some in waiting.items()})
            for tp, offset in taken.items():
                batch = waiting[tp].pop(0)
                self._sequences[tp] = (self._sequences.get(tp, 0) + batch.records) % (1 << 31)
                last[tp] = offset + batch.records - 1
            if refusal is not None:
                raise refusal
            waiting = {tp: some for tp, some in waiting.items() if some}
            if waiting and not taken:
                await self._wire.look_again()
                await asyncio.sleep(next(pause))
        return last

    def _build(self, producer: Producer, tp: TopicPartition, batches: list[tuple[Any, int]]) -> list[Batch]:
        sequence, built = self._sequences.get(tp, 0), []
        for builder, records in batches:
            builder.set_producer_state(*producer, sequence)
            built.append(Batch(records, builder.build()))
            sequence = (sequence + records) % (1 << 31)
        return built

    async def _send_round(
        self, batches: dict[TopicPartition, Batch]
    ) -> tuple[dict[TopicPartition, int], Exception | None]:
        """Sends one batch of each partition to the leaders; gives the offsets of those that were taken, and a refusal.

        If it is not known of all others whether they were taken, the producer is broken: a sequence number must not be
        used twice, or Kafka drops what it takes for a repetition.
        """
        by_leader: dict[int, dict[TopicPartition, Batch]] = {}
        for tp, batch in batches.items():
            if (leader := await self._wire.leader(tp)) is not None:
                by_leader.setdefault(leader, {})[tp] = batch
        answers = await _all(*(self._send_to(leader, some) for leader, some in by_leader.items()))
        codes = {tp: answer for some in answers for tp, answer in some.items()}
        taken = {tp: offset for tp, (code, offset) in codes.items() if code in (0, DUPLICATE)}
        refusal: Exception | None = None
        for tp, (code, _) in codes.items():
            try:
                judge(0 if tp in taken else code, f"{tp.topic}/{tp.partition}")
            except Refused as error:
                refusal = error if len(codes) == len(batches) else Broken(f"{self.name}: {error}")
        return taken, refusal

    async def _send_to(
        self, leader: int, batches: dict[TopicPartition, Batch]
    ) -> dict[TopicPartition, tuple[int, int]]:
        topics: dict[str, list[tuple[int, bytes]]] = {}
        for tp, batch in batches.items():
            topics.setdefault(tp.topic, []).append((tp.partition, batch.data))
        request = ProduceRequest(self.name, -1, REQUEST_MS, list(topics.items()))
        answer = await self._wire.send(leader, request, self.name)
        return {
            TopicPartition(topic, partition): (code, offset)
            for topic, partitions in (answer.topics if answer else ())
            for partition, code, offset, *_ in partitions
        }


async def _all(*asked: Awaitable[Any]) -> list[Any]:
    """Waits for all, also if one fails: nothing may still be under way when the transaction is ended."""
    results = await asyncio.gather(*asked, return_exceptions=True)
    for kind in (Broken, Refused, BaseException):
        for result in results:
            if isinstance(result, kind):
                raise result
    return results


async def _nothing() -> None:
    """Does nothing."""
