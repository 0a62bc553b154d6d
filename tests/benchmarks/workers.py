"""Several tracking workers on one machine, and how long it takes one to have many partitions for itself.

`python -m tests.benchmarks.workers 2 20000` folds the lives of so many orders with two workers, each with a folder of
its own, and prints events per second and CPU; `python -m tests.benchmarks.workers fence 96` prints the seconds.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from pipeline.broker.admin import connect
from tests.benchmarks.figures import Figure
from tests.benchmarks.lives import STEPS, produce
from tests.benchmarks.tracking import PATIENCE, assigned, broker, done, worker

ORDERS, WORKERS, PARTITIONS = 20_000, (1, 2, 3), (24, 96)


def run(workers: int, orders: int) -> dict[str, float]:
    """Folds with so many workers; gives events per second from the first fifth on, and CPU microseconds per event."""
    with tempfile.TemporaryDirectory(prefix="arus-bench-") as home, broker(Path(home)) as settings, ExitStack() as all_:
        records, _ = asyncio.run(produce(settings.kafka.bootstrap_servers, range(orders), range(STEPS)))
        processes = [all_.enter_context(worker(settings, "memory", f"worker-{number}")) for number in range(workers)]
        admin = all_.enter_context(connect(settings.kafka))
        seen = [(time.perf_counter(), 0)]
        while seen[-1][1] < records:
            time.sleep(0.1)
            seen.append((time.perf_counter(), done(admin)))
            if seen[-1][0] - seen[0][0] > PATIENCE:
                raise TimeoutError(f"{seen[-1][1]} of {records} events after {PATIENCE:.0f} s")
        fifth = next((at, count) for at, count in seen if count > records / 5)
        cpu = sum(sum(process.cpu_times()[:2]) for process in processes)
    return {"steady": (records - fifth[1]) / (seen[-1][0] - fifth[0]), "cpu": cpu / records * 1e6}


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
    runs = [{workers: _apart(str(workers), str(ORDERS)) for workers in WORKERS} for _ in range(3)]
    fences = [{partitions: _apart("fence", str(partitions)) for partitions in PARTITIONS} for _ in range(3)]
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


def _apart(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.workers", *arguments]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return dict(json.loads(told.splitlines()[-1]))


if __name__ == "__main__":
    what, number = sys.argv[1:]
    result = fence(int(number)) if what == "fence" else run(int(what), int(number))
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
    os._exit(0)  # kafka-python's threads need no farewell
