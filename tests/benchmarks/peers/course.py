"""One run of one peer: its topics, its process, what it uses, and what it wrote."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import psutil

from pipeline import codec, settings
from pipeline.broker import admin
from pipeline.broker.asking import open_admin
from tests.benchmarks.lives import STEPS, event, pack, writer
from tests.benchmarks.peers.measures import Outcome
from tests.benchmarks.peers.registry import Peer
from tests.benchmarks.peers.watch import Watch, reading

ROOT = Path(__file__).parents[3]
PARTITIONS, ORDERS = 8, 100_000
COMMIT_MS = 1_000
STOP_SECONDS = 15.0


class Ground(NamedTuple):
    """Where all runs happen: the broker, its process, and a folder to use up."""

    kafka: settings.Kafka
    broker: psutil.Process
    home: Path
    input: str = "peers-input"


async def fill(ground: Ground, events: int) -> float:
    """Writes the events, an order's next one only after all other orders; gives their mean size in bytes."""
    with admin.connect(ground.kafka) as door:
        door.create_topic(ground.input, PARTITIONS, {"retention.ms": "-1"})
    told = (event(number % ORDERS, number // ORDERS % STEPS) for number in range(events))
    records = ((ground.input, each.order_id.encode(), codec.encode_event(each), []) for each in told)
    async with writer(ground.kafka.bootstrap_servers) as producer:
        count, size = await pack(producer, records, PARTITIONS)
    return size / count


async def run(peer: Peer, command: list[str], ground: Ground, events: int) -> Outcome:
    """Has a peer work for as long as it may, then checks and measures what it wrote. Raises Failed."""
    name = f"peer-{uuid4().hex[:8]}"
    (ground.home / name).mkdir()
    with _topics(ground, name):
        async with reading(ground.kafka.bootstrap_servers, f"{name}-output", PARTITIONS) as output:
            with _process(peer, command, ground, name) as process:
                watch = Watch(process, ground.broker, ground.home / name / "log")
                whole = await watch.until(output, events, peer.seconds)
            return await watch.outcome(output, events, whole=whole)


@contextmanager
def _topics(ground: Ground, name: str) -> Iterator[None]:
    """Makes what no peer makes for itself, and deletes all topics of the run at its end."""
    made = {
        "output": {"message.timestamp.type": "LogAppendTime"},
        "changelog": {"cleanup.policy": "compact"},
        "letters": {},
    }
    with admin.connect(ground.kafka) as door:
        for part, configs in made.items():
            door.create_topic(f"{name}-{part}", PARTITIONS, configs)
    try:
        yield
    finally:
        client = open_admin(ground.kafka, 10_000)
        client.delete_topics([topic for topic in client.list_topics() if name in topic])
        client.close()


@contextmanager
def _process(peer: Peer, command: list[str], ground: Ground, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a peer; it has ended when this does."""
    home = ground.home / name
    env = settings.environment(
        PEER_KAFKA=ground.kafka.bootstrap_servers,
        PEER_INPUT=ground.input,
        PEER_OUTPUT=f"{name}-output",
        PEER_CHANGELOG=f"{name}-changelog",
        PEER_RUN=name,
        PEER_HOME=str(home),
        PEER_COMMIT_MS=str(COMMIT_MS),
        ARUS_HOME=str(home),
        ARUS_KAFKA__BOOTSTRAP_SERVERS=ground.kafka.bootstrap_servers,
        ARUS_LOG_LEVEL="info",
        **({} if peer.needs else {"PYTHONPATH": str(ROOT)}),
        **peer.env,
    )
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=home, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
