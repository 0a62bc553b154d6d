"""The way into Kafka: what `keep` returns from is written, on every replica that must have it."""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from pipeline.broker.clients import client_options
from pipeline.gateway.answers import TurnedAway
from pipeline.settings import Kafka
from pipeline.streams.work.partitions import murmur2
from schemas.deliveries import Delivery

TOPIC = "webhooks.received"

PATIENCE = 2.0
"""Seconds that a webhook waits for Kafka: less than the shortest deadline of any sender (three)."""

ROOM = 64 << 20
"""Bytes that may wait for Kafka at one time; more are turned away."""

OVERHEAD = 1024
"""What a record takes besides its body, roughly."""

log = structlog.get_logger("gateway")


class Line:
    """One producer of aiokafka, idempotent, and the records that wait for Kafka in it.

    aiokafka repeats what can be repeated; an error that it gives up with is final, and `broken` hears of it.
    """

    def __init__(self, options: dict[str, Any], broken: Callable[["Line", BaseException], None]) -> None:
        self._producer = AIOKafkaProducer(
            **options,
            client_id="arus-gateway",
            acks="all",
            enable_idempotence=True,
            max_batch_size=256 << 10,
            max_request_size=4 << 20,
            request_timeout_ms=10_000,
        )
        self._broken = broken
        self._waiting: dict[int, dict[asyncio.Future[Any], float]] = defaultdict(dict)
        self._bytes = 0

    async def open(self) -> None:
        """Connects. Raises TimeoutError, KafkaError or OSError when Kafka is not there."""
        async with asyncio.timeout(10):
            await self._producer.start()

    async def close(self, patience: float) -> None:
        """Sends what is still waiting if Kafka takes it in time, and ends."""
        try:
            async with asyncio.timeout(patience):
                await self._producer.stop()
        except (TimeoutError, KafkaError):  # aiokafka waits for Kafka without end, to send what is left
            await self._producer.client.close()
            with contextlib.suppress(TimeoutError, KafkaError):
                async with asyncio.timeout(patience):
                    await self._producer._sender.close()  # noqa: SLF001  # there is no other way to end it

    def silence(self) -> float:
        """Tells how many seconds the oldest record has been waiting for Kafka."""
        return max(map(self._silence_of, tuple(self._waiting)), default=0.0)

    def _silence_of(self, partition: int) -> float:
        """Tells the same of one partition, whose leader may be away while the others are there."""
        since = next(iter(self._waiting[partition].values()), None)
        return time.monotonic() - since if since else 0.0

    async def keep(self, delivery: Delivery) -> None:
        """Returns when Kafka has the delivery. Raises TurnedAway, TimeoutError or KafkaError when it has not."""
        size = len(delivery.body) + OVERHEAD
        if self._bytes + size > ROOM:
            raise TurnedAway("too_much", "too many webhooks wait for Kafka")
        self._bytes += size
        try:
            async with asyncio.timeout(PATIENCE):
                written = await self._send(delivery)
                written.add_done_callback(partial(self._free, size))
                size = 0
                await asyncio.shield(written)
        finally:
            self._bytes -= size

    async def _send(self, delivery: Delivery) -> "asyncio.Future[Any]":
        key = delivery.key
        partitions = await self._producer.partitions_for(TOPIC)
        partition = (murmur2(key) & 0x7FFFFFFF) % len(partitions)  # as aiokafka has it, in half the time
        if (silent := self._silence_of(partition)) > PATIENCE:
            raise TurnedAway("kafka_down", f"Kafka has confirmed nothing for {silent:.0f} seconds")
        written: asyncio.Future[Any] = await self._producer.send(
            TOPIC, delivery.body, key=key, partition=partition, headers=delivery.record_headers()
        )
        self._waiting[partition][written] = time.monotonic()
        written.add_done_callback(partial(self._written, partition))
        return written

    def _free(self, size: int, written: "asyncio.Future[Any]") -> None:
        del written
        self._bytes -= size

    def _written(self, partition: int, written: "asyncio.Future[Any]") -> None:
        del self._waiting[partition][written]
        if not written.cancelled() and (error := written.exception()):
            self._broken(self, error)

    async def ask(self) -> str:
        """Gives an empty text when Kafka answers and has our topic, else why not."""
        try:
            async with asyncio.timeout(1):
                cluster = await self._producer.client.fetch_all_metadata()
        except (TimeoutError, KafkaError) as error:
            return f"Kafka does not answer: {type(error).__name__}"
        return "" if cluster.partitions_for_topic(TOPIC) else f"there is no topic {TOPIC}: arus topics create makes it"


class Producer:
    """A line to Kafka that is laid anew whenever it breaks.

    While Kafka is away, the first webhooks wait their PATIENCE in vain; then all are turned away at once, until Kafka
    has taken what is still waiting. What it takes after its sender was turned away comes a second time: a repetition
    like any other.
    """

    def __init__(self, kafka: Kafka) -> None:
        self._options = client_options(kafka)
        self._line: Line | None = None
        self._laying: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to look for Kafka; it need not be there yet."""
        self._laying = asyncio.create_task(self._lay())

    async def stop(self, patience: float = 0.4) -> None:
        """Sends what is still waiting if Kafka takes it in time, and ends."""
        line, self._line = self._line, None
        if line:
            await line.close(patience)
        if self._laying:
            self._laying.cancel()
            await asyncio.gather(self._laying, return_exceptions=True)

    async def keep(self, delivery: Delivery) -> None:
        """Returns when Kafka has the delivery. Raises TurnedAway when it has not within PATIENCE."""
        line = self._line
        if line is None:
            raise TurnedAway("kafka_down", "Kafka is not reachable")
        try:
            await line.keep(delivery)
        except TimeoutError as error:
            raise TurnedAway("kafka_slow", f"Kafka did not confirm within {PATIENCE:g} seconds") from error
        except KafkaError as error:
            self._renew(line, error)
            raise TurnedAway("kafka_error", f"Kafka refused: {type(error).__name__}") from error

    def silence(self) -> float:
        """Tells how many seconds the oldest record has been waiting for Kafka."""
        return self._line.silence() if self._line else 0.0

    async def ready(self) -> str:
        """Gives an empty text when Kafka would take a webhook now, else why not."""
        return await self._line.ask() if self._line else "Kafka is not reachable"

    def _renew(self, broken: Line, error: BaseException) -> None:
        if self._line is broken:
            log.warning("gateway.kafka_lost", error=repr(error))
            self._line = None
            self._laying = asyncio.create_task(self._lay(broken))

    async def _lay(self, broken: Line | None = None) -> None:
        """Tries until Kafka is there."""
        if broken:
            await broken.close(PATIENCE)
        told = False
        while self._line is None:
            line = Line(self._options, self._renew)
            try:
                await line.open()
                self._line = line
            except (TimeoutError, KafkaError, OSError) as error:
                if not told:
                    log.warning("gateway.kafka_unreachable", error=repr(error))
                told = True
                await asyncio.sleep(0.5)
            finally:
                if self._line is not line:
                    await line.close(PATIENCE)
        log.info("gateway.kafka_found")
