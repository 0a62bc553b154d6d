"""Transactions on a real Kafka: all or nothing, and the former owner is kept out."""

import asyncio
import time

import pytest
from aiokafka.errors import KafkaError
from aiokafka.protocol.transaction import EndTxnRequest
from aiokafka.structs import TopicPartition

from pipeline.broker.clients import client_options
from pipeline.streams.agent import Message
from pipeline.streams.work import transactions as module
from pipeline.streams.work.outbox import Outbox
from pipeline.streams.work.transactions import Transactions
from pipeline.streams.work.wire import Broken, Refused, Wire


@pytest.fixture
async def wire(stage):
    """A wire to the Kafka of all tests."""
    made = Wire(client_options(stage.kafka))
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def start(stage, wire):
    """Starts transactions of one name as often as asked."""

    async def start() -> Transactions:
        made = Transactions(stage.unique("txn"), stage.unique("group"), wire)
        await made.start()
        return made

    return start


def packs(transactions: Transactions, topic: str, *values: bytes):
    outbox = Outbox(transactions.create_batch, (0, 2), {topic: 2}, int(time.time() * 1000))
    outbox.take([Message(topic, b"k", value) for value in values], {b"k": None})
    return list(outbox.packs())


def offsets(stage, end: int):
    return {TopicPartition(stage.unique("in"), 0): end}


async def test_records_and_offsets_are_committed_together(stage, start):
    """What was sent can be read, and the last offset of each partition is told."""
    stage.topic("in")
    out, first = stage.topic("out"), await start()
    assert await first.commit(packs(first, out, b"1", b"2"), offsets(stage, 5)) == {(out, 0): 1}
    assert await first.commit(packs(first, out, b"3"), offsets(stage, 6)) == {(out, 0): 3}
    assert [record.value for record in await stage.read(out)] == [b"1", b"2", b"3"]


async def test_offsets_are_committed_without_any_record(stage, start):
    """A batch that tells nothing is behind us all the same."""
    stage.topic("in")
    first = await start()
    assert await first.commit([], offsets(stage, 5)) == {}


async def test_a_partition_may_get_many_kafka_batches(stage, start, monkeypatch):
    """They come in order, and the last offset is that of the last record."""
    stage.topic("in")
    monkeypatch.setattr(module, "BATCH_BYTES", 300)
    out, first = stage.topic("out"), await start()
    values = [b"%03d" % number for number in range(100)]
    assert await first.commit(packs(first, out, *values), offsets(stage, 1)) == {(out, 0): 99}
    assert [record.value for record in await stage.read(out)] == values


async def test_a_former_owner_is_kept_out(stage, start, monkeypatch):
    """Once the new owner has started, a worker that wakes up in the middle of a transaction commits nothing more."""
    stage.topic("in")
    out, frozen = stage.topic("out"), await start()
    sent, wake = asyncio.Event(), asyncio.Event()
    produce = frozen._produce

    async def freeze(*args):
        last = await produce(*args)
        sent.set()
        await wake.wait()
        return last

    monkeypatch.setattr(frozen, "_produce", freeze)
    late = asyncio.ensure_future(frozen.commit(packs(frozen, out, b"late"), offsets(stage, 9)))
    await sent.wait()
    owner = await start()
    await owner.commit(packs(owner, out, b"new"), offsets(stage, 1))
    wake.set()
    with pytest.raises(Broken):
        await late
    assert [record.value for record in await stage.read(out)] == [b"new"]
    with pytest.raises(Broken):
        await frozen.commit(packs(frozen, out, b"later still"), offsets(stage, 9))


async def test_a_refused_transaction_leaves_nothing_and_the_next_one_works(stage, start):
    """Kafka does not take a record of that size; the producer goes on."""
    stage.topic("in")
    out, other, first = stage.topic("out"), stage.topic("small", **{"max.message.bytes": "1000"}), await start()
    mixed = [*packs(first, out, b"1"), *packs(first, other, b"x" * 2_000)]
    with pytest.raises(Refused, match="MessageSizeTooLarge"):
        await first.commit(mixed, offsets(stage, 1))
    both = [*packs(first, out, b"2"), *packs(first, other, b"3")]
    await first.commit(both, offsets(stage, 1))  # as many records as before: Kafka must not take them for those
    assert [record.value for record in await stage.read(out)] == [b"2"]
    assert [record.value for record in await stage.read(other)] == [b"3"]


async def test_a_refusal_with_another_answer_missing_breaks_the_producer(stage, start, wire, monkeypatch):
    """It is not known which numbers Kafka has seen: used again, they would make it drop what is new."""
    stage.topic("in")
    out, other, first = stage.topic("out"), stage.topic("small", **{"max.message.bytes": "1000"}), await start()
    send = first._send_to

    async def lose(leader, batches):
        answers = await send(leader, batches)
        return {tp: answer for tp, answer in answers.items() if tp.topic == other}

    monkeypatch.setattr(first, "_send_to", lose)
    mixed = [*packs(first, out, b"1"), *packs(first, other, b"x" * 2_000)]
    with pytest.raises(Broken):
        await first.commit(mixed, offsets(stage, 1))
    owner = await start()
    await owner.commit(packs(owner, out, b"2"), offsets(stage, 1))
    assert [record.value for record in await stage.read(out)] == [b"2"]


async def test_an_answer_that_is_lost_does_not_double_the_records(stage, start, monkeypatch):
    """They are sent again, and Kafka sees that it has them."""
    stage.topic("in")
    out, first = stage.topic("out"), await start()
    send, losses = first._send_to, [True, False]

    async def lose_once(leader, batches):
        answers = await send(leader, batches)
        return {} if losses.pop(0) else answers

    monkeypatch.setattr(first, "_send_to", lose_once)
    assert await first.commit(packs(first, out, b"1", b"2"), offsets(stage, 1)) == {(out, 0): 1}
    assert [record.value for record in await stage.read(out)] == [b"1", b"2"]


async def test_an_answer_that_cannot_be_read_breaks_the_producer(stage, start, wire, monkeypatch):
    """Kafka may have done what was asked: to abort and to do it again could double it. The next fence settles it."""
    stage.topic("in")
    out, first, send = stage.topic("out"), await start(), wire._client.send

    async def garble(node, request, **where):
        answer = await send(node, request, **where)
        if isinstance(request, EndTxnRequest):
            raise KafkaError("unreadable")
        return answer

    monkeypatch.setattr(wire._client, "send", garble)
    with pytest.raises(Broken):
        await first.commit(packs(first, out, b"1"), offsets(stage, 1))
    await start()
    assert [record.value for record in await stage.read(out)] == [b"1"]


async def test_where_one_leader_fails_the_answer_of_the_others_is_waited_for(stage, start, wire, monkeypatch):
    """What is still under way could come behind the end of the transaction, and hang there."""
    stage.topic("in")
    out, other, first, through = stage.topic("out"), stage.topic("other"), await start(), asyncio.Event()
    leaders = {out: 1, other: 2}

    async def lead(tp):
        return leaders[tp.topic]

    async def answer(leader, _):
        if leader == leaders[out]:
            raise Broken("out")
        await asyncio.sleep(0.2)
        through.set()
        return {}

    monkeypatch.setattr(wire, "leader", lead)
    monkeypatch.setattr(first, "_send_to", answer)
    with pytest.raises(Broken, match="out"):
        await first.commit([*packs(first, out, b"1"), *packs(first, other, b"2")], offsets(stage, 1))
    assert through.is_set()


async def test_a_transaction_that_is_cancelled_cannot_be_gone_on_with(stage, start, monkeypatch):
    """What became of it is not known: only the next fence settles it."""
    stage.topic("in")
    out, first = stage.topic("out"), await start()
    hanging = asyncio.Event()

    async def hang(*_):
        hanging.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(first, "_produce", hang)
    work = asyncio.ensure_future(first.commit(packs(first, out, b"1"), offsets(stage, 1)))
    await hanging.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    with pytest.raises(Broken):
        await first.commit(packs(first, out, b"1"), offsets(stage, 1))
    await start()
    assert await stage.read(out) == []


async def test_a_transaction_outlives_the_broker(stage, own_kafka):
    """Kafka is killed in the middle and comes back: everything is there once."""
    stage.kafka = stage.kafka.model_copy(update={"bootstrap_servers": own_kafka.bootstrap})
    stage.topic("in")
    out, wire = stage.topic("out"), Wire(client_options(stage.kafka))
    await wire.open()
    first = Transactions("txn", "group", wire)
    await first.start()
    await first.commit(packs(first, out, b"before"), offsets(stage, 1))
    own_kafka.stop()
    work = asyncio.ensure_future(first.commit(packs(first, out, b"during"), offsets(stage, 2)))
    await asyncio.sleep(0.5)
    await asyncio.to_thread(own_kafka.start)
    await work
    await first.commit(packs(first, out, b"after"), offsets(stage, 3))
    assert [record.value for record in await stage.read(out)] == [b"before", b"during", b"after"]
    await wire.close()
