"""What a webhook costs at each step, as a ratio to a reference that is measured in the same breath.

`python -m tests.benchmarks.ratios` ends with exit code 1 when a step costs over a quarter more than KNOWN says. The
reference reads and writes the same bytes as plain JSON, so that another machine, or a busy one, moves both alike.
"""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from agents.intake import intake_agent
from agents.tracking import orders, track
from analytics.rows import orders as rows
from pipeline import codec
from pipeline.broker.reader import Stored
from pipeline.settings import Account, Settings
from pipeline.streams.agent import Batch
from pipeline.streams.state.rows import PartitionRows
from pipeline.streams.state.stores import MemoryStore
from pipeline.streams.testing import Given, told
from pipeline.streams.work import running
from schemas.deliveries import Delivery
from schemas.facts import Order
from tests.benchmarks.lives import STEPS, event

ORDERS, ROUNDS, TRIES = 100, 15, 5
ALLOWED = 1.25

KNOWN = {"tracking": 21.0, "intake": 18.5, "loading": 9.3}
"""Step → how much more it costs than the reference: Python 3.11, AMD EPYC, between an idle machine and a busy one."""

SAMPLE = Path(__file__).parents[1] / "pipeline" / "sources" / "samples" / "tiktok_shop"
ACCOUNT = Account(source="tiktok_shop", name="main", secrets=("s",), app_key="k", seller="toko")

Work = Callable[[], object]


def main() -> int:
    """Prints each ratio beside what is known, and tells whether all are within what is allowed."""
    held = [_holds(name) for name in STEPS_OF_WORK]
    return 0 if all(held) else 1


def _holds(name: str) -> bool:
    for _ in range(TRIES):  # noise only ever adds
        found = ratio(STEPS_OF_WORK[name](), reference())
        fits = found <= KNOWN[name] * ALLOWED
        sys.stdout.write(
            f"{'OK ' if fits else 'ERR'} {name:10} {found:5.2f} times the reference, known {KNOWN[name]}\n"
        )
        if fits:
            return True
    return False


def ratio(work: Work, beside: Work) -> float:
    """Gives the median of the ratios of CPU time, one after the other, many times."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        beside()
        between = time.process_time_ns()
        work()
        found.append((time.process_time_ns() - between) / (between - began))
    return statistics.median(found)


def reference() -> Work:
    """Reads and writes each event of the lives as plain JSON."""
    values = [codec.encode_event(event(order, step)) for step in range(STEPS) for order in range(ORDERS)]
    read, write = msgspec.json.decode, msgspec.json.encode

    def work() -> None:
        for value in values:
            write(read(value))

    return work


def tracking() -> Work:
    """Folds the lives, a batch a step, from bytes to bytes, with all that is told."""
    return partial(_folded, _lives())


def intake() -> Work:
    """Translates as many webhooks of TikTok Shop."""
    agent = intake_agent(Settings(accounts=(ACCOUNT,)))
    body = (SAMPLE / "type_01_order_status_change.json").read_bytes()
    given = []
    for number in range(ORDERS * STEPS):
        delivery = Delivery("tiktok_shop", "main", str(number), body, 1)
        given.append(Given(delivery.key, delivery.body, delivery.record_headers(), number))

    def work() -> None:
        table = PartitionRows(agent.table, MemoryStore()) if agent.table else None
        assert list(running.whole(agent, Batch("webhooks.received", 0, given), table))  # type: ignore[arg-type]

    return work


def loading() -> Work:
    """Reads the rows of reports from as many snapshots of whole lives."""
    rows_ = _folded(_lives()).store.items()
    snapshots = [Stored("", 0, 0, 0, key, value, []) for key, value in rows_] * STEPS

    def work() -> None:
        for snapshot in snapshots:
            assert rows.read(snapshot)  # type: ignore[arg-type]

    return work


def _lives() -> list[list[Given]]:
    return [[told(event(order, step)) for order in range(ORDERS)] for step in range(STEPS)]


def _folded(steps: list[list[Given]]) -> PartitionRows[Order]:
    table = PartitionRows(orders, MemoryStore())
    for records in steps:
        for message in running.whole(track, Batch("orders", 0, records), table):  # type: ignore[arg-type]
            assert message.value
        table.keep(table.changes(), len(records))
    return table


STEPS_OF_WORK: dict[str, Callable[[], Work]] = {"tracking": tracking, "intake": intake, "loading": loading}


if __name__ == "__main__":
    sys.exit(main())
