"""Importing: a seller's file becomes one delivery, whole or not at all."""

from typing import Any, NamedTuple

from kafka import KafkaProducer

from pipeline.broker.asking import asking
from pipeline.broker.clients import client_options
from pipeline.settings import Kafka
from pipeline.sources.files import stock_csv
from pipeline.sources.files.stock_csv import Sheet, Wrong
from schemas.deliveries import Delivery

TOPIC = "webhooks.received"
PATIENCE_MS = 10_000


class Imported(NamedTuple):
    """What an import did, or would do. If anything is wrong, nothing was sent."""

    file: str
    """The file's digest: the same file again is told by it, and counts once."""
    counted: int
    received: int
    silent: int
    wrong: tuple[Wrong, ...]
    sent: bool

    def told(self) -> dict[str, Any]:
        """Gives it as JSON has it."""
        return self._asdict() | {"wrong": [wrong._asdict() for wrong in self.wrong]}


def import_stock(kafka: Kafka, seller: str, body: bytes, now: int, *, dry_run: bool = False) -> Imported:
    """Reads a CSV file of a seller's stock and, if all of it can be taken, sends it. Raises BrokerError."""
    delivery, sheet = stock_csv.delivery(seller, body, now), stock_csv.read(body, now)
    sends = not (sheet.wrong or dry_run)
    if sends:
        keep(kafka, delivery)
    return _told(delivery, sheet, sent=sends)


def _told(delivery: Delivery, sheet: Sheet, *, sent: bool) -> Imported:
    counted, received = sheet.count("stock_counted"), sheet.count("stock_received")
    return Imported(delivery.dedupe_id, counted, received, sheet.silent, sheet.wrong, sent)


def keep(kafka: Kafka, delivery: Delivery) -> None:
    """Returns when Kafka has the delivery, on every replica that must have it. Raises BrokerError when it has not."""
    options = {
        **client_options(kafka),
        "client_id": "arus-import",
        "acks": "all",
        "max_request_size": 2 << 20,  # as large a record as our topics take
        "max_block_ms": PATIENCE_MS,
    }
    with asking("the file cannot be kept"), KafkaProducer(**options) as producer:
        written = producer.send(TOPIC, delivery.body, delivery.key, delivery.record_headers())
        written.get(PATIENCE_MS / 1_000)
