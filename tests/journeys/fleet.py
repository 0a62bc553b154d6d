"""Several machines on one: processes with homes of their own, around one Kafka that none of them owns."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from kafka import KafkaProducer

from pipeline import codec
from pipeline.broker import admin, reader
from pipeline.broker.clients import client_options
from pipeline.broker.embedded import EmbeddedKafka
from pipeline.cli.running import prepare_topics
from pipeline.settings import Kafka, Settings, environment, load
from schemas.events import Event
from schemas.registry import EVENTS
from tests.journeys.system import PATIENCE, ROOT, until

ARUS = (sys.executable, "-m", "pipeline.cli")
READY = re.compile(r"^ready ?(\S*)$", re.MULTILINE)


class Machine:
    """One process of Arus with a home of its own."""

    def __init__(self, home: Path, process: subprocess.Popen[bytes]) -> None:
        self.home, self.process = home, process

    @property
    def told(self) -> str:
        """Gives what it said since it was started."""
        return (self.home / "log").read_text()

    def ready(self) -> str:
        """Waits until it works and gives its address, if it has one."""

        def found() -> re.Match[str] | None:
            assert self.process.poll() is None, self.told
            return READY.search(self.told)

        return until(found)[1]

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends it and gives the exit code."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)


class Fleet:
    """A Kafka with our topics, and machines around it; all end with the block."""

    def __init__(self, folder: Path, kafka: EmbeddedKafka, partitions: int, **streams: object) -> None:
        """`streams` are settings of the agents."""
        self.folder, self.streams = folder, streams
        self.kafka = Kafka(bootstrap_servers=kafka.bootstrap, partitions=partitions)
        self.machines: dict[str, Machine] = {}
        prepare_topics(self.settings())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        running = [machine.process for machine in self.machines.values() if machine.process.poll() is None]
        for process in running:
            process.kill()
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)

    def settings(self, home: str = "here") -> Settings:
        """Gives the settings of one of its machines."""
        return load(home=self.folder / home, kafka=self.kafka)

    def start(self, home: str, *words: str, program: tuple[str, ...] = ARUS, **more: str) -> Machine:
        """Starts a command on a machine; `more` are further settings, ARUS_API__SHARD and so on."""
        folder = self.folder / home
        folder.mkdir(parents=True, exist_ok=True)
        given = {
            "ARUS_HOME": str(folder),
            "ARUS_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "ARUS_KAFKA__PARTITIONS": str(self.kafka.partitions),
            "ARUS_GATEWAY__PORT": "0",
            "ARUS_API__PORT": "0",
            **{f"ARUS_STREAMS__{name.upper()}": str(value) for name, value in self.streams.items()},
        }
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                (*program, *words),
                cwd=self.folder,
                env=environment(**given | more, PYTHONPATH=str(ROOT)),
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.machines[home] = Machine(folder, process)
        return self.machines[home]

    def tell(self, events: Iterable[Event]) -> None:
        """Sends events to their topics, as intake does."""
        with KafkaProducer(**client_options(self.kafka), acks="all") as producer:
            for event in events:
                topic, key = EVENTS[event.type].topic, event.order_id.encode()
                producer.send(topic, codec.encode_event(event), key, codec.headers(event))
            producer.flush()

    def snapshots(self) -> dict[str, dict[str, Any]]:
        """Gives the newest state of each order, as it lies in Kafka."""
        rows = {record.key: record.value for record in reader.records(self.kafka, "order.snapshots")}
        return {(key or b"").decode(): msgspec.json.decode(value) for key, value in rows.items() if value}

    def until_all_are(self, status: str, count: int) -> dict[str, dict[str, Any]]:
        """Waits until so many orders have a status, and gives them all."""

        def all_are() -> dict[str, dict[str, Any]] | None:
            found = self.snapshots()
            return found if [order["status"] for order in found.values()] == [status] * count else None

        return until(all_are)

    def owners(self, group: str) -> set[str]:
        """Tells who reads in a group."""
        with admin.connect(self.kafka) as door:
            return {row.owner for row in door.lag([group]) if row.owner}
