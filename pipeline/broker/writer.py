"""Single records into Kafka: one producer, kept open; `write` returns when every replica that must have it does."""

import threading
from contextlib import suppress
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from pipeline.broker.asking import PERSISTENT, asking
from pipeline.broker.clients import client_options
from pipeline.settings import Kafka

PATIENCE = 5.0
"""Seconds that a record may take."""

OPTIONS = {
    "client_id": "arus-writer",
    "acks": "all",
    # A producer that numbers its records never sends again once one of them is too late, as when Kafka stood still for
    # PATIENCE (kafka-python 3.0.12, test_writer.py). A record that comes twice says what it said: all have names.
    "enable_idempotence": False,
    "max_in_flight_requests_per_connection": 1,
    "bootstrap_timeout_ms": int(PATIENCE * 1_000),
    "request_timeout_ms": int(PATIENCE * 1_000),
    "delivery_timeout_ms": int(PATIENCE * 1_000) + 1_000,
    "max_block_ms": int(PATIENCE * 1_000),
    **PERSISTENT,
}


class Writer:
    """Writes records. May be used from several threads."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._lock = threading.Lock()
        self._open: Any = None

    def write(self, topic: str, key: bytes, value: bytes) -> None:
        """Returns when Kafka has the record. Raises BrokerError when it may not have it: write it again then."""
        with asking(f"topic {topic} cannot be written"):
            self._producer().send(topic, value, key).get(PATIENCE + 2)

    def close(self) -> None:
        """Ends the connection."""
        if self._open:
            with suppress(KafkaError):  # what was under way is not known to be written, as its writer was told
                self._open.close(timeout=1)
            self._open = None

    def _producer(self) -> Any:  # noqa: ANN401  # kafka-python has no types
        with self._lock:
            self._open = self._open or KafkaProducer(**{**client_options(self._kafka), **OPTIONS})
            return self._open
