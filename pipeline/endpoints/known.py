"""What every process knows of all endpoints: what their sellers have set, and how they do."""

from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.broker.clients import client_options
from pipeline.homes import at_home
from pipeline.settings import Kafka
from schemas.endpoints import Endpoint, Standing, audience_of

log = structlog.get_logger("endpoints")

ENDPOINTS, STANDINGS = "endpoints", "endpoint.standings"
READ: dict[str, Callable[[bytes], Any]] = {
    ENDPOINTS: msgspec.json.Decoder(Endpoint).decode,
    STANDINGS: msgspec.json.Decoder(Standing).decode,
}
TICK_MS = 200


class Known:
    """The newest word on each endpoint: two small topics, read whole by each process and then on."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._found: dict[str, dict[bytes, Any]] = {topic: {} for topic in READ}
        self._consumer: Any = None

    def endpoint(self, seller_id: str) -> Endpoint:
        """Gives what a seller has set; of one who has set nothing an endpoint without a URL."""
        found: Endpoint | None = self._found[ENDPOINTS].get(audience_of(seller_id).encode())
        return found or Endpoint(seller_id)

    def standing(self, seller_id: str) -> Standing:
        """Tells how an endpoint does; one of which nothing was told does well."""
        found: Standing | None = self._found[STANDINGS].get(audience_of(seller_id).encode())
        return found or Standing(seller_id)

    def take(self, topic: str, key: bytes, value: bytes | None) -> None:
        """Takes a record in, unless a newer one is known; what nobody can read is as if it were not there."""
        known = self._found[topic]
        try:
            told = READ[topic](value) if value else None
        except msgspec.MsgspecError:
            log.warning("endpoints.unreadable", topic=topic, key=key)
            return
        if told is None:
            known.pop(key, None)
        elif key not in known or told.changed_at >= known[key].changed_at:
            known[key] = told

    async def open(self) -> None:
        """Reads all that is there. Raises KafkaError or OSError when Kafka is not."""
        self._consumer = AIOKafkaConsumer(
            **client_options(self._kafka),
            client_id="arus-endpoints-known",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        await self._consumer.start()
        places = [TopicPartition(topic, number) for topic in READ for number in range(self._kafka.partitions)]
        self._consumer.assign(places)
        await self._consumer.seek_to_beginning(*places)
        ends = await self._consumer.end_offsets(places)
        while any([await self._consumer.position(place) < end for place, end in ends.items()]):
            await self._read()

    async def follow(self) -> None:
        """Reads what comes, without end."""
        while True:
            await self._read()

    async def close(self) -> None:
        """Ends the connection."""
        if self._consumer:
            await self._consumer.stop()

    async def _read(self) -> None:
        for place, records in (await self._consumer.getmany(timeout_ms=TICK_MS)).items():
            for record in at_home(place.topic, place.partition, self._kafka.partitions, records):
                self.take(place.topic, record.key or b"", record.value)
