"""Several tracking workers on one machine, and how long it takes one to have many partitions for itself.

`python -m tests.benchmarks.workers 2 20000` folds the lives of so many orders with two workers, each with a folder of
its own, and prints events per second and CPU; `python -m tests.benchmarks.workers fence 96` prints the seconds.
"""

import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from pipeline.broker.admin import connect
from tests.benchmarks.figures import Figure, apart, tell_and_end
from tests.benchmarks.lives import STEPS, produce
from tests.benchmarks.tracking import assigned, broker, steady, watched, worker

NAME = "tests.benchmarks.workers"
ORDERS, WORKERS, PARTITIONS = 20_000, (1, 2, 3), (24, 96)


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


def figures() -> list[Figure]:
    """Runs each three times, in turn, so that a machine that changes changes all of them."""
    runs = [{workers: apart(NAME, workers, ORDERS) for workers in WORKERS} for _ in range(3)]
    fences = [{partitions: apart(NAME, "fence", partitions) for partitions in PARTITIONS} for _ in range(3)]
    found = [
        Figure(
            f"tracking, {workers} workers" if workers > 1 else "tracking, 1 worker",
            "events/s",
            tuple(each[workers]["steady"] for each in runs),
            note=f"{min(each[workers]['cpu'] for each in runs):.0f} us CPU each; Kafka on the same cores",
        )
        for workers in WORKERS
    ]
    return found + [
        Figure(f"fencing {n} partitions", "s", tuple(each[n]["seconds"] for each in fences)) for n in PARTITIONS
    ]


if __name__ == "__main__":
    what, number = sys.argv[1:]
    tell_and_end(fence(int(number)) if what == "fence" else run(int(what), int(number)))
