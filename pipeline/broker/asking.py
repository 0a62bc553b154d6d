"""Asking Kafka: connecting, and in whose words its errors are told."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from kafka import KafkaAdminClient, errors
from kafka.admin import AbortTransactionSpec

from pipeline.broker import BrokerError
from pipeline.broker.clients import client_options
from pipeline.settings import Kafka

LOG = logging.getLogger("kafka")
LOG.propagate = False  # it tells of each lost connection; what follows from it we tell ourselves
PERSISTENT = {"reconnect_backoff_max_ms": 500}
"""A Kafka that was away is found again soon; by default kafka-python may let half a minute pass."""

TOO_LATE = (errors.KafkaTimeoutError, errors.RequestTimedOutError)


def open_admin(kafka: Kafka, patience_ms: int) -> KafkaAdminClient:
    """Opens kafka-python's admin client. Raises BrokerError when nobody answers or we are not let in."""
    options, servers = client_options(kafka), kafka.bootstrap_servers
    if not any(map(_listens, options["bootstrap_servers"])):
        raise BrokerError(f"nobody answers at {servers}: is Kafka running?")
    waits = {"bootstrap_timeout_ms": patience_ms, "request_timeout_ms": patience_ms, **PERSISTENT}
    with asking(f"Kafka at {servers}"), _Refusals() as refusals:
        try:
            return _Client(**options, **waits, client_id="arus-admin")
        except errors.KafkaTimeoutError as error:
            if "SASL" in kafka.security_protocol and "disconnected" in str(refusals.first):
                raise errors.SaslAuthenticationFailedError from error  # it told so and hung up: only that is heard
            raise refusals.first or error from error


class _Refusals(logging.Handler):
    """Hears why connecting fails: kafka-python tries again until the time is up, and tells only its log the reason."""

    first: errors.KafkaError | None = None

    def emit(self, record: logging.LogRecord) -> None:
        told = record.args if isinstance(record.args, tuple) else ()
        said = [each for each in told if isinstance(each, errors.KafkaError) and not isinstance(each, TOO_LATE)]
        self.first = self.first or next(iter(said), None)

    def __enter__(self) -> Self:
        LOG.addHandler(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        LOG.removeHandler(self)


class _Client(KafkaAdminClient):  # type: ignore[misc]  # kafka-python has no types
    """Leaves no thread and no socket behind where it could not connect, as its parent does; can commit what hangs."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  # its parent's
        try:
            super().__init__(**options)
        except errors.KafkaError:
            if hasattr(self, "_net"):
                self._closed = False
                self.close()
            raise

    def end_transaction(self, spec: AbortTransactionSpec, *, committed: bool) -> None:
        """Ends an open transaction on a partition. kafka-python can only abort; the same request commits."""
        self._manager.run(self._end_transaction, spec, committed)

    async def _end_transaction(self, spec: AbortTransactionSpec, committed: bool) -> None:  # noqa: FBT001  # `run` has no names
        request = self._abort_transaction_request(spec)
        request.markers[0].transaction_result = committed
        (leader,) = await self._async_get_leader_for_partitions([spec.topic_partition])
        self._abort_transaction_process_response(await self._manager.send(request, node_id=leader), spec)


def _listens(server: str) -> bool:
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host.strip("[]") or server, int(port) if host else 9092), timeout=2).close()
    except OSError:
        return False
    return True


MEANINGS: dict[type[errors.KafkaError], str] = {
    errors.KafkaTimeoutError: "Kafka does not answer in time",
    errors.RequestTimedOutError: "Kafka does not answer in time",
    errors.KafkaConnectionError: "Kafka cannot be reached",
    errors.NodeNotReadyError: "Kafka cannot be reached",
    errors.SaslAuthenticationFailedError: "Kafka does not accept the user name and password",
    errors.AuthorizationError: "Kafka does not allow that to this user",
    errors.InvalidReplicationFactorError: "there are fewer brokers than kafka.replication asks for",
    errors.ProducerFencedError: "somebody else does the same at this moment",
    errors.UnknownTopicOrPartitionError: "there is no such topic or partition: `arus topics create` makes them",
}
"""What Kafka's errors mean; of all others their name and words are told."""


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turns an error of Kafka into a BrokerError that says what could not be done and why."""
    try:
        yield
    except errors.KafkaError as error:
        meaning = next((words for kind, words in MEANINGS.items() if isinstance(error, kind)), type(error).__name__)
        raise BrokerError(f"{what}: {': '.join([meaning, *map(str, error.args[:1])])}") from error
