"""The job that soaks run: it counts, so that whatever is folded twice or lost shows in the numbers.

`python -m tests.pipeline.streams.soak_job` works until it is stopped; the environment says the rest.
"""

import os
import random
import sys

import msgspec

from pipeline import settings
from pipeline.streams import app
from pipeline.streams.agent import Batch, Due, Message, Rows, Table, agent
from pipeline.streams.work import running
from pipeline.streams.work.transactions import Transactions
from pipeline.streams.work.wire import Refused

SOURCES = ("orders", "payments", "shipments")
POISON = b"poison"


class Count(msgspec.Struct):
    """The state of an order: how many events it saw, and the sum of their amounts."""

    events: int = 0
    amount: int = 0


class Step(msgspec.Struct):
    """What is told of each event: the how many-th of its order it was."""

    event: str
    order: str
    number: int


class Told(msgspec.Struct):
    """An event of the soak."""

    event: str
    amount: int


encode, read_told, read_count = (
    msgspec.json.encode,
    msgspec.json.Decoder(Told).decode,
    msgspec.json.Decoder(Count).decode,
)
COUNTS = Table("counts", changelog="counts.log", decode=read_count, encode=encode)
SEEN = Table("relayed", changelog="relayed.log", decode=msgspec.json.Decoder(int).decode, encode=encode)


@agent(*SOURCES, table=COUNTS)
def count(batch: Batch, counts: Rows[Count]):
    """Counts each order's events, and tells each one's number."""
    for record in batch:
        if len(batch.records) > 1 and random.random() < FAULTS / 50:  # alone it would be the record's own fault
            raise RuntimeError("a fault of the agent")
        order = counts.get(record.key) or Count()
        if record.value.startswith(POISON):
            order.events += 1_000_000  # half of the work is done when it raises: it must leave no trace
            counts.put(record.key, order)
            raise ValueError("poison")
        told = read_told(record.value)
        order.events += 1
        order.amount += told.amount
        counts.put(record.key, order)
        yield Message("steps", record.key, encode(Step(told.event, record.key.decode(), order.events)))
        yield Message("relay", told.event.encode(), record.key)


@agent("relay", table=SEEN)
def relay(batch: Batch, seen: Rows[int]):
    """Passes every event on under another key, and counts how often it saw it."""
    for record in batch:
        times = (seen.get(record.key) or 0) + 1
        seen.put(record.key, times)
        yield Message("relayed", record.value, record.key + b" %d" % times)


ALARMS = Table(
    "alarms",
    changelog="alarms.log",
    decode=msgspec.json.Decoder(int).decode,
    encode=encode,
    wakes=lambda at: at or None,
)


def tell(due: Due, alarms: Rows[int]):
    """Tells each alarm, and when it rang; the row stays, so that a second ring would show."""
    for key in due.keys:
        if random.random() < FAULTS:
            raise RuntimeError("a fault of the ring")
        alarms.put(key, 0)
        yield Message("rang", key, b"%d" % due.now)


@agent("alarms", table=ALARMS, ring=tell)
def wait(batch: Batch, alarms: Rows[int]):
    """Sets alarms: no record says that their time has come."""
    for record in batch:
        alarms.put(record.key, int(record.value))
    return ()


FAULTS = float(os.environ.get("SOAK_FAULTS", "0"))
"""Share of transactions in which Kafka is made to refuse; a fiftieth of it the share of records that raise."""


class Faulty(Transactions):
    """Transactions that fail in the middle, as if Kafka had refused."""

    async def _produce(self, *args):
        last = await super()._produce(*args)
        if random.random() < FAULTS:
            raise Refused("a fault in the transaction")
        return last


def main() -> int:
    """Works as `arus agents` does."""
    if FAULTS:
        app.JobApp.transacting = Faulty
        running.RING_AGAIN = 5_000
    return app.run("soak", [count, relay, wait], settings.load())


if __name__ == "__main__":
    sys.exit(main())
