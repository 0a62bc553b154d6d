"""How many snapshots a second loading keeps in DuckDB, compaction included, and how fast reports answer beside it.

`python -m tests.benchmarks.loading` loads the lives of 100,000 orders, step by step, as tracking tells them.
"""

import gc
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from agents.rules.history import take
from analytics.loading import Loading
from analytics.warehouse import Warehouse
from pipeline import codec
from pipeline.streams.agent import Batch
from pipeline.streams.tame import collector
from schemas.facts import Order
from tests.analytics.seed import Record
from tests.benchmarks.figures import Figure, table
from tests.benchmarks.lives import STEPS, event

ORDERS, PARTITIONS = 100_000, 8
TOPIC = "order.snapshots"
BATCH = 2_500
"""Records of one partition in one write, as the stream layer fetches them."""

Snapshot = tuple[bytes, bytes]


def snapshots(orders: int) -> Iterator[Snapshot]:
    """Gives each order's snapshots in turn: every order's first step, then every order's second, and so on."""
    states = [Order("") for _ in range(orders)]
    for step in range(STEPS):
        for number, state in enumerate(states):
            told = event(number, step)
            state.order_id = told.order_id
            take(state, told)
            yield told.order_id.encode(), codec.encode(state)


def writes(records: Iterator[Snapshot]) -> Iterator[tuple[list[Batch], dict[tuple[str, int], int]]]:
    """Cuts snapshots into the writes that the stream layer would make of them."""
    ends = [0] * PARTITIONS
    while taken := list(islice(records, BATCH * PARTITIONS)):
        found: list[list[Record]] = [[] for _ in range(PARTITIONS)]
        for key, value in taken:
            part = key[-1] % PARTITIONS
            found[part].append(Record(key, value, ends[part], 0))
            ends[part] += 1
        topic = "order.snapshots"
        yield (
            [Batch(topic, n, rows) for n, rows in enumerate(found) if rows],
            {(topic, n): e for n, e in enumerate(ends)},
        )


def load() -> tuple[float, float]:
    """Gives snapshots per second of writing, and the longest write in seconds; making them is not counted."""
    took: list[float] = []
    with tempfile.TemporaryDirectory() as folder, collector():
        loading, count = Loading(Warehouse(Path(folder, "arus.duckdb"))), 0
        for batches, ends in writes(snapshots(ORDERS)):
            began = time.perf_counter()
            loading.write(batches, ends)
            took.append(time.perf_counter() - began)
            count += sum(len(batch.records) for batch in batches)
        loading.warehouse.close()
        gc.collect()
    return count / sum(took), max(took)


def figures() -> list[Figure]:
    """Loads three times."""
    runs = [load() for _ in range(3)]
    rates, stalls = zip(*runs, strict=True)
    what = f"{ORDERS * STEPS:,} snapshots of 1.1 kB, each order ten times"
    return [
        Figure("loading into DuckDB, compaction included", "snapshots/s", rates, "60,000", what),
        Figure("longest write of loading", "s", stalls, "2", "20,000 snapshots"),
    ]


if __name__ == "__main__":
    print(table(figures()))  # noqa: T201
