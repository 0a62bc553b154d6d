"""Soaks: workers are killed, frozen, joined and stopped, the broker too, while events come in; then all is counted.

`python -m tests.pipeline.streams.soak --store rocksdict --cycles 12 --kinds kill,freeze` prints the account.
"""

import argparse
import asyncio
import collections
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from pipeline import settings
from pipeline.broker import admin
from pipeline.broker.embedded import EmbeddedKafka
from pipeline.broker.embedded.folder import FOR_TESTS
from tests.pipeline.streams.soak_job import POISON, SOURCES, Count, Step, Told

ROOT = Path(__file__).parents[3]
PARTITIONS = 8
PATIENCE = 120.0
STILL = 60.0
"""Seconds without progress after which a partition counts as frozen; Kafka itself takes up to 40 s to end what a
vanished worker left open."""
COMPACTED = ("counts.log", "relayed.log", "alarms.log")
TOPICS = (*SOURCES, "steps", "relay", "relayed", "alarms", "rang", "dead-letters", *COMPACTED)
STALL = 3.0, 11.0
"""Seconds for which Kafka stands still: less and more than a session, and than its own controller waits for it."""
SESSION, FREEZE = 4.0, 6.5
"""Seconds that the group waits for a worker, and that a frozen one stays away: longer."""


@dataclass
class Sent:
    """What was put in: where each event lies, and what each order should come to."""

    events: dict[str, str] = field(default_factory=dict)
    poison: dict[tuple[str, int, int], bytes] = field(default_factory=dict)
    amounts: collections.Counter = field(default_factory=collections.Counter)
    counts: collections.Counter = field(default_factory=collections.Counter)
    ends: collections.Counter = field(default_factory=collections.Counter)
    alarms: dict[bytes, int] = field(default_factory=dict)


@dataclass
class Account:
    """What came of it; all but the first four must be 0 or empty."""

    events: int = 0
    orders: int = 0
    poison: int = 0
    alarms: int = 0
    lost: int = 0
    doubled: int = 0
    conflicts: int = 0
    wrong: int = 0
    relay_lost: int = 0
    relay_doubled: int = 0
    letters_lost: int = 0
    letters_wrong: int = 0
    alarms_lost: int = 0
    alarms_doubled: int = 0
    alarms_early: int = 0
    lag: dict[str, int] = field(default_factory=dict)
    exits: list[int] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)

    def faults(self) -> dict:
        """Gives what should not be."""
        names = [n for n in self.__dataclass_fields__ if n not in ("events", "orders", "poison", "alarms", "ready")]
        return {name: getattr(self, name) for name in names if getattr(self, name)}


class Soak:
    """One run: its broker, its workers, what was sent."""

    def __init__(self, folder: Path, *, store: str, rate: int, faults: float, seed: int = 3) -> None:
        self.folder, self.store, self.rate, self.faults = folder, store, rate, faults
        self.dice = random.Random(seed)
        self.broker = EmbeddedKafka(folder / "kafka", settings.load().cache, config=FOR_TESTS)
        self.workers: dict[str, subprocess.Popen] = {}
        self.sent, self.account = Sent(), Account()
        self.done = asyncio.Event()
        self.job = ["-m", "tests.pipeline.streams.soak_job"]

    async def run(self, kinds: list[str], cycles: int) -> Account:
        """Runs all of it."""
        self.broker.start()
        try:
            self._topics()
            await self.start("A")
            feeding = asyncio.ensure_future(self.feed())
            await self.start("B")
            for cycle in range(cycles):
                await self.cycle(cycle, kinds[cycle % len(kinds)])
            self.done.set()
            await feeding
            await self.catch_up()
            await self.count()
        finally:
            self.done.set()
            for name in list(self.workers):
                await self.end(name, signal.SIGTERM)
            self.broker.stop()
        return self.account

    def _topics(self) -> None:
        kafka = settings.Kafka(bootstrap_servers=self.broker.bootstrap)
        with admin.connect(kafka) as door:
            for topic in TOPICS:
                door.create_topic(topic, PARTITIONS, {"cleanup.policy": "compact"} if topic in COMPACTED else {})

    # ---- workers

    async def start(self, name: str) -> None:
        """Starts a worker and waits until it says that it is ready."""
        home = self.folder / name
        environment = {
            **os.environ,
            "ARUS_HOME": str(home),
            "ARUS_KAFKA__BOOTSTRAP_SERVERS": self.broker.bootstrap,
            "ARUS_KAFKA__PARTITIONS": str(PARTITIONS),
            "ARUS_STREAMS__STORE": self.store,
            "ARUS_STREAMS__SESSION_TIMEOUT": str(SESSION),
            "SOAK_FAULTS": str(self.faults),
        }
        began, ready = time.monotonic(), home / "run" / "soak.ready"
        while time.monotonic() - began < PATIENCE:
            with (self.folder / f"{name}.log").open("a") as log:
                command = [sys.executable, *self.job]
                process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)  # noqa: ASYNC220
            self.workers[name] = process
            while process.poll() is None and time.monotonic() - began < PATIENCE:
                with contextlib.suppress(FileNotFoundError, ValueError):
                    if int(ready.read_text()) == process.pid:
                        self.account.ready.append(round(time.monotonic() - began, 2))
                        return
                await asyncio.sleep(0.05)
            self.account.exits.append(process.poll())
        raise RuntimeError(f"worker {name} is never ready; see {self.folder}/{name}.log")

    async def end(self, name: str, sig: signal.Signals) -> None:
        """Ends a worker; SIGTERM must do, with exit code 0."""
        process = self.workers.pop(name)
        process.send_signal(sig)
        try:
            code = await asyncio.to_thread(process.wait, 30)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if code != (0 if sig is signal.SIGTERM else -sig):
            self.account.exits.append(code)

    async def cycle(self, number: int, kind: str) -> None:
        """Lets Kafka stand still; or a third worker join, and then does something to one of the three, or to Kafka."""
        if kind == "stall":
            await self.stall()
            return
        await self.start("C")
        await asyncio.sleep(1.5)
        victim = "ABC"[number % 3]
        if kind == "broker":
            self.broker.stop()
            await asyncio.sleep(1)
            await asyncio.to_thread(self.broker.start)
            await asyncio.sleep(3)
        if kind == "kill":
            await self.end(victim, signal.SIGKILL)
            await self.start(victim)
        if kind == "freeze":
            self.workers[victim].send_signal(signal.SIGSTOP)
            await asyncio.sleep(FREEZE)
            self.workers[victim].send_signal(signal.SIGCONT)
            await asyncio.sleep(2)
        if kind == "term":
            await self.end(victim, signal.SIGTERM)
            await self.start(victim)
        await self.end("C", signal.SIGTERM)
        for name in [name for name, process in self.workers.items() if process.poll() is not None]:
            self.account.exits.append(self.workers[name].returncode)
            await self.start(name)

    async def stall(self) -> None:
        """Lets Kafka stand still, with all connections open."""
        os.kill(self.broker.pid, signal.SIGSTOP)
        await asyncio.sleep(self.dice.uniform(*STALL))
        os.kill(self.broker.pid, signal.SIGCONT)
        await asyncio.sleep(self.dice.uniform(2, 6))

    # ---- events

    async def feed(self) -> None:
        """Sends events at the rate until told to stop; a poison among each thousand."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.broker.bootstrap, acks="all", enable_idempotence=True, linger_ms=5
        )
        await producer.start()
        began, number, pending, alarms = time.monotonic(), 0, [], []
        while not self.done.is_set():
            order = f"order-{number // 5 + self.dice.randrange(400):06d}"
            told = Told(f"event-{number:08d}", number % 100)
            value = POISON + told.event.encode() if number % 1000 == 999 else msgspec.json.encode(told)
            topic = self.dice.choice(SOURCES)
            pending.append((topic, order, told, value, await producer.send(topic, value, key=order.encode())))
            if number % 5 == 0:
                alarms.append(await self._set_alarm(producer, b"alarm-%08d" % number))
            number += 1
            if number % 50 == 0:
                await asyncio.sleep(max(0, began + number / self.rate - time.monotonic()))
        for sending in alarms:
            self._mark_end(await sending)
        for topic, order, told, value, sending in pending:
            at = await sending
            self._mark_end(at)
            if value.startswith(POISON):
                self.sent.poison[topic, at.partition, at.offset] = value
            else:
                self.sent.events[told.event] = order
                self.sent.counts[order] += 1
                self.sent.amounts[order] += told.amount
        await producer.stop()

    async def _set_alarm(self, producer: AIOKafkaProducer, key: bytes) -> asyncio.Future:
        """Sends an alarm that is to ring in some seconds: often when its worker is gone."""
        at = self.sent.alarms[key] = time.time_ns() // 1_000_000 + self.dice.randrange(200, 12_000)
        return await producer.send("alarms", b"%d" % at, key=key)

    def _mark_end(self, at) -> None:
        self.sent.ends[at.topic, at.partition] = max(self.sent.ends[at.topic, at.partition], at.offset + 1)

    async def catch_up(self) -> None:
        """Waits until the workers have committed all that was sent, passed it on, and rung all alarms."""
        await self._run_out(self._behind)
        self.account.lag = await self._lag()
        await asyncio.sleep(max(0, max(self.sent.alarms.values(), default=0) / 1_000 - time.time()))
        await self._run_out(self._silent)
        await asyncio.sleep(1)  # a second ring would come now

    async def _run_out(self, left: Callable[[], Awaitable[int]]) -> None:
        """Waits until nothing is left, or it does not become less for a while."""
        until, least = time.monotonic() + STILL, 1 << 60
        while time.monotonic() < until and (count := await left()):
            if count < least:
                until, least = time.monotonic() + STILL, count
            await asyncio.sleep(0.5)

    async def _behind(self) -> int:
        return sum((await self._lag()).values())

    async def _silent(self) -> int:
        return len(self.sent.alarms.keys() - {record.key for record in await self.read("rang")})

    async def _lag(self) -> dict[str, int]:
        """Counts what each partition still has to commit."""
        ends = dict(self.sent.ends)
        async with AIOKafkaConsumer(
            bootstrap_servers=self.broker.bootstrap, group_id="arus-soak", enable_auto_commit=False,
            isolation_level="read_committed",
        ) as consumer:  # fmt: skip
            tps = [TopicPartition("relay", number) for number in range(PARTITIONS)]
            ends |= {(tp.topic, tp.partition): end for tp, end in (await consumer.end_offsets(tps)).items() if end}
            consumer.assign([TopicPartition(*tp) for tp in ends])
            left = {tp: end - (await consumer.committed(TopicPartition(*tp)) or 0) for tp, end in ends.items()}
            return {f"{topic}/{partition}": lag for (topic, partition), lag in left.items() if lag > 0}

    # ---- the account

    async def read(self, topic: str) -> list:
        """Gives all committed records of a topic."""
        found = []
        async with AIOKafkaConsumer(
            bootstrap_servers=self.broker.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 << 20,
        ) as consumer:  # fmt: skip
            tps = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            ends = await consumer.end_offsets(tps)
            consumer.assign(tps)
            await consumer.seek_to_beginning()
            while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += records
        return found

    async def count(self) -> None:
        """Compares what is there with what was sent."""
        account, sent = self.account, self.sent
        account.events, account.orders, account.poison = len(sent.events), len(sent.counts), len(sent.poison)
        steps = [msgspec.json.decode(record.value, type=Step) for record in await self.read("steps")]
        times = collections.Counter(step.event for step in steps)
        account.lost = len(sent.events.keys() - times.keys())
        account.doubled = sum(times.values()) - len(times)
        account.conflicts = len(steps) - len({(step.order, step.number) for step in steps})
        rows = {record.key.decode(): record.value for record in await self.read("counts.log")}
        for order, events in sent.counts.items():
            has = msgspec.json.decode(rows[order], type=Count) if rows.get(order) else Count()
            account.wrong += has != Count(events, sent.amounts[order])
        relayed = collections.Counter(record.value for record in await self.read("relayed"))
        account.relay_lost = len({f"{event} 1".encode() for event in sent.events} - relayed.keys())
        account.relay_doubled = sum(relayed.values()) - len(sent.events) + account.relay_lost
        await self._count_alarms()
        letters = await self.read("dead-letters")
        told = [dict(letter.headers) for letter in letters]
        places = [(h["dead.topic"].decode(), int(h["dead.partition"]), int(h["dead.offset"])) for h in told]
        account.letters_lost = len(sent.poison.keys() - set(places))
        right = [sent.poison.get(place) == letter.value for place, letter in zip(places, letters, strict=True)]
        account.letters_wrong = right.count(False) + len(places) - len(set(places))

    async def _count_alarms(self) -> None:
        """Each alarm rings once, and none before its time."""
        account, alarms = self.account, self.sent.alarms
        rang = await self.read("rang")
        times = collections.Counter(record.key for record in rang)
        account.alarms = len(alarms)
        account.alarms_lost = len(alarms.keys() - times.keys())
        account.alarms_doubled = sum(times.values()) - len(times)
        account.alarms_early = sum(int(record.value) < alarms[record.key] for record in rang)


async def soak(folder: Path, args: argparse.Namespace) -> Account:
    """Runs one soak."""
    run = Soak(folder, store=args.store, rate=args.rate, faults=args.faults, seed=args.seed)
    return await run.run(args.kinds.split(","), args.cycles)


def main() -> int:
    """Prints the account; exit code 1 if it has faults."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", default="memory", choices=["memory", "rocksdict"])
    parser.add_argument("--cycles", type=int, default=6)
    parser.add_argument("--rate", type=int, default=600)
    parser.add_argument("--kinds", default="kill,freeze,term,broker,stall")
    parser.add_argument("--faults", type=float, default=0.003)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="arus-soak-") as folder:
        account = asyncio.run(soak(args.folder or Path(folder), args))
    sys.stdout.write(f"{args}\n{account}\nFAULTS {account.faults() or 'none'}\n")
    return bool(account.faults())


if __name__ == "__main__":
    sys.exit(main())
