"""Rows as files: CSV, Parquet, Arrow, XLSX. A file is whole before its first byte leaves, so none ends half way."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import tzinfo
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from rustpy_xlsxwriter import FastExcel

from schemas.times import WIB, rfc3339, to_datetime

Row = Mapping[str, Any]
Kind = Literal["text", "number", "ratio", "yes", "time"]
Columns = Mapping[str, Kind]
"""A table's columns in order; `time` is an instant, `number` an integer such as minor units."""

XLSX_ROWS = 1_048_575
"""As many rows as a sheet has below its heading."""

_XLSX_TEXT = 32_767  # characters that a cell takes

_BLOCK = 10_000  # rows that Arrow turns to columns at once
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_ARROW: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "number": pa.int64(),
    "ratio": pa.float64(),
    "yes": pa.bool_(),
    "time": pa.timestamp("ms", tz="UTC"),
}


class Export(NamedTuple):
    """One format: its media type, the end of its file's name, and what writes it and tells how many rows it took."""

    media_type: str
    suffix: str
    write: Callable[[IO[bytes], Columns, Iterable[Row]], int]


def write_csv(file: IO[bytes], columns: Columns, rows: Iterable[Row], *, guard: bool = False) -> int:
    """Writes RFC 4180 text, times as RFC 3339. `guard` keeps spreadsheets from running a text as a formula."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer, count = csv.writer(text), 0
    writer.writerow(columns)
    for row in rows:
        values = [_csv_value(kind, row[name]) for name, kind in columns.items()]
        writer.writerow([_guarded(value) for value in values] if guard else values)
        count += 1
    text.detach()
    return count


def write_parquet(file: IO[bytes], columns: Columns, rows: Iterable[Row]) -> int:
    """Writes Parquet, times as UTC timestamps."""
    with pq.ParquetWriter(file, _schema(columns), compression="zstd") as writer:
        return sum(writer.write_batch(batch) or batch.num_rows for batch in _batches(columns, rows))


def write_arrow(file: IO[bytes], columns: Columns, rows: Iterable[Row]) -> int:
    """Writes an Arrow IPC stream, times as UTC timestamps."""
    with pa.ipc.new_stream(file, _schema(columns)) as writer:
        return sum(writer.write_batch(batch) or batch.num_rows for batch in _batches(columns, rows))


def write_xlsx(file: IO[bytes], columns: Columns, rows: Iterable[Row], *, zone: tzinfo = WIB) -> int:
    """Writes one sheet, times on the zone's clock, texts as texts whatever they begin with; stops when it is full."""
    headings = {_heading(name, kind, zone): (name, kind) for name, kind in columns.items()}
    count = 0

    def lines() -> Iterator[dict[str, Any]]:
        nonlocal count
        for row in islice(rows, XLSX_ROWS):
            count += 1
            yield {heading: _xlsx_value(kind, row[name], zone) for heading, (name, kind) in headings.items()}
        if not count:
            yield dict.fromkeys(headings)  # a sheet of no rows would lose its headings

    book = FastExcel(file).format(bold_headers=True, datetime_format="yyyy-mm-dd hh:mm:ss").freeze(row=1)
    book.sheet("Arus", lines(), autofilter=True, column_width=20).save()
    return count


EXPORTS: dict[str, Export] = {
    "csv": Export("text/csv; charset=utf-8", "csv", write_csv),
    "parquet": Export("application/vnd.apache.parquet", "parquet", write_parquet),
    "arrow": Export("application/vnd.apache.arrow.stream", "arrows", write_arrow),
    "xlsx": Export("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", write_xlsx),
}


def make(export: Export, columns: Columns, rows: Iterable[Row]) -> tuple[IO[bytes], int]:
    """Gives the whole file, at its beginning and gone when closed, and how many rows are in it."""
    file = TemporaryFile()  # noqa: SIM115  # whoever sends it closes it
    try:
        count = export.write(file, columns, rows)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file, count


def _schema(columns: Columns) -> pa.Schema:
    return pa.schema([(name, _ARROW[kind]) for name, kind in columns.items()])


def _batches(columns: Columns, rows: Iterable[Row]) -> Iterator[pa.RecordBatch]:
    schema, block = _schema(columns), []
    for row in rows:
        block.append(row)
        if len(block) == _BLOCK:
            yield pa.RecordBatch.from_pylist(block, schema)
            block = []
    yield pa.RecordBatch.from_pylist(block, schema)


def _csv_value(kind: Kind, value: Any) -> Any:  # noqa: ANN401  # a cell of any kind
    if value is None:
        return ""
    if kind == "time":
        return rfc3339(value)
    return str(value).lower() if kind == "yes" else value


def _guarded(value: Any) -> Any:  # noqa: ANN401  # as above
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _heading(name: str, kind: Kind, zone: tzinfo) -> str:
    return f"{name} ({zone.tzname(None)})" if kind == "time" else name


def _xlsx_value(kind: Kind, value: Any, zone: tzinfo) -> Any:  # noqa: ANN401  # as above
    if kind == "text" and value is not None:
        return value[:_XLSX_TEXT]
    return to_datetime(value, zone).replace(tzinfo=None) if kind == "time" and value is not None else value
