"""How clients reach Kafka, and in whose words its errors are told."""

import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from kafka import KafkaAdminClient, errors

from pipeline.broker import BrokerError
from pipeline.settings import Kafka

LOG = logging.getLogger("kafka")
LOG.propagate = False  # it tells of each lost connection; what follows from it we tell ourselves


def client_options(kafka: Kafka) -> dict[str, Any]:
    """Gives the options of any client of kafka-python or aiokafka, which agree on these names."""
    if not kafka.bootstrap_servers:
        raise BrokerError("no Kafka is named: `arus up` starts one, ARUS_KAFKA__BOOTSTRAP_SERVERS names another")
    options: dict[str, Any] = {
        "bootstrap_servers": [server.strip() for server in kafka.bootstrap_servers.split(",")],
        "security_protocol": kafka.security_protocol,
    }
    if kafka.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.sasl_username,
            "sasl_plain_password": kafka.sasl_password.get_secret_value(),
        }
    if kafka.security_protocol.endswith("SSL"):
        options["ssl_context"] = tls_context(kafka)
    return options


def tls_context(kafka: Kafka) -> ssl.SSLContext:
    """Trusts the authorities of `tls_ca`, else the system's, and shows our own certificate where one is set."""
    try:
        context = ssl.create_default_context(cafile=kafka.tls_ca)
        if kafka.tls_certificate:
            context.load_cert_chain(kafka.tls_certificate, kafka.tls_key)
    except OSError as error:  # of which ssl.SSLError is one
        files = ", ".join(str(file) for file in (kafka.tls_ca, kafka.tls_certificate, kafka.tls_key) if file)
        raise BrokerError(f"the TLS files of the settings cannot be used ({files}): {error}") from error
    return context


def open_admin(kafka: Kafka, patience_ms: int) -> KafkaAdminClient:
    """Opens kafka-python's admin client. Raises BrokerError when nobody answers or we are not let in."""
    options, servers = client_options(kafka), kafka.bootstrap_servers
    if not any(map(_listens, options["bootstrap_servers"])):
        raise BrokerError(f"nobody answers at {servers}: is Kafka running?")
    waits = {"bootstrap_timeout_ms": patience_ms, "request_timeout_ms": patience_ms}
    with asking(f"Kafka at {servers}"), _Refusals() as refusals:
        try:
            return _Client(**options, **waits, client_id="arus-admin")
        except errors.KafkaTimeoutError as error:
            if "SASL" in kafka.security_protocol and "disconnected" in str(refusals.last):
                raise errors.SaslAuthenticationFailedError from error  # it told so and hung up: only that is heard
            raise refusals.last or error from error


class _Refusals(logging.Handler):
    """Hears why connecting fails: kafka-python tries again until the time is up, and tells only its log the reason."""

    last: errors.KafkaError | None = None

    def emit(self, record: logging.LogRecord) -> None:
        told = record.args if isinstance(record.args, tuple) else ()
        said = [each for each in told if isinstance(each, errors.KafkaError)]
        self.last = next((each for each in said if not isinstance(each, errors.KafkaTimeoutError)), self.last)

    def __enter__(self) -> Self:
        LOG.addHandler(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        LOG.removeHandler(self)


class _Client(KafkaAdminClient):  # type: ignore[misc]  # kafka-python has no types
    """Leaves no thread and no socket behind where it could not connect, as its parent does."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  # its parent's
        try:
            super().__init__(**options)
        except errors.KafkaError:
            self._closed = False
            self.close()
            raise


def _listens(server: str) -> bool:
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host.strip("[]") or server, int(port) if host else 9092), timeout=2).close()
    except OSError:
        return False
    return True


MEANINGS: dict[type[errors.KafkaError], str] = {
    errors.KafkaTimeoutError: "Kafka does not answer in time",
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
