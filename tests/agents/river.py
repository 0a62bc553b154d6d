"""The three agents one behind the other without a broker: batches cut and partitions interleaved by dice."""

from collections import defaultdict
from collections.abc import Iterable
from random import Random
from typing import Any

from agents.intake import intake_agent
from agents.matching import match
from agents.tracking import track
from pipeline.settings import Settings
from pipeline.streams import testing
from pipeline.streams.agent import Agent, Message
from pipeline.streams.testing import Given
from schemas.deliveries import Delivery

PARTITIONS = 4


class River:
    """What is in the topics, how far each agent has read each partition, and the rows of its table."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.dice = Random(seed)
        self.agents = (intake_agent(settings), match, track)
        self.topics: dict[tuple[str, int], list[Given]] = defaultdict(list)
        self.read: dict[tuple[str, str, int], int] = defaultdict(int)
        self.rows: dict[tuple[str, int], dict[bytes, Any]] = defaultdict(dict)
        self.buried: list[str] = []

    def pour(self, deliveries: Iterable[Delivery]) -> None:
        """Writes deliveries as the gateway does."""
        for delivery in deliveries:
            self._write(
                delivery.key, "webhooks.received", delivery.body, delivery.record_headers(), delivery.written_at
            )

    def run(self) -> None:
        """Works until every agent has read everything."""
        while ready := [
            (a, t, p) for a in self.agents for t in a.topics for p in range(PARTITIONS) if self._left(a, t, p)
        ]:
            self._step(*self.dice.choice(ready))

    def sent(self, topic: str) -> list[Given]:
        """Gives all that was written to a topic."""
        return [record for partition in range(PARTITIONS) for record in self.topics[topic, partition]]

    def states(self) -> dict[bytes, Any]:
        """Gives every order."""
        return {key: order for partition in range(PARTITIONS) for key, order in self.rows["track", partition].items()}

    def _left(self, agent: Agent, topic: str, partition: int) -> int:
        return len(self.topics[topic, partition]) - self.read[agent.name, topic, partition]

    def _step(self, agent: Agent, topic: str, partition: int) -> None:
        start = self.read[agent.name, topic, partition]
        records = self.topics[topic, partition][start : start + self.dice.randint(1, 60)]
        rows = self.rows[agent.name, partition]
        wanted = {record.key: rows[record.key] for record in records if record.key in rows}
        outcome = testing.run(agent, records, rows=wanted, topic=topic, partition=partition)
        self.read[agent.name, topic, partition] += len(records)
        rows.update(outcome.rows)
        self.buried += [f"{agent.name}: {buried.cause}" for buried in outcome.buried]
        for message in outcome.messages:
            self._write_message(message)

    def _write_message(self, message: Message) -> None:
        self._write(message.key, message.topic, message.value, message.headers, 0)

    def _write(self, key: bytes, topic: str, value: bytes, headers: Any, at: int) -> None:
        partition = self.topics[topic, sum(key) % PARTITIONS]
        partition.append(Given(key, value, headers, offset=len(partition), timestamp=at))
