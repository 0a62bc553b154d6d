"""A changelog in which Kafka left something open is not read before that is ended as it was decided."""

import asyncio
import time
from itertools import count

import pytest
from aiokafka.structs import TopicPartition

from pipeline.broker import hanging
from pipeline.broker.clients import client_options
from pipeline.settings import Kafka
from pipeline.streams.agent import Message
from pipeline.streams.work.outbox import Outbox
from pipeline.streams.work.partitions import partition_of
from pipeline.streams.work.transactions import Transactions
from pipeline.streams.work.wire import Wire
from tests.pipeline.streams.conftest import PARTITIONS, Stage
from tests.pipeline.streams.test_worker import counter

KEY = next(key for number in count() if partition_of(key := b"%d" % number, PARTITIONS) == 0)


@pytest.fixture
def lax(lax_kafka, unique, tmp_path):
    """A stage on a Kafka that lets a partition be written to that is in no transaction."""
    return Stage(Kafka(bootstrap_servers=lax_kafka.bootstrap), unique, tmp_path)


async def leave_open(stage, *, decided):
    """Leaves a row of 5 in the changelog whose transaction has no end there; if `decided` Kafka's log tells of one."""
    log, wire = stage.unique("count.log"), Wire(client_options(stage.kafka))
    await wire.open()
    lane = Transactions(f"arus-{stage.unique('job')}.count.0", stage.unique("group"), wire)
    await lane.start()

    def packs(row, at):
        outbox = Outbox(lane.create_batch, (0, PARTITIONS), {log: PARTITIONS}, at)
        outbox.take([Message(log, KEY, row)], {KEY})
        return list(outbox.packs())

    now = time.time_ns() // 1_000_000
    if decided:
        await lane.commit(packs(b"4", now), {})
        await stage.until(log, 1)  # its end is written: it is not that of the next row
    late = {TopicPartition(log, 0): pack.batches() for pack in packs(b"5", now - 60_000)}
    await lane._produce(lane._producer, late)
    await wire.close()


async def test_what_kafka_decided_is_done_before_the_rows_are_read(lax):
    """The worker counts on from the row whose end was not written."""
    counting = counter(lax)
    await leave_open(lax, decided=True)
    await lax.send(lax.unique("in"), (KEY, b"x"))
    async with lax.worker(counting):
        (told,) = await lax.until(lax.unique("out"), 1)
    assert told.value == b"x 6"


@pytest.mark.parametrize(("committed", "value"), [(True, b"x 6"), (False, b"x 1")])
async def test_where_nobody_knows_the_worker_waits_for_an_operator(lax, capfd, committed, value):
    """It says what to press; then it goes on with what the operator said."""
    counting = counter(lax)
    await leave_open(lax, decided=False)
    await lax.send(lax.unique("in"), (KEY, b"x"))
    async with asyncio.timeout(60), lax.worker(counting):
        while "table.not_whole" not in (said := capfd.readouterr().out):  # noqa: ASYNC110  # a thread of its own says it
            await asyncio.sleep(0.1)
        assert "arus topics hanging --end" in said
        assert await lax.read(lax.unique("out")) == []
        (found,) = await asyncio.to_thread(hanging.hanging, lax.kafka, 0)
        await asyncio.to_thread(hanging.end, lax.kafka, found, committed=committed)
        (told,) = await lax.until(lax.unique("out"), 1)
    assert told.value == value
