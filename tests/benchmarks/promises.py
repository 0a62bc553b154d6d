"""A million open promises on one worker: its memory, and how late it tells: `python -m tests.benchmarks.promises`.

Each order has one promise that somebody waits for; of some thousands the time is over while the benchmark looks.
`python -m tests.benchmarks.promises 100000 2000` is a smaller one.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.rules.promises import policies
from pipeline import codec
from pipeline.broker import admin
from pipeline.settings import Settings, environment
from pipeline.streams.work.partitions import partition_of
from schemas.facts import VERSION, Article, Details, Order
from schemas.notices import Notice
from schemas.times import HOUR, SECOND
from tests.benchmarks.figures import Figure
from tests.benchmarks.tracking import broker

PATIENCE = 600.0
SPREAD = 20 * SECOND
"""Over how long the promises fall due that do."""

PAY = policies.due_at("pay", "ID", 0) or 24 * HOUR


def snapshot(number: int, due: int) -> tuple[bytes, bytes]:
    """Gives key and value of an unpaid order, as tracking writes it."""
    order_id, since = f"tiktok_shop:57648{number:013d}", due - PAY
    order = Order(order_id, (2, -since, "e", f"toko-{number % 1_000}"), version=VERSION)
    order.marks, order.status, order.history = {"placed": (since, "e")}, "unpaid", [(since, "unpaid")]
    lines = [Article("KOPI-500", "Kopi Gayo 500 g", 1, 115_000)]
    order.details = Details((since, 0, "e"), f"buyer-{number}", "Siti Rahma", "Bandung", lines, total=115_000)
    order.due, order.begun, order.last_at = {"pay": due}, {"pay": since}, since
    return order_id.encode(), codec.encode(order)


async def produce(settings: Settings, orders: int, due: int) -> int:
    """Writes the snapshots: those of a day to come, then those that fall due soon. Gives when the first does."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap_servers, max_batch_size=900_000)
    await producer.start()
    soon = now() + round(PAY * 0.9)
    batches = [producer.create_batch() for _ in range(8)]
    try:
        for number in range(orders):
            key, value = snapshot(number, soon + number)
            place = partition_of(key, 8)
            if batches[place].append(key=key, value=value, timestamp=None) is None:
                await producer.send_batch(batches[place], "order.snapshots", partition=place)
                batches[place] = producer.create_batch()
                batches[place].append(key=key, value=value, timestamp=None)
        for place, batch in enumerate(batches):
            await (await producer.send_batch(batch, "order.snapshots", partition=place))
        await taken_in(settings)
        first = now() + 5 * SECOND
        for number in range(orders, orders + due):
            key, value = snapshot(number, first + (number - orders) * SPREAD // due)
            await producer.send("order.snapshots", value, key=key)
        await producer.flush()
    finally:
        await producer.stop()
    return first


async def taken_in(settings: Settings) -> None:
    """Waits until the worker has read all: what is measured is how late it rings, not how fast it reads."""

    def behind() -> bool:
        with admin.connect(settings.kafka) as door:
            rows = door.lag(("arus-promises",))
        return not rows or any(row.behind for row in rows)

    while await asyncio.to_thread(behind):  # noqa: ASYNC110  # another process reads
        await asyncio.sleep(0.5)


async def delays(settings: Settings, due: int) -> list[int]:
    """Waits until all are told that are due; gives how many milliseconds after its instant each could be read."""
    late: list[int] = []
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka.bootstrap_servers, isolation_level="read_committed", fetch_max_wait_ms=50
    )
    await consumer.start()
    consumer.assign([TopicPartition("notices", place) for place in range(8)])
    await consumer.seek_to_beginning()
    end = time.monotonic() + PATIENCE
    while len(late) < due and time.monotonic() < end:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                notice = msgspec.json.decode(record.value, type=Notice)
                if notice.kind == "promise_broken" and notice.audience.startswith("seller:"):
                    late.append(now() - notice.occurred_at)
    await consumer.stop()
    return sorted(late)


def now() -> int:
    return time.time_ns() // 1_000_000


@contextmanager
def worker(settings: Settings) -> Iterator[psutil.Process]:
    """Runs the job of promises as a process."""
    where = environment(ARUS_HOME=str(settings.home), ARUS_KAFKA__BOOTSTRAP_SERVERS=settings.kafka.bootstrap_servers)
    with (settings.home / "promises.log").open("ab") as out:
        command = [sys.executable, "-m", "pipeline.cli", "agents", "promises"]
        process = subprocess.Popen(command, env=where, stdout=out, stderr=out)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def run(orders: int, due: int) -> dict[str, float]:
    """Gives memory in MiB with all promises open, after a restart too, and the delays in seconds."""
    with tempfile.TemporaryDirectory(prefix="arus-bench-") as home, broker(Path(home)) as settings:
        with worker(settings) as process:
            began = time.monotonic()
            asyncio.run(produce(settings, orders, due))
            late = asyncio.run(delays(settings, due))
            taken, memory, cpu = time.monotonic() - began, process.memory_info().rss, sum(process.cpu_times()[:2])
        with worker(settings) as process:
            while "worker.ready" not in (settings.home / "promises.log").read_text().rpartition("worker.stopped")[2]:
                time.sleep(0.2)
            time.sleep(5)
            again = process.memory_info().rss
    told = {"told": len(late), "p50": late[len(late) // 2] / SECOND, "p99": late[len(late) * 99 // 100] / SECOND}
    mib = 1 << 20
    most = late[-1] / SECOND
    return {**told, "most": most, "memory": memory / mib, "restarted": again / mib, "cpu": cpu, "seconds": taken}


def figures(orders: int = 1_000_000, due: int = 5_000) -> list[Figure]:
    """Gives the two figures."""
    told = run(orders, due)
    note = (
        f"{orders + due:,} open; after a restart {told['restarted']:.0f} MiB; {told['cpu']:.0f} s CPU to take them in"
    )
    delay = (
        f"{told['told']:,.0f} told over {SPREAD / SECOND:.0f} s; p50 {told['p50']:.2f}, longest {told['most']:.2f} s"
    )
    return [
        Figure("memory of a worker with open promises", "MiB", (told["memory"],), "500", note),
        Figure("due → told, p99", "s", (told["p99"],), "2", delay),
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(*map(int, sys.argv[1:] or (1_000_000, 5_000)))) + "\n")
