"""What the doors share: settings, warehouse, tokens, the monitor, the scraper, and a word when it is time to close."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from fastapi import Request

from analytics import reports
from analytics.access import OPERATOR, Tokens, Viewer
from analytics.api.bell import Bell
from analytics.api.problems import Problem
from analytics.monitor import Monitor
from analytics.scraper import Scraper
from analytics.senders import Senders
from analytics.warehouse import Warehouse
from pipeline.broker import BrokerError, RecordGoneError, admin, codes
from pipeline.broker.codes import Given, Preview, no_preview
from pipeline.broker.reader import Stored
from pipeline.settings import Settings
from schemas.codes import CodeMapped
from schemas.deliveries import Delivery


def system_clock() -> int:
    """Gives the present instant."""
    return time.time_ns() // 1_000_000


class Writes(Protocol):
    """What writes records into Kafka."""

    def write(self, topic: str, key: bytes, value: bytes) -> None:
        """Returns when Kafka has the record. Raises BrokerError when it may not have it."""


class Nowhere:
    """A writer without a Kafka."""

    def write(self, topic: str, key: bytes, value: bytes) -> None:
        """Raises BrokerError."""
        del key, value
        raise BrokerError(f"topic {topic} cannot be written: this process has no Kafka")


@dataclass(frozen=True)
class Services:
    """One per process; `of(request)` finds it."""

    settings: Settings
    warehouse: Warehouse
    tokens: Tokens
    monitor: Monitor
    loading: Callable[[], bool]
    """Tells whether the loader runs."""
    now: Callable[[], int] = system_clock
    scraper: Scraper = field(default_factory=lambda: Scraper((), system_clock))
    """Asks the gateways; without one of the process's own, there are none."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    bell: Bell = field(default_factory=Bell)
    """Rung for whoever waits for news."""
    writer: Writes = field(default_factory=Nowhere)
    """Writes into Kafka; without one of the process's own, it cannot."""

    preview: Preview = no_preview
    """Tells what a code's meaning would change; without one of the process's own, it cannot."""

    def report(self, name: str, viewer: Viewer, **parameters: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # a report's own
        """Runs a report for a viewer; call it in a thread, as it waits for the warehouse."""
        return reports.run(self.warehouse, name, viewer, **parameters)

    @cached_property
    def senders(self) -> Senders:
        """Tells how senders' accounts do; one per process, as it keeps what it learnt."""

        def ask(name: str, **parameters: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # a report's own
            return self.report(name, OPERATOR, **parameters)

        return Senders(self.settings.accounts, lambda: self.scraper.view, ask)

    @contextmanager
    def asking_kafka(self) -> Iterator[None]:
        """Turns what Kafka cannot do into a Problem: 410 for a record that is gone, else 503."""
        try:
            yield
        except RecordGoneError as error:
            raise Problem("gone", f"Kafka no longer has it: {error}.") from error
        except BrokerError as error:
            raise Problem("unavailable", f"{error}.", headers={"Retry-After": "5"}) from error

    def read_delivery(self, topic: str, partition: int, offset: int) -> Delivery:
        """Reads a webhook from Kafka. Raises a Problem as `asking_kafka` does."""
        record = self.read_record(topic, partition, offset)
        at = (partition, offset, record.timestamp)
        return Delivery.read(record.key or b"", record.value or b"", dict(record.headers), at=at)

    def write_record(self, topic: str, key: bytes, value: bytes) -> None:
        """Writes a record into Kafka; call it in a thread. Raises a Problem as `asking_kafka` does."""
        with self.asking_kafka():
            self.writer.write(topic, key, value)

    def give_meaning(self, mapping: CodeMapped, *, dry_run: bool) -> Given:
        """Gives a code a meaning, or tells what that would do; call it in a thread. Raises as `asking_kafka` does."""
        with self.asking_kafka():
            return codes.give(self.settings.kafka, mapping, self.preview, dry_run=dry_run)

    def read_record(self, topic: str, partition: int, offset: int) -> Stored:
        """Reads a record from Kafka. Raises a Problem as `asking_kafka` does."""
        with self.asking_kafka(), admin.connect(self.settings.kafka) as kafka:
            return kafka.read_record(topic, partition, offset)

    def close(self) -> None:
        """Says that the process ends: streams that never end by themselves end now. Call it in the loop."""
        self.closing.set()
        self.bell.ring_all()

    def watermark(self) -> int | None:
        """Tells up to when everything is counted. Ask before the rows: they then hold at least that."""
        return self.monitor.view.watermark


def of(request: Request) -> Services:
    """Gives the services of the app that a request came to."""
    services: Services = request.app.state.services
    return services
