"""Transactional producers: one for each agent and partition number, fenced anew at every assignment.

aiokafka does not tell the broker the consumer's generation when it commits offsets in a transaction (KIP-447), so one
producer per worker would not keep out a worker that was frozen and woke up. One per partition does: whoever gets the
partition starts its producer, and from then on nothing of the former owner can be committed. test_soak.py
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer

from pipeline.streams.work.outbox import Pack

log = structlog.get_logger("arus.streams")

BATCH_BYTES = 900_000
"""Below Kafka's default limit of 1 MB; a larger single record goes alone."""

TIMEOUT_MS = 30_000
"""After this the broker ends the transaction of a worker that vanished and whose partition nobody took."""


class Broken(Exception):
    """The producer cannot go on: it was fenced, or what became of its transaction is not known."""


class Transactions:
    """The transactions of one agent on one partition, one after the other."""

    def __init__(self, name: str, group: str, options: Mapping[str, Any]) -> None:
        self.name, self._group, self._options = name, group, options
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Starts the producer. When it returns, every former owner is fenced and its last transaction ended."""
        self._producer = AIOKafkaProducer(
            **self._options,
            transactional_id=self.name,
            transaction_timeout_ms=TIMEOUT_MS,
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
        )
        await self._producer.start()

    @property
    def producer(self) -> AIOKafkaProducer:
        """The producer, once started."""
        if self._producer is None:
            raise Broken(self.name)
        return self._producer

    async def commit(self, packs: Iterable[Pack], offsets: Mapping[Any, int]) -> dict[tuple[str, int], int]:
        """Sends the packs and commits the offsets, all or nothing. Gives the last offset of each partition sent to.

        Raises Broken if the producer is no longer any good, and what Kafka told if the transaction was aborted.
        """
        producer = self.producer
        try:
            await producer.begin_transaction()
            sent = [await self._send(pack) for pack in packs]
            last = await self._delivered(sent)
            # Not beside the records: the broker refuses them while it adds the group to the transaction (KIP-890).
            await producer.send_offsets_to_transaction(dict(offsets), self._group)
            await producer.commit_transaction()
        except asyncio.CancelledError:
            self._producer = None
            self.end(producer)
            raise
        except Exception as error:
            await self._abort(error)
            raise
        return last

    async def _send(self, pack: Pack) -> tuple[Pack, list[asyncio.Future[Any]], int]:
        batches = pack.batches()
        last = batches[-1].record_count()
        return pack, [await self.producer.send_batch(b, pack.topic, partition=pack.partition) for b in batches], last

    async def _delivered(self, sent: list[tuple[Pack, list[asyncio.Future[Any]], int]]) -> dict[tuple[str, int], int]:
        await asyncio.gather(*(future for _, futures, _ in sent for future in futures))
        return {(p.topic, p.partition): futures[-1].result().offset + count - 1 for p, futures, count in sent}

    async def _abort(self, error: Exception) -> None:
        producer = self.producer
        try:
            await producer.abort_transaction()
        except Exception as broken:  # the state machine's assertions among them
            self._producer = None
            self.end(producer)
            raise Broken(f"{self.name}: {error!r}") from broken

    def close(self) -> None:
        """Lets the producer go."""
        producer, self._producer = self._producer, None
        if producer is not None:
            self.end(producer)

    def end(self, producer: AIOKafkaProducer) -> None:
        """Ends a producer aside: it may wait for a broker that is down."""
        task = asyncio.ensure_future(_end(producer))
        _ENDING.add(task)
        task.add_done_callback(_ENDING.discard)


_ENDING: set[asyncio.Future[None]] = set()


async def _end(producer: AIOKafkaProducer) -> None:
    with contextlib.suppress(Exception):
        await producer.stop()
    with contextlib.suppress(Exception):
        await producer._txn_manager.wait_for_transaction_end()  # its error was told; asyncio would tell it once more


async def ended(seconds: float) -> None:
    """Waits until the producers that were let go have ended, but not for long."""
    if _ENDING:
        await asyncio.wait(_ENDING, timeout=seconds)
