"""Several tracking workers on one machine: what they fold, and how long one needs for what another one had.

`python -m tests.benchmarks.workers 2 20000` folds the lives of so many orders with two workers, each with a folder of
its own, and prints events per second and CPU; `python -m tests.benchmarks.workers fence 96` prints the seconds in which
one takes over so many partitions; `python -m tests.benchmarks.workers failover 1` those in which two others have the
partitions of one that is killed, with so many standby copies of its rows.
"""

import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from pipeline.broker.admin import connect
from tests.benchmarks.figures import Figure, apart, tell_and_end
from tests.benchmarks.lives import STEPS, produce
from tests.benchmarks.tracking import assigned, broker, steady, watched, worker

NAME = "tests.benchmarks.workers"
ORDERS, WORKERS, PARTITIONS, STANDBYS = 20_000, (1, 2, 3), (24, 96), (0, 1)
KEPT, TOLD = 300_000, 2_000
"""Orders whose rows a worker that is killed had its share of; orders that something is told of afterwards."""

WARM = 10.0
"""Seconds for standbys to read what was written last."""


def run(workers: int, orders: int) -> dict[str, float]:
    """Folds with so many workers; gives events per second from the first fifth on, and CPU microseconds per event."""
    with tempfile.TemporaryDirectory(prefix="arus-bench-") as home, broker(Path(home)) as settings, ExitStack() as all_:
        records, _ = asyncio.run(produce(settings.kafka.bootstrap_servers, range(orders), range(STEPS)))
        processes = [all_.enter_context(worker(settings, "memory", f"worker-{number}")) for number in range(workers)]
        admin = all_.enter_context(connect(settings.kafka))
        seen = watched(admin, records, settings.home)
        cpu = sum(sum(process.cpu_times()[:2]) for process in processes)
    return {"steady": steady(seen), "cpu": cpu / records * 1e6}


def fence(partitions: int) -> dict[str, float]:
    """Gives the seconds in which a worker that joins alone has fenced whoever had its partitions, and read no state."""
    with tempfile.TemporaryDirectory(prefix="arus-bench-") as home, broker(Path(home), partitions) as settings:
        with worker(settings, "memory"):
            assigned(settings.home / "worker.log")
        (settings.home / "worker.log").unlink()
        with worker(settings, "memory"):
            return {"seconds": assigned(settings.home / "worker.log")}


def failover(standbys: int) -> dict[str, float]:
    """Gives the seconds from the kill -9 of one of three workers until all that was told right then is folded."""
    with tempfile.TemporaryDirectory(prefix="arus-bench-") as home, broker(Path(home)) as settings, ExitStack() as all_:
        bootstrap, names = settings.kafka.bootstrap_servers, [f"worker-{number}" for number in range(3)]
        first, *_ = [all_.enter_context(worker(settings, "rocksdict", name, standbys)) for name in names]
        admin = all_.enter_context(connect(settings.kafka))
        records, _ = asyncio.run(produce(bootstrap, range(KEPT), range(1)))
        watched(admin, records, settings.home)
        time.sleep(WARM)
        first.kill()
        killed = time.perf_counter()
        more, _ = asyncio.run(produce(bootstrap, range(TOLD), range(1, 2)))
        return {"seconds": watched(admin, records + more, settings.home)[-1][0] - killed}


def figures() -> list[Figure]:
    """Runs each three times, in turn, so that a machine that changes changes all of them."""
    runs = [{workers: apart(NAME, workers, ORDERS) for workers in WORKERS} for _ in range(3)]
    fences = [{partitions: apart(NAME, "fence", partitions) for partitions in PARTITIONS} for _ in range(3)]
    deaths = [{standbys: apart(NAME, "failover", standbys) for standbys in STANDBYS} for _ in range(3)]
    found = [
        Figure(
            f"tracking, {workers} workers" if workers > 1 else "tracking, 1 worker",
            "events/s",
            tuple(each[workers]["steady"] for each in runs),
            note=f"{min(each[workers]['cpu'] for each in runs):.0f} us CPU each; Kafka on the same cores",
        )
        for workers in WORKERS
    ]
    found += [Figure(f"fencing {n} partitions", "s", tuple(each[n]["seconds"] for each in fences)) for n in PARTITIONS]
    return found + [
        Figure(
            f"one of three workers is killed, {n} standby copies",
            "s",
            tuple(each[n]["seconds"] for each in deaths),
            note=f"{KEPT:,} orders; 6 s of it until it counts as dead",
        )
        for n in STANDBYS
    ]


RUNS = {"fence": fence, "failover": failover}

if __name__ == "__main__":
    what, number = sys.argv[1:]
    tell_and_end(RUNS[what](int(number)) if what in RUNS else run(int(what), int(number)))
