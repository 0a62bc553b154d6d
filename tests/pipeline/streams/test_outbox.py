"""Packing messages: each to its partition, in order, whole."""

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from pipeline.streams.agent import Message
from pipeline.streams.work import outbox as outboxes
from pipeline.streams.work.outbox import Outbox, TooLarge
from pipeline.streams.work.partitions import partition_of

NOW = 1_700_000_000_000


def builder(size: int = 9_999) -> DefaultRecordBatchBuilder:
    return DefaultRecordBatchBuilder(2, 0, 1, -1, -1, 0, size)


def open_outbox(size: int = 100_000) -> Outbox:
    return Outbox(lambda: builder(size), (3, 8), {"out": 8, "log": 8}, NOW)


def unpacked(outbox: Outbox) -> dict[tuple[str, int], list]:
    """Reads back what would be sent."""
    found = {}
    for pack in outbox.packs():
        for built, _ in pack.batches():
            memory = MemoryRecords(bytes(built.build()))
            found.setdefault((pack.topic, pack.partition), []).extend(memory.next_batch())
    return found


def test_own_keys_stay_in_the_partition_and_others_are_hashed():
    """A key of the batch is known to belong here; any other goes where Kafka's rule says."""
    outbox = open_outbox()
    outbox.take([Message("out", b"mine", b"1"), Message("out", b"other", b"2")], {b"mine": None})
    found = unpacked(outbox)
    assert [r.value for r in found["out", 3]] == [b"1"]
    assert [r.value for r in found["out", partition_of(b"other", 8)]] == [b"2"]


def test_only_partitions_that_get_something_are_sent_to():
    """The batch's own partition is none of them if no message is for it."""
    other = next(key for key in map(str.encode, map(str, range(99))) if partition_of(key, 8) != 3)
    outbox = open_outbox()
    outbox.take([Message("out", other, b"1")], {b"mine": None})
    assert [pack.partition for pack in outbox.packs()] == [partition_of(other, 8)]


def test_a_topic_with_other_partitions_hashes_every_key():
    """The batch's own partition says nothing where there are more or fewer."""
    outbox = Outbox(builder, (3, 8), {"out": 5}, NOW)
    outbox.take([Message("out", b"mine", b"1")], {b"mine": None})
    assert list(unpacked(outbox)) == [("out", partition_of(b"mine", 5))]


def test_records_keep_their_order_headers_and_time_over_several_kafka_batches():
    """What does not fit one Kafka batch goes on in the next."""
    outbox = open_outbox(size=500)
    messages = [Message("out", b"k", b"%d" % n, [("type", b"t")]) for n in range(100)]
    outbox.take(messages, {b"k": None})
    (pack,) = outbox.packs()
    assert len(pack.batches()) > 1
    assert sum(records for _, records in pack.batches()) == 100
    records = unpacked(outbox)["out", 3]
    assert [r.value for r in records] == [m.value for m in messages]
    assert {(r.timestamp, *r.headers) for r in records} == {(NOW, ("type", b"t"))}


def test_a_record_larger_than_a_batch_goes_alone():
    """Up to what the topic takes, size is no reason to fail."""
    outbox = open_outbox(size=500)
    outbox.take([Message("out", b"k", b"x" * 900), Message("out", b"k", b"y")], {b"k": None})
    assert [len(r.value) for r in unpacked(outbox)["out", 3]] == [900, 1]


def test_a_record_larger_than_the_topic_takes_is_told(monkeypatch):
    """It is refused before anything is sent."""
    monkeypatch.setattr(outboxes, "MOST_BYTES", 800)
    outbox = open_outbox(size=500)
    outbox.take([Message("out", b"k", b"x" * 900)], {b"k": None})
    with pytest.raises(TooLarge, match="out"):
        unpacked(outbox)


def test_tombstones_are_packed():
    """A deleted row is a record without a value."""
    outbox = open_outbox()
    outbox.pack("log").extend({b"k": None})
    assert [(r.key, r.value) for r in unpacked(outbox)["log", 3]] == [(b"k", None)]
