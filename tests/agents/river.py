"""Agents one behind the other without a broker: batches cut, partitions interleaved and crashes chosen by dice."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from agents.intake import intake_agent
from agents.matching import match
from agents.stocking import move, stock
from agents.tracking import track
from pipeline import codec
from pipeline.settings import Settings
from pipeline.streams import testing
from pipeline.streams.agent import Agent, Message
from pipeline.streams.testing import Given
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import article_key
from schemas.registry import EVENTS

PARTITIONS = 4


class River:
    """What is in the topics, how far each agent has read each partition, and the rows of its table."""

    def __init__(self, agents: Sequence[Agent], seed: int, crashes: float = 0.0) -> None:
        """`crashes`: how likely after each batch that an agent reads some records once more."""
        self.dice, self.agents, self.crashes = Random(seed), agents, crashes
        self.topics: dict[tuple[str, int], list[Given]] = defaultdict(list)
        self.read: dict[tuple[str, str, int], int] = defaultdict(int)
        self.rows: dict[tuple[str, int], dict[bytes, Any]] = defaultdict(dict)
        self.buried: list[str] = []
        self.now = 0
        """When records are written."""

    @classmethod
    def of(cls, settings: Settings, seed: int) -> "River":
        """Gives the whole of it."""
        return cls((intake_agent(settings), match, track, move, stock), seed)

    def pour(self, deliveries: Iterable[Delivery]) -> None:
        """Writes deliveries as the gateway does."""
        for delivery in deliveries:
            self._write(
                delivery.key, "webhooks.received", delivery.body, delivery.record_headers(), delivery.written_at
            )

    def tell(self, event: Event) -> None:
        """Writes an event to its topic, as intake does."""
        key = event.order_id or article_key(event.seller_id or "", event.sku)
        self.write(key.encode(), EVENTS[event.type].topic, codec.encode_event(event), codec.headers(event))

    def run(self) -> None:
        """Works until every agent has read everything."""
        while ready := [
            (a, t, p) for a in self.agents for t in a.topics for p in range(PARTITIONS) if self._left(a, t, p)
        ]:
            self._step(*self.dice.choice(ready))

    def ring(self, now: int) -> None:
        """Rings the rows that are due; as dice will have it, first in vain: a worker dies before that counts."""
        self.now = now
        for agent in (agent for agent in self.agents if agent.ring):
            for partition in range(PARTITIONS):
                rows = self.rows[agent.name, partition]
                for outcome in [testing.ring(agent, now, rows) for _ in range(2 if self._crashes() else 1)][-1:]:
                    rows.update(outcome.rows)
                    for message in outcome.messages:
                        self._write_message(message)

    def sent(self, topic: str) -> list[Given]:
        """Gives all that was written to a topic."""
        return [record for partition in range(PARTITIONS) for record in self.topics[topic, partition]]

    def states(self) -> dict[bytes, Any]:
        """Gives every order."""
        return {key: order for partition in range(PARTITIONS) for key, order in self.rows["track", partition].items()}

    def levels(self) -> dict[bytes, Any]:
        """Gives every article."""
        return {key: level for partition in range(PARTITIONS) for key, level in self.rows["stock", partition].items()}

    def _left(self, agent: Agent, topic: str, partition: int) -> int:
        return len(self.topics[topic, partition]) - self.read[agent.name, topic, partition]

    def _step(self, agent: Agent, topic: str, partition: int) -> None:
        start = self.read[agent.name, topic, partition]
        records = self.topics[topic, partition][start : start + self.dice.randint(1, 60)]
        rows = self.rows[agent.name, partition]
        wanted = {record.key: rows[record.key] for record in records if record.key in rows}
        outcome = testing.run(agent, records, rows=wanted, topic=topic, partition=partition, now=self.now)
        self.read[agent.name, topic, partition] += len(records)
        for key, row in outcome.rows.items():
            if key not in rows or rows[key] != row:
                self._write(key, agent.table.changelog, agent.table.encode(row), [], self.now)
        for key in wanted.keys() - outcome.rows.keys():
            del rows[key]
        rows.update(outcome.rows)
        self.buried += [f"{agent.name}: {buried.cause}" for buried in outcome.buried]
        for message in outcome.messages:
            self._write_message(message)
        if self._crashes():
            self.read[agent.name, topic, partition] -= self.dice.randint(1, start + len(records))

    def _crashes(self) -> bool:
        crashes = self.dice.random() < self.crashes
        self.crashes *= 0.9 if crashes else 1
        return crashes

    def _write_message(self, message: Message) -> None:
        self._write(message.key, message.topic, message.value, message.headers, self.now)

    def write(self, key: bytes, topic: str, value: bytes, headers: Any) -> None:
        """Writes a record."""
        self._write(key, topic, value, headers, self.now)

    def _write(self, key: bytes, topic: str, value: bytes, headers: Any, at: int) -> None:
        partition = self.topics[topic, sum(key) % PARTITIONS]
        partition.append(Given(key, value, headers, offset=len(partition), timestamp=at))
