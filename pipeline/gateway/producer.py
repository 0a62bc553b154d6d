"""The way into Kafka: what `keep` returns from is written, on every replica that must have it."""

import asyncio
import contextlib
import time
from functools import partial

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from pipeline.broker.clients import client_options
from pipeline.gateway.answers import TurnedAway
from pipeline.settings import Kafka
from schemas.deliveries import Delivery

TOPIC = "webhooks.received"

PATIENCE = 2.0
"""Seconds that a webhook waits for Kafka: less than the shortest deadline of any sender (three)."""

ROOM = 64 << 20
"""Bytes that may wait for Kafka at one time; more are turned away."""

OVERHEAD = 1024
"""What a record takes besides its body, roughly."""

log = structlog.get_logger("gateway")


class Producer:
    """An idempotent producer that outlives Kafka's absence.

    While Kafka is away, the first webhooks wait their PATIENCE in vain; then all are turned away at once, until Kafka
    has taken what is still waiting. What it takes after its sender was turned away comes a second time: a repetition
    like any other.
    """

    def __init__(self, kafka: Kafka) -> None:
        self._options = {
            **client_options(kafka),
            "client_id": "arus-gateway",
            "acks": "all",
            "enable_idempotence": True,
            "max_batch_size": 256 << 10,
            "max_request_size": 4 << 20,
            "request_timeout_ms": 10_000,
        }
        self._producer: AIOKafkaProducer | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._waiting: dict[asyncio.Future[object], float] = {}
        self._bytes = 0

    def start(self) -> None:
        """Begins to look for Kafka; it need not be there yet."""
        self._connecting = asyncio.create_task(self._connect())

    async def stop(self, patience: float = 0.8) -> None:
        """Sends what is still waiting, if Kafka takes it in time."""
        if self._connecting:
            self._connecting.cancel()
        producer, self._producer = self._producer, None
        if producer:
            await _close(producer, patience)

    async def keep(self, delivery: Delivery) -> None:
        """Returns when Kafka has the delivery. Raises TurnedAway when it has not within PATIENCE."""
        size = len(delivery.body) + OVERHEAD
        producer = self._producer_with_room(size)
        self._bytes += size
        try:
            async with asyncio.timeout(PATIENCE):
                try:
                    written = await producer.send(
                        TOPIC, delivery.body, key=delivery.key, headers=delivery.record_headers()
                    )
                except BaseException:
                    self._bytes -= size
                    raise
                self._waiting[written] = time.monotonic()
                written.add_done_callback(partial(self._done, producer, size))
                await asyncio.shield(written)
        except TimeoutError as error:
            raise TurnedAway("too_slow", f"Kafka did not confirm within {PATIENCE:g} seconds") from error
        except KafkaError as error:
            self._renew(producer, error)
            raise TurnedAway("kafka_error", f"Kafka refused: {type(error).__name__}") from error

    def _producer_with_room(self, size: int) -> AIOKafkaProducer:
        """Gives the producer, if Kafka answers it and there is room."""
        if self._producer is None:
            raise TurnedAway("kafka_down", "Kafka is not reachable")
        if (silent := self.silence()) > PATIENCE:
            raise TurnedAway("kafka_down", f"Kafka has confirmed nothing for {silent:.0f} seconds")
        if self._bytes + size > ROOM:
            raise TurnedAway("too_much", "too many webhooks wait for Kafka")
        return self._producer

    def silence(self) -> float:
        """Tells how many seconds the oldest record has been waiting for Kafka."""
        return time.monotonic() - next(iter(self._waiting.values())) if self._waiting else 0.0

    def _done(self, producer: AIOKafkaProducer, size: int, written: "asyncio.Future[object]") -> None:
        del self._waiting[written]
        self._bytes -= size
        if not written.cancelled() and (error := written.exception()):
            self._renew(producer, error)

    async def ready(self) -> str:
        """Gives an empty text when Kafka answers and has our topic, else why not."""
        if self._producer is None:
            return "Kafka is not reachable"
        try:
            async with asyncio.timeout(1):
                cluster = await self._producer.client.fetch_all_metadata()
        except (TimeoutError, KafkaError) as error:
            return f"Kafka does not answer: {type(error).__name__}"
        return "" if cluster.partitions_for_topic(TOPIC) else f"there is no topic {TOPIC}: arus topics create makes it"

    def _renew(self, broken: AIOKafkaProducer, error: BaseException) -> None:
        """Replaces a producer that gave up: aiokafka repeats what can be repeated, so an error of it is final."""
        if self._producer is broken:
            log.warning("gateway.kafka_lost", error=repr(error))
            self._producer = None
            self._connecting = asyncio.create_task(self._connect(broken))

    async def _connect(self, broken: AIOKafkaProducer | None = None) -> None:
        """Tries until Kafka is there."""
        if broken:
            await _close(broken, PATIENCE)
        told = False
        while self._producer is None:
            producer = AIOKafkaProducer(**self._options)
            try:
                async with asyncio.timeout(10):
                    await producer.start()
            except (TimeoutError, KafkaError, OSError) as error:
                if not told:
                    log.warning("gateway.kafka_unreachable", error=repr(error))
                told = True
                await _close(producer, PATIENCE)
                await asyncio.sleep(0.5)
            else:
                self._producer = producer
                log.info("gateway.kafka_found")


async def _close(producer: AIOKafkaProducer, patience: float) -> None:
    with contextlib.suppress(TimeoutError, KafkaError):
        async with asyncio.timeout(patience):
            await producer.stop()
