"""Fetched records: Kafka's batches as they came, decoded once and where they are used.

Faust and aiokafka make an object per record and copy it thrice; that alone costs more than folding an order.
"""

from collections.abc import Iterator, Sequence
from typing import Any, overload

from aiokafka.errors import CorruptRecordException

from pipeline.streams.agent import Record


class Records(Sequence[Record]):
    """The records [start, end) of one partition; may hold fewer, even none, after compaction or an abort."""

    __slots__ = ("_read", "batches", "end", "start", "timestamp")

    def __init__(self, batches: list[Any], start: int, end: int) -> None:
        self.batches, self.start, self.end = batches, start, end
        self.timestamp: int = max((batch.max_timestamp or 0 for batch in batches), default=0)
        self._read: list[Record] | None = None

    @classmethod
    def joined(cls, parts: Sequence["Records"]) -> "Records":
        """Makes one of several that stand one behind the other. Raises ValueError if one of them has been read."""
        if any(part.is_read for part in parts):
            raise ValueError("what has been read cannot be joined: its batches are gone")
        return cls([batch for part in parts for batch in part.batches], parts[0].start, parts[-1].end)

    @property
    def is_read(self) -> bool:
        """Whether they have been decoded."""
        return self._read is not None

    def read(self) -> list[Record]:
        """Decodes them, once: aiokafka's batches can be gone through a single time."""
        if self._read is None:
            records: list[Record] = []
            for batch in self.batches:
                if batch.base_offset >= self.start:
                    records += batch
                else:
                    records += [record for record in batch if record.offset >= self.start]
            self._read, self.batches = records, []
        return self._read

    def __iter__(self) -> Iterator[Record]:
        return iter(self.read())

    def __len__(self) -> int:
        return len(self.read())

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        return self.read()[index]


def unpack(part: Any) -> Records:  # noqa: ANN401  # aiokafka's PartitionRecords
    """Does what PartitionRecords does, but keeps whole batches: drops control and aborted ones, and finds the end.

    Raises CorruptRecordException if the very first batch is damaged; what stands before a damaged one is given.
    """
    start, batches, memory = part.next_fetch_offset, [], part._records
    # Its generator refers to itself: with the collector off, every fetch would stay in memory.
    part._records_iterator.close()
    part._records_iterator = None
    while memory.has_next():
        batch = memory.next_batch()
        if part._check_crcs and not batch.validate_crc():
            if part.next_fetch_offset > start:
                break
            raise CorruptRecordException(f"{part._tp} is damaged at offset {batch.base_offset}")
        aborted = _is_aborted(part, batch)  # a control batch may end an abort: it must be looked at too
        if not aborted and not batch.is_control_batch:
            batches.append(batch)
        part.next_fetch_offset = batch.next_offset
    return Records(batches, start, part.next_fetch_offset)


def _is_aborted(part: Any, batch: Any) -> bool:  # noqa: ANN401
    """Follows the list of aborted transactions as PartitionRecords does; control batches included."""
    if not part._isolation_level or batch.producer_id is None:
        return False
    part._consume_aborted_up_to(batch.base_offset)
    if batch.is_control_batch and part._contains_abort_marker(batch):
        part._aborted_producers.discard(batch.producer_id)
    return bool(batch.is_transactional and batch.producer_id in part._aborted_producers)
