"""Fetched records: whole Kafka batches, read once, without what was aborted."""

import gc
import weakref

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from pipeline.streams.reading.records import Records, unpack

TP = TopicPartition("orders", 0)
ABORT, COMMIT = b"\x00\x00\x00\x00", b"\x00\x00\x00\x01"
CONTROL = 0x20


def batch(base: int, *values: bytes, producer: int = -1, control: bytes | None = None) -> bytes:
    """Builds a batch as it lies in Kafka, its first record at offset `base`; `control` makes it a marker."""
    builder = DefaultRecordBatchBuilder(
        2, 0, is_transactional=producer >= 0, producer_id=producer, producer_epoch=0, base_sequence=0, batch_size=9_999
    )
    for index, value in enumerate(values or (b"",)):
        builder.append(index, 1_000 + base + index, control or b"k", value, [])
    built = bytearray(builder.build())
    built[:8] = base.to_bytes(8, "big")
    if control:
        built[22] |= CONTROL  # the low byte of the attributes
    return bytes(built)


def part(data: bytes, at: int = 0, aborted=(), *, check_crcs: bool = False) -> PartitionRecords:
    return PartitionRecords(TP, MemoryRecords(data), list(aborted), at, None, None, check_crcs, READ_COMMITTED)


def values(data: bytes, at: int = 0, aborted=()) -> tuple[list[bytes], int]:
    records = unpack(part(data, at, aborted))
    return [record.value for record in records], records.end


def test_records_of_all_batches_come_in_order():
    """Two batches are one run, from the offset that was asked for to behind the last record."""
    records = unpack(part(batch(0, b"a", b"b") + batch(2, b"c")))
    assert [(r.offset, r.value, r.key) for r in records] == [(0, b"a", b"k"), (1, b"b", b"k"), (2, b"c", b"k")]
    assert (records.start, records.end, records.timestamp) == (0, 3, 1_002)


def test_records_before_the_position_are_left_out():
    """Kafka gives the whole batch in which the position lies."""
    assert values(batch(0, b"a", b"b", b"c"), at=1) == ([b"b", b"c"], 3)


def test_fetches_of_one_partition_are_joined():
    """What two fetches gave is read as one, in order; one that has been read already would come without its records."""
    parts = [unpack(part(batch(0, b"a", b"b"), at=1)), unpack(part(batch(2, b"c"), at=2))]
    joined = Records.joined(parts)
    assert ([record.value for record in joined], joined.start, joined.end) == ([b"b", b"c"], 1, 3)
    with pytest.raises(ValueError, match="cannot be joined"):
        Records.joined([joined])


def test_records_can_be_gone_through_again():
    """A batch that failed is tried again from memory; aiokafka's own can be read once."""
    records = unpack(part(batch(0, b"a", b"b")))
    assert [r.value for r in records] == [r.value for r in records] == [b"a", b"b"]
    assert (len(records), records[-1].value) == (2, b"b")


def test_aborted_records_are_left_out():
    """What a transaction that was aborted wrote is not read, until its marker; what came after is."""
    data = (
        batch(0, b"lost", producer=7)
        + batch(1, b"kept", producer=8)
        + batch(2, producer=7, control=ABORT)
        + batch(3, producer=8, control=COMMIT)
        + batch(4, b"next", producer=7)
        + batch(5, producer=7, control=COMMIT)
    )
    assert values(data, aborted=[(7, 0)]) == ([b"kept", b"next"], 6)


def test_a_run_of_markers_alone_is_empty_but_moves_on():
    """Its end counts the markers, or the position would stand still before them."""
    assert values(batch(4, producer=7, control=COMMIT), at=4) == ([], 5)


def test_records_are_freed_without_the_collector():
    """The generator of aiokafka refers to its owner: with the collector off every fetch would stay in memory."""
    gc.disable()
    try:
        fetched = part(batch(0, b"a"))
        unpack(fetched).read()
        gone = weakref.ref(fetched)
        del fetched
        assert gone() is None
    finally:
        gc.enable()


def test_a_damaged_batch_is_told_and_what_stands_before_it_is_given():
    """Nothing is taken for a record that is none, and nothing good is lost."""
    damaged = batch(1, b"b")[:-1] + b"\x7f"
    both = part(batch(0, b"a") + damaged, check_crcs=True)
    assert [r.value for r in unpack(both)] == [b"a"]
    with pytest.raises(CorruptRecordException, match="offset 1"):
        unpack(part(damaged, at=1, check_crcs=True))
