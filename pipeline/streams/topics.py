"""What Kafka has: its topics and their partitions, learnt at the start and again when one is missing."""

from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import UnknownTopicOrPartitionError


class Topics(dict[str, int]):
    """Topic → partitions. One that is not there is an error of Kafka's, not of whoever writes to it."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__()
        self._options = options
        self.missing: set[str] = set()

    def __missing__(self, topic: str) -> int:
        self.missing.add(topic)
        raise UnknownTopicOrPartitionError(f"topic {topic} is not there; `arus topics create` makes it")

    async def learn(self) -> None:
        """Asks Kafka. Raises what aiokafka raises when it does not answer."""
        client = AIOKafkaClient(**self._options)
        try:
            await client.bootstrap()
            cluster = await client.fetch_all_metadata()
            self.update({topic: len(cluster.partitions_for_topic(topic) or ()) for topic in cluster.topics()})
            self.missing.clear()
        finally:
            await client.close()
