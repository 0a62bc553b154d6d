"""Records as Parquet and back, byte for byte."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from analytics.archive import ArchiveError
from analytics.archive.pieces import Piece
from pipeline.broker.reader import Stored

HEADER = pa.struct([pa.field("name", pa.string()), pa.field("value", pa.binary())])
SCHEMA = pa.schema(
    [
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("timestamp", pa.int64(), nullable=False),
        pa.field("key", pa.binary()),
        pa.field("value", pa.binary()),
        pa.field("headers", pa.list_(HEADER)),
    ]
)
OFFSET, TIMESTAMP = SCHEMA.get_field_index("offset"), SCHEMA.get_field_index("timestamp")

OPTIONS = {
    "compression": "zstd",
    "compression_level": 6,
    "use_dictionary": ["partition", "headers.list.element.name", "headers.list.element.value"],
    "column_encoding": {"offset": "DELTA_BINARY_PACKED", "timestamp": "DELTA_BINARY_PACKED"},
    "write_statistics": ["offset", "timestamp"],
    "write_page_checksum": True,  # nobody else holds these bytes once Kafka has deleted them
}
GROUP_BYTES = 32 << 20
"""Records that are packed together: what a reader holds in memory."""

ROWS = 2_048
"""Records that are turned into objects at once."""


def table(records: Sequence[Stored]) -> pa.Table:
    """Gives records as columns."""
    headers = [header for record in records for header in record.headers]
    starts = [0]
    for record in records:
        starts.append(starts[-1] + len(record.headers))
    pairs = pa.StructArray.from_arrays(
        [pa.array([name for name, _ in headers], pa.string()), pa.array([value for _, value in headers], pa.binary())],
        fields=[*HEADER],
    )
    columns = [
        pa.array([record.partition for record in records], pa.int32()),
        pa.array([record.offset for record in records], pa.int64()),
        pa.array([record.timestamp for record in records], pa.int64()),
        pa.array([record.key for record in records], pa.binary()),
        pa.array([record.value for record in records], pa.binary()),
        pa.ListArray.from_arrays(pa.array(starts, pa.int32()), pairs, type=SCHEMA.field("headers").type),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def write(file: IO[bytes], tables: Iterable[pa.Table]) -> None:
    """Writes tables, packed together up to GROUP_BYTES."""
    with pq.ParquetWriter(file, SCHEMA, **OPTIONS) as writer:
        waiting: list[pa.Table] = []
        size = 0
        for each in tables:
            waiting.append(each)
            size += each.nbytes
            if size >= GROUP_BYTES:
                writer.write_table(pa.concat_tables(waiting))
                waiting, size = [], 0
        if waiting:
            writer.write_table(pa.concat_tables(waiting))


def tables(path: Path, start: int = 0) -> Iterator[pa.Table]:
    """Gives a file's records from `start` on, some at a time. Raises ArchiveError where they cannot be read."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if not file.schema_arrow.equals(SCHEMA):
                raise pa.ArrowInvalid("it has other columns")
            groups = [number for number in range(file.num_row_groups) if _range(file, number, OFFSET)[1] >= start]
            for batch in file.iter_batches(ROWS, groups):
                yield pa.Table.from_batches([batch])
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise ArchiveError(
            f"{path} is damaged ({str(error).splitlines()[0]}): put it back from a backup, or delete it and "
            "`arus archive run --once` reads its records anew while Kafka still has them"
        ) from error


def read(path: Path, topic: str, start: int) -> Iterator[Stored]:
    """Gives a file's records from `start` on in the shape in which Kafka's reader gives them."""
    for each in tables(path, start):
        columns = each.drop_columns("headers").to_pydict().values()
        for partition, offset, timestamp, key, value, headers in zip(*columns, _headers(each), strict=True):
            if offset >= start:
                yield Stored(topic, partition, offset, timestamp, key, value, headers)


def check(path: Path, piece: Piece) -> int:
    """Reads all of a file and gives how many records it has. Raises ArchiveError where it is not what its name says."""
    offsets = [offset for each in tables(path) for offset in each.column("offset").to_pylist()]
    rising = all(one < other for one, other in pairwise(offsets))
    if not offsets or not rising or offsets[0] < piece.first or offsets[-1] != piece.last:
        raise ArchiveError(f"{path} does not hold what its name says: put it back from a backup")
    return len(offsets)


def told(path: Path) -> tuple[int, int]:
    """Gives how many records a file has and the newest time among them."""
    with pq.ParquetFile(path) as file:
        groups = range(file.num_row_groups)
        return file.metadata.num_rows, max((_range(file, number, TIMESTAMP)[1] for number in groups), default=0)


def _range(file: pq.ParquetFile, group: int, column: int) -> tuple[int, int]:
    statistics = file.metadata.row_group(group).column(column).statistics
    return statistics.min, statistics.max


def _headers(each: pa.Table) -> Iterator[list[tuple[str, bytes]]]:
    column = each.column("headers").combine_chunks()
    pairs = column.values
    names, values = pairs.field("name").to_pylist(), pairs.field("value").to_pylist()
    flat = list(zip(names, values, strict=True))
    for start, end in pairwise(column.offsets.to_pylist()):
        yield flat[start:end]
