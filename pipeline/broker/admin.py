"""The operators' side of Kafka: topics made, checked and listed, single records read."""

import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from pipeline.broker import BrokerError
from pipeline.broker.clients import client_options
from pipeline.settings import Kafka

PATIENCE_MS = 10_000
"""How long an answer may take."""

logging.getLogger("kafka").setLevel(logging.ERROR)  # it reports each lost connection; we report what it means


class Admin:
    """One connection for everything an operator asks. Used by one thread at a time."""

    def __init__(self, kafka: Kafka) -> None:
        options = client_options(kafka)
        self.replication = kafka.replication
        try:
            self.client = KafkaAdminClient(
                **options, bootstrap_timeout_ms=PATIENCE_MS, request_timeout_ms=PATIENCE_MS, client_id="arus-admin"
            )
        except KafkaError as error:
            raise BrokerError(f"Kafka does not answer at {kafka.bootstrap_servers} ({type(error).__name__})") from error

    def create(self, name: str, partitions: int, configs: Mapping[str, str]) -> None:
        """Creates one topic and waits until it can be used."""
        topic = {"num_partitions": partitions, "replication_factor": self.replication, "configs": dict(configs)}
        self.client.create_topics({name: topic}, wait_for_metadata=True)

    def close(self) -> None:
        """Ends the connection."""
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def connect(kafka: Kafka) -> Admin:
    """Connects to the Kafka of these settings. Raises BrokerError when it does not answer."""
    return Admin(kafka)
