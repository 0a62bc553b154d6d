"""One real Kafka for the whole test run, and names that no other test has.

The run's main process owns the broker, also when xdist's workers do the testing: they ask it over a socket, and the
first to ask starts it. So it is started once or never, and ends with the run, however the run ends.
`ARUS_KAFKA__BOOTSTRAP_SERVERS` lets the tests run on another Kafka.
"""

import logging
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from multiprocessing.connection import Client, Listener
from pathlib import Path
from threading import Lock, Thread

import pytest
import structlog

from pipeline import settings
from pipeline.broker import BrokerError, admin
from pipeline.broker.embedded import EmbeddedKafka
from pipeline.broker.embedded.folder import FOR_TESTS
from pipeline.settings import Kafka


class SharedKafka:
    """The broker of this run: started when somebody first asks for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="arus-tests-")
        self._broker = EmbeddedKafka(Path(self._folder.name, "kafka"), settings.load().cache, config=FOR_TESTS)
        self._listener: Listener | None = None

    def bootstrap(self) -> str:
        with self._lock:
            return self._broker.bootstrap if self._broker.pid else self._broker.start().bootstrap

    def address(self) -> str:
        """Gives the socket where workers ask."""
        if self._listener is None:
            self._listener = Listener(str(Path(self._folder.name, "ask")), "AF_UNIX")
            Thread(target=self._answer, args=(self._listener,), daemon=True).start()
        return str(self._listener.address)

    def close(self) -> None:
        if self._listener:
            self._listener.close()
        self._broker.stop()
        self._folder.cleanup()

    def _answer(self, listener: Listener) -> None:
        while True:
            try:
                with listener.accept() as worker:
                    worker.send(self._told())
            except OSError:  # closed
                return

    def _told(self) -> tuple[str, str]:
        try:
            return self.bootstrap(), ""
        except BrokerError as error:
            return "", str(error)


SHARED = pytest.StashKey[SharedKafka]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[SHARED] = SharedKafka()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has one worker begin with the journeys, which take as long as all others: two at once would starve each other."""
    items.sort(key=lambda item: "journeys" not in item.path.parts)


@pytest.hookimpl(optionalhook=True)  # of xdist, which may be switched off
def pytest_configure_node(node) -> None:
    node.workerinput["kafka"] = node.config.stash[SHARED].address()


def pytest_unconfigure(config: pytest.Config) -> None:
    if shared := config.stash.get(SHARED, None):
        shared.close()


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Undoes what a command that is tried in this process sets up: its logs would go to a stream that is closed."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> Kafka:
    """Settings of the Kafka that all tests share: never use a topic, group or transactional id twice."""
    if os.environ.get("ARUS_KAFKA__BOOTSTRAP_SERVERS"):
        return settings.load().kafka
    if shared := pytestconfig.stash.get(SHARED, None):
        return Kafka(bootstrap_servers=shared.bootstrap())
    with Client(pytestconfig.workerinput["kafka"], "AF_UNIX") as owner:
        bootstrap, problem = owner.recv()
    if problem:
        raise BrokerError(problem)
    return Kafka(bootstrap_servers=bootstrap)


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Makes names that no other test has: `unique("orders")` → `t3f0c9a1e-orders`, the same within one test."""
    prefix = f"t{uuid.uuid4().hex[:8]}"
    return lambda name: f"{prefix}-{name}"


@pytest.fixture
def topic(kafka: Kafka, unique: Callable[[str], str]) -> Callable[..., str]:
    """Creates a topic of this test: `topic("orders", partitions=8, **{"cleanup.policy": "compact"})` → its name."""

    def create(name: str = "events", partitions: int = 1, **configs: str) -> str:
        with admin.connect(kafka) as door:
            door.create_topic(unique(name), partitions, {"retention.ms": "-1", **configs})  # old times may be tested
        return unique(name)

    return create


@pytest.fixture
def lax_kafka(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A broker of this test alone that lets a partition be written to that is in no transaction, as older ones did."""
    config = FOR_TESTS | {"transaction.partition.verification.enable": "false"}
    with EmbeddedKafka(tmp_path / "kafka", settings.load().cache, config=config) as broker:
        yield broker


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A broker of this test alone, to be killed, restarted, or filled with the topics of TOPICS."""
    with EmbeddedKafka(tmp_path / "kafka", settings.load().cache, config=FOR_TESTS) as broker:
        yield broker
