"""Tracking and recovery: the real fold, exactly once, all outputs, one process on a broker of its own.

`python -m tests.benchmarks.tracking memory 100000` prints one run as JSON.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from pipeline.broker import BrokerError
from pipeline.broker.admin import Admin, connect
from pipeline.broker.embedded import EmbeddedKafka
from pipeline.settings import Settings, environment, load
from tests.benchmarks.lives import STEPS, produce

SOURCES = ("orders", "payments", "shipments")
WORK = """
import sys
from agents.tracking import track
from pipeline.settings import load
from pipeline.streams.app import run
sys.exit(run("tracking", [track], load()))
"""
PATIENCE = 300.0


@contextmanager
def broker(home: Path) -> Iterator[Settings]:
    """Runs a broker of its own under `home`, with our topics; gives settings that name it."""
    kafka = EmbeddedKafka(home / "kafka", load().cache)
    kafka.start()
    try:
        settings = load(home=home, kafka={"bootstrap_servers": kafka.bootstrap})
        with connect(settings.kafka) as admin:
            admin.create_topics()
        yield settings
    finally:
        kafka.stop()


@contextmanager
def worker(settings: Settings, store: str) -> Iterator[psutil.Process]:
    """Runs a tracking worker as a process."""
    env = environment(
        ARUS_HOME=str(settings.home),
        ARUS_KAFKA__BOOTSTRAP_SERVERS=settings.kafka.bootstrap_servers,
        ARUS_STREAMS__STORE=store,
        ARUS_LOG_LEVEL="info",
    )
    with (settings.home / "worker.log").open("ab") as out:
        process = subprocess.Popen([sys.executable, "-c", WORK], env=env, stdout=out, stderr=out)  # noqa: S603
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _done(admin: Admin) -> int:
    """Gives how many records the group has committed."""
    try:
        return sum(row.committed or 0 for row in admin.lag(["arus-tracking"]) if row.topic in SOURCES)
    except BrokerError:  # before the first commit there is no group
        return 0


def run(store: str, orders: int) -> dict[str, float]:
    """Folds ten events of each order, then recovers the state; gives rates, CPU seconds and memory."""
    with tempfile.TemporaryDirectory(prefix="arus-bench-") as home, broker(Path(home)) as settings:
        records, size = asyncio.run(produce(settings.kafka.bootstrap_servers, range(orders), range(STEPS)))
        with worker(settings, store) as process, connect(settings.kafka) as admin:
            seen = [(time.perf_counter(), 0)]
            while seen[-1][1] < records:
                time.sleep(0.1)
                seen.append((time.perf_counter(), _done(admin)))
                if seen[-1][0] - seen[0][0] > PATIENCE:
                    raise TimeoutError((settings.home / "worker.log").read_text()[-2_000:])
            begun = next(i for i, (_, done) in enumerate(seen) if done > 0) - 1
            fifth = next((at, done) for at, done in seen if done > records / 5)
            cpu, memory = sum(process.cpu_times()[:2]), process.memory_info().rss
        return {
            "records": records,
            "bytes": size / records,
            "overall": records / (seen[-1][0] - seen[begun][0]),
            "steady": (records - fifth[1]) / (seen[-1][0] - fifth[0]),
            "cpu": cpu / records * 1e6,
            "memory": memory / (1 << 20),
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(sys.argv[1], int(sys.argv[2]))) + "\n")
    sys.stdout.flush()
    os._exit(0)  # kafka-python's threads need no farewell
