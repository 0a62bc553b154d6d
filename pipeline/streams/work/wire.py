"""Asking Kafka for what a transaction needs: the right broker, again until it answers, on connections of our own."""

import asyncio
from collections.abc import Iterator, Mapping
from itertools import chain, repeat
from typing import Any, NamedTuple

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError, for_code
from aiokafka.structs import TopicPartition

LOOK_AGAIN = frozenset({3, 5, 6, 7, 14, 15, 16, 56})
"""Codes of brokers that are not, or not yet, the right ones to ask."""

WAIT = LOOK_AGAIN | {13, 19, 20, 51}
"""Codes that pass by themselves; 51: the transaction before this one is not quite through."""

OVER = frozenset({45, 47, 48, 49, 59, 90, 120})
"""Codes after which a producer is of no more use: fenced, forgotten, or out of step."""


class Broken(Exception):
    """The producer cannot go on: it was fenced, or what became of its transaction is not known."""


class Refused(Exception):
    """Kafka says no to what was asked, and would again."""


class Coordinator(NamedTuple):
    """Whom to ask about a transactional id or a group."""

    kind: CoordinationType
    key: str


class Wire:
    """One client for all lanes of a worker: they share what it knows of the cluster, but no connection.

    Kafka answers the requests of one connection one after the other, so a lane would wait for all others.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._client: AIOKafkaClient | None = None
        self._coordinators: dict[Coordinator, int] = {}

    async def open(self) -> None:
        """Connects, unless it is connected. Raises what aiokafka raises when Kafka does not answer."""
        if self._client is None:
            client = AIOKafkaClient(**self._options)
            try:
                await client.bootstrap()
            except BaseException:
                await client.close()
                raise
            self._client = client

    async def close(self) -> None:
        """Ends all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def ask(self, whom: Coordinator, request: Any, lane: str) -> Any:  # noqa: ANN401  # aiokafka's own
        """Asks a coordinator until it has answered. Raises Broken or Refused."""
        for pause in pauses():
            node = await self._find(whom, lane)
            answer = None if node is None else await self.send(node, request, lane, whom.kind)
            code = 0 if answer is None else next(_codes(answer), 0)
            if answer is not None and not code:
                return answer
            judge(code, whom.key)
            if answer is None or code in LOOK_AGAIN:
                self._coordinators.pop(whom, None)
            await asyncio.sleep(pause)
        return None

    async def send(self, node: int, request: Any, *lane: Any) -> Any:  # noqa: ANN401
        """Sends to a broker on the lane's own connection; None if it did not answer. Raises Broken.

        What went wrong here Kafka has not said: it may have taken what was sent, or still take it.
        """
        try:
            return await self._open_client().send(node, request, group=lane)
        except KafkaError as error:
            if not error.retriable:
                raise Broken(repr(error)) from error
            return None

    async def leader(self, tp: TopicPartition) -> int | None:
        """Gives the leader of a partition, as far as is known."""
        client = self._open_client()
        node = client.cluster.leader_for_partition(tp)
        if node is None:
            await client.add_topic(tp.topic)
            node = client.cluster.leader_for_partition(tp)
        return None if node == -1 else node

    async def look_again(self) -> None:
        """Asks for the partitions' leaders anew."""
        await self._open_client().force_metadata_update()

    async def _find(self, whom: Coordinator, lane: str) -> int | None:
        del lane
        if whom not in self._coordinators:
            try:
                self._coordinators[whom] = await self._open_client().coordinator_lookup(*whom)
            except KafkaError as error:
                if not error.retriable:
                    raise Refused(repr(error)) from error
                return None
        return self._coordinators[whom]

    def _open_client(self) -> AIOKafkaClient:
        if self._client is None:
            raise Broken("the worker has ended")
        return self._client


def pauses() -> Iterator[float]:
    """Gives the seconds to wait before asking again and again: little at first."""
    return chain((0.003, 0.005, 0.01, 0.02, 0.05), repeat(0.1))


def judge(code: int, who: str) -> None:
    """Lets pass what is well or passes by itself. Raises Broken or Refused."""
    if code in OVER:
        raise Broken(f"{who}: {_name(code)}")
    if code and code not in WAIT:
        raise Refused(f"{who}: {_name(code)}")


def _codes(answer: Any) -> Iterator[int]:  # noqa: ANN401
    """Finds the error codes in an answer; 55, not attempted, has another one's cause."""
    if hasattr(answer, "error_code"):
        found = iter([answer.error_code])
    else:
        found = (code for _, partitions in answer.errors for _, code in partitions)
    return (code for code in found if code not in (0, 55))


def _name(code: int) -> str:
    return {90: "ProducerFenced", 120: "TransactionAbortable"}.get(code) or f"{for_code(code).__name__} ({code})"
