"""Transactions on a real Kafka: all or nothing, and the former owner is kept out."""

import asyncio
import time

import pytest
from aiokafka import TopicPartition

from pipeline.broker.clients import client_options
from pipeline.streams.agent import Message
from pipeline.streams.work.outbox import Outbox
from pipeline.streams.work.transactions import Broken, Transactions, ended


@pytest.fixture
async def started(stage):
    """Starts transactions of one name as often as asked."""
    made = []

    async def start() -> Transactions:
        transactions = Transactions(stage.unique("txn"), stage.unique("group"), client_options(stage.kafka))
        made.append(transactions)
        await transactions.start()
        return transactions

    yield start
    for transactions in made:
        transactions.close()
    await ended(5)


def packs(transactions: Transactions, topic: str, *values: bytes):
    outbox = Outbox(transactions.producer.create_batch, (0, 2), {topic: 2}, int(time.time() * 1000))
    outbox.take([Message(topic, b"k", value) for value in values], {b"k": None})
    return list(outbox.packs())


def offsets(stage, end: int):
    return {TopicPartition(stage.unique("in"), 0): end}


async def test_records_and_offsets_are_committed_together(stage, started):
    """What was sent can be read, and the last offset of each partition is told."""
    stage.topic("in")
    out, first = stage.topic("out"), await started()
    assert await first.commit(packs(first, out, b"1", b"2"), offsets(stage, 5)) == {(out, 0): 1}
    assert await first.commit(packs(first, out, b"3"), offsets(stage, 6)) == {(out, 0): 3}
    assert [record.value for record in await stage.read(out)] == [b"1", b"2", b"3"]


async def test_a_former_owner_is_kept_out(stage, started):
    """Once the new owner has started, a worker that wakes up can commit nothing more."""
    stage.topic("in")
    out, frozen = stage.topic("out"), await started()
    await frozen.producer.begin_transaction()
    await frozen.producer.send_batch(packs(frozen, out, b"late")[0].batches()[0], out, partition=0)
    owner = await started()
    await owner.commit(packs(owner, out, b"new"), offsets(stage, 1))
    with pytest.raises(Exception):  # noqa: B017, PT011  # aiokafka has several words for it
        await frozen.producer.commit_transaction()
    assert [record.value for record in await stage.read(out)] == [b"new"]


async def test_a_producer_that_was_fenced_is_broken(stage, started):
    """The lane learns that it must not go on."""
    stage.topic("in")
    out, frozen = stage.topic("out"), await started()
    await started()
    with pytest.raises(Broken):
        await frozen.commit(packs(frozen, out, b"late"), offsets(stage, 1))
    assert await stage.read(out) == []


async def test_an_aborted_transaction_leaves_nothing_and_the_next_one_works(stage, started, monkeypatch):
    """After an error in the middle the same producer goes on."""
    stage.topic("in")
    out, first = stage.topic("out"), await started()

    async def refuse(*_):
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patched:
        patched.setattr(first.producer, "send_offsets_to_transaction", refuse)
        with pytest.raises(RuntimeError):
            await first.commit(packs(first, out, b"1"), offsets(stage, 1))
    await first.commit(packs(first, out, b"2"), offsets(stage, 1))
    assert [record.value for record in await stage.read(out)] == [b"2"]


async def test_a_transaction_that_is_cancelled_cannot_be_gone_on_with(stage, started, monkeypatch):
    """What became of it is not known: only the next fence settles it."""
    stage.topic("in")
    out, first = stage.topic("out"), await started()
    hanging = asyncio.Event()

    async def hang(*_):
        hanging.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(first.producer, "send_offsets_to_transaction", hang)
    work = asyncio.ensure_future(first.commit(packs(first, out, b"1"), offsets(stage, 1)))
    await hanging.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    with pytest.raises(Broken):
        _ = first.producer
    await started()
    assert await stage.read(out) == []
