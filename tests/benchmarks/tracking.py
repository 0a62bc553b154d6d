"""Tracking and recovery: the real fold, exactly once, all outputs, one process on a broker of its own.

`python -m tests.benchmarks.tracking memory 100000` prints one run as JSON; a third argument is the steps of each life.
"""

import asyncio
import json
import shutil
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
from tests.benchmarks.figures import Figure, apart, tell_and_end
from tests.benchmarks.lives import STEPS, produce

SOURCES = ("orders", "payments", "shipments")
WORK = """
import sys
from agents.tracking import track
from pipeline.settings import load
from pipeline.streams.app import run
sys.exit(run("tracking", [track], load()))
"""
NAME = "tests.benchmarks.tracking"
PATIENCE = 300.0


@contextmanager
def broker(home: Path, partitions: int = 8) -> Iterator[Settings]:
    """Runs a broker of its own under `home`, with our topics; gives settings that name it."""
    kafka = EmbeddedKafka(home / "kafka", load().cache)
    kafka.start()
    try:
        settings = load(home=home, kafka={"bootstrap_servers": kafka.bootstrap, "partitions": partitions})
        with connect(settings.kafka) as admin:
            admin.create_topics()
        yield settings
    finally:
        kafka.stop()


@contextmanager
def worker(settings: Settings, store: str, name: str = "", standbys: int = 0) -> Iterator[psutil.Process]:
    """Runs a tracking worker as a process, in the home or in a folder of its own there."""
    home = settings.home / name
    home.mkdir(exist_ok=True)
    env = environment(
        ARUS_HOME=str(home),
        ARUS_KAFKA__BOOTSTRAP_SERVERS=settings.kafka.bootstrap_servers,
        ARUS_KAFKA__PARTITIONS=str(settings.kafka.partitions),
        ARUS_STREAMS__STORE=store,
        ARUS_STREAMS__STANDBY_REPLICAS=str(standbys),
        ARUS_LOG_LEVEL="info",
    )
    with (home / "worker.log").open("ab") as out:
        process = subprocess.Popen([sys.executable, "-c", WORK], env=env, stdout=out, stderr=out)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


Seen = list[tuple[float, int]]
"""Instants, and how many records were committed then."""


def watched(admin: Admin, records: int, home: Path) -> Seen:
    """Looks until the group has committed so many records; where that takes too long, tells what its workers said."""
    seen = [(time.perf_counter(), 0)]
    while seen[-1][1] < records:
        time.sleep(0.1)
        seen.append((time.perf_counter(), _done(admin)))
        if seen[-1][0] - seen[0][0] > PATIENCE:
            raise TimeoutError("\n".join(log.read_text()[-2_000:] for log in home.rglob("worker.log")))
    return seen


def steady(seen: Seen) -> float:
    """Gives records per second from the first fifth on."""
    end, records = seen[-1]
    since, before = next((at, count) for at, count in seen if count > records / 5)
    return (records - before) / (end - since)


def _done(admin: Admin) -> int:
    """Gives how many records the group has committed."""
    try:
        return sum(row.committed or 0 for row in admin.lag(["arus-tracking"]) if row.topic in SOURCES)
    except BrokerError:  # before the first commit there is no group
        return 0


def run(store: str, orders: int, steps: int = STEPS) -> dict[str, float]:
    """Folds the first steps of each order's life, then recovers the state; gives rates, CPU seconds and memory."""
    with tempfile.TemporaryDirectory(prefix="arus-bench-") as home, broker(Path(home)) as settings:
        records, size = asyncio.run(produce(settings.kafka.bootstrap_servers, range(orders), range(steps)))
        with worker(settings, store) as process, connect(settings.kafka) as admin:
            seen = watched(admin, records, settings.home)
            begun = next(i for i, (_, count) in enumerate(seen) if count > 0) - 1
            cpu, memory = sum(process.cpu_times()[:2]), process.memory_info().rss
            rows = next(topic.records for topic in admin.list_topics() if topic.name == "order.snapshots")
        return {
            "recovered": rows / recovery(settings, store),
            "records": records,
            "bytes": size / records,
            "overall": records / (seen[-1][0] - seen[begun][0]),
            "steady": steady(seen),
            "cpu": cpu / records * 1e6,
            "memory": memory / (1 << 20),
        }


def recovery(settings: Settings, store: str) -> float:
    """Gives the seconds from assignment until all state is there, with nothing on disk: fences and seeks included."""
    shutil.rmtree(settings.home / "tables")
    log = settings.home / "worker.log"
    log.unlink()
    with worker(settings, store):
        return assigned(log)


def assigned(log: Path) -> float:
    """Waits until a worker's log tells that it has its partitions; gives the seconds that this took it."""
    end = time.monotonic() + PATIENCE
    while "worker.assigned" not in (told := log.read_text()):
        if time.monotonic() > end:
            raise TimeoutError(told[-2_000:])
        time.sleep(0.2)
    line = next(line for line in told.splitlines() if "worker.assigned" in line)
    return float(json.loads(line)["seconds"])


def figures(orders: int = 100_000) -> list[Figure]:
    """Runs each store three times, each in a process of its own, and then once with ten times the orders."""
    found = [growth(orders)]
    for store in ("memory", "rocksdict"):
        runs = [apart(NAME, store, orders) for _ in range(3)]
        first = sorted(runs, key=lambda run: run["steady"])[1]
        size = f"{first['records']:,.0f} events of {first['bytes']:.0f} bytes"
        note = f"{size}; {first['cpu']:.1f} us CPU each; {first['memory']:.0f} MiB"
        found.append(Figure(f"tracking, {store}", "events/s", tuple(run["steady"] for run in runs), "100,000", note))
        recovered = tuple(run["recovered"] for run in runs)
        found.append(
            Figure(f"recovery, {store}", "records/s", recovered, "80,000", "cold: the folder of the table is gone")
        )
    return found


def growth(orders: int) -> Figure:
    """Gives the memory of a worker whose state is on disk, with so many orders and with ten times as many."""
    few, many = (apart(NAME, "rocksdict", count, 3)["memory"] for count in (orders, 10 * orders))
    note = f"{orders:,} orders: {few:.0f} MiB; {10 * orders:,}: {many:.0f} MiB"
    return Figure("memory of a worker, rocksdict, at ten times the orders", "times", (many / few,), "flat", note)


if __name__ == "__main__":
    tell_and_end(run(sys.argv[1], *map(int, sys.argv[2:])))
