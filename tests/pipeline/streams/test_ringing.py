"""Rings on a real Kafka: rows whose time comes with no record, told once and in a transaction like any batch."""

import asyncio
import time

import msgspec
import pytest

from pipeline.streams.agent import Due, Message, Table, agent
from pipeline.streams.work import running

pytestmark = pytest.mark.timeout(120)


def now() -> int:
    return time.time_ns() // 1_000_000


def timer(stage, told=None, is_healed=lambda: False):
    """Declares an agent that rings once at the instant that a record's value names; -1 raises until it is healed."""
    topic, out = stage.topic("in"), stage.topic("out")
    changelog = stage.topic("timers.log", **{"cleanup.policy": "compact"})
    timers = Table(
        "timers",
        changelog=changelog,
        decode=msgspec.json.decode,
        encode=msgspec.json.encode,
        wakes=abs,
    )

    def ring(due: Due, rows):
        for key in due.keys:
            if rows.get(key) < 0 and not is_healed():
                raise ValueError("this row cannot be rung")
            rows.delete(key)
            yield Message(out, key, b"%d" % due.now)

    @agent(topic, table=timers, ring=ring)
    def wait(batch, rows):
        """Sets each key's timer."""
        if told is not None:
            told.append(len(batch.records))
        for record in batch:
            rows.put(record.key, msgspec.json.decode(record.value))
        return ()

    return wait


async def set_timers(stage, **instants: int) -> None:
    await stage.send(stage.unique("in"), *[(key.encode(), b"%d" % at) for key, at in instants.items()])


@pytest.mark.parametrize("store", ["memory", "rocksdict"])
async def test_rows_ring_when_their_time_comes_and_once(stage, store):
    """No record comes meanwhile, and a restart rings nothing again."""
    wait, out = timer(stage), stage.unique("out")
    soon = now() + 4_000
    async with stage.worker(wait, store=store):
        await set_timers(stage, a=soon, b=soon + 300, c=soon + 3_600_000)
        records = await stage.until(out, 2)
    assert {record.key for record in records} == {b"a", b"b"}
    assert all(int(record.value) >= soon for record in records)
    async with stage.worker(wait, store=store) as worker:
        await worker.ready.wait()
        await set_timers(stage, d=1)
        records = await stage.until(out, 3)
    assert sorted(record.key for record in records) == [b"a", b"b", b"d"]


async def test_what_became_due_while_no_worker_was_there_rings_at_the_start(stage):
    """Its row is in the changelog, and so is its time."""
    told: list[int] = []
    wait, out = timer(stage, told), stage.unique("out")
    due = now() + 3_000
    async with stage.worker(wait):
        await set_timers(stage, a=due)
        while not told:  # noqa: ASYNC110  # the worker sets it
            await asyncio.sleep(0.05)
    assert await stage.read(out) == []
    await asyncio.sleep(max(0, due - now()) / 1_000)
    async with stage.worker(wait):
        [record] = await stage.until(out, 1)
    assert record.key == b"a"


async def test_nothing_rings_before_what_waited_is_read(stage):
    """While the worker was away its timer came due, and a record came that puts it off."""
    told: list[int] = []
    wait, out = timer(stage, told), stage.unique("out")
    async with stage.worker(wait):
        await set_timers(stage, a=now() + 2_500)
        while not told:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await set_timers(stage, a=now() + 3_600_000, b=1)
    await asyncio.sleep(3)
    async with stage.worker(wait):
        [record] = await stage.until(out, 1)
        await asyncio.sleep(1)
    assert record.key == b"b"
    assert len(await stage.read(out)) == 1


async def test_a_row_that_cannot_be_rung_holds_up_nobody(stage):
    """It is told to the operator; records and other rows go on."""
    wait, out = timer(stage), stage.unique("out")
    async with stage.worker(wait):
        await set_timers(stage, a=1, b=-1, c=1)
        await stage.until(out, 2)
        await set_timers(stage, d=1)
        records = await stage.until(out, 3)
    assert sorted(record.key for record in records) == [b"a", b"c", b"d"]


async def test_a_row_that_could_not_be_rung_is_rung_again_later(stage, monkeypatch):
    """What made it raise may be gone by then: nobody has to start the worker anew."""
    monkeypatch.setattr(running, "RING_AGAIN", 500)
    healed: list[bool] = []
    wait, out = timer(stage, is_healed=lambda: bool(healed)), stage.unique("out")
    async with stage.worker(wait):
        await set_timers(stage, a=-1, b=1)
        [first] = await stage.until(out, 1)
        healed.append(True)
        records = await stage.until(out, 2)
        await asyncio.sleep(1)
    assert first.key == b"b"
    assert records[1].key == b"a"
    assert len(await stage.read(out)) == 2
