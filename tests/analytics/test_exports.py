"""Files: the same rows in every format, ids that stay texts, and no text that a spreadsheet runs."""

import csv
import io
import zipfile
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics import exports

COLUMNS: exports.Columns = {"order_id": "text", "total": "number", "rate": "ratio", "cod": "yes", "at": "time"}
AT = datetime(2026, 11, 24, 3, 5, tzinfo=UTC)
ROWS = [
    {"order_id": "576461413038785752", "total": 2**53 + 1, "rate": 0.25, "cod": True, "at": 1_795_489_500_000},
    {"order_id": None, "total": None, "rate": None, "cod": None, "at": None},
]
EVIL = ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")


def written(how, rows, columns=COLUMNS):
    """Gives the file of rows as bytes."""
    file, count = exports.make(exports.EXPORTS[how], columns, iter(rows))
    with file:
        assert count == len(rows)
        return file.read()


def cells(data):
    """Reads the sheet of an XLSX file: (type, text) of each cell, row by row."""
    sheet = ET.fromstring(zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml"))  # noqa: S314  # our own
    name = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    return [
        [(cell.get("t", "n"), "".join(cell.itertext())) for cell in row.iter(f"{name}c")]
        for row in sheet.iter(f"{name}row")
    ]


def test_csv_tells_times_as_rfc3339_and_nothing_as_nothing():
    """One line a row, ended as RFC 4180 wants it."""
    assert written("csv", ROWS).decode().split("\r\n") == [
        "order_id,total,rate,cod,at",
        "576461413038785752,9007199254740993,0.25,true,2026-11-24T03:05:00.000Z",
        ",,,,",
        "",
    ]


@pytest.mark.parametrize("how", ["parquet", "arrow"])
def test_columnar_files_keep_types(how):
    """Ids are texts, money whole numbers, times UTC timestamps; empty columns too."""
    data = pa.BufferReader(written(how, ROWS))
    table = pq.read_table(data) if how == "parquet" else pa.ipc.open_stream(data).read_all()
    assert [str(kind) for kind in table.schema.types] == ["string", "int64", "double", "bool", "timestamp[ms, tz=UTC]"]
    assert table.to_pylist() == [{**ROWS[0], "at": AT}, ROWS[1]]


def test_a_sheet_keeps_ids_as_texts_and_shows_the_shops_clock():
    """18 digits would lose their end as a number; 03:05 UTC is 10:05 in Jakarta."""
    heading, row, *_ = cells(written("xlsx", ROWS))
    assert [text for _, text in heading] == ["order_id", "total", "rate", "cod", "at (WIB)"]
    assert row[0] == ("inlineStr", "576461413038785752")
    assert float(row[4][1]) % 1 == pytest.approx((10 + 5 / 60) / 24)


@pytest.mark.parametrize("how", exports.EXPORTS)
def test_a_file_of_no_rows_has_its_columns(how):
    """So that a program finds them."""
    data = written(how, [])
    found = {
        "csv": lambda: next(csv.reader(io.StringIO(data.decode()))),
        "parquet": lambda: pq.read_table(pa.BufferReader(data)).column_names,
        "arrow": lambda: pa.ipc.open_stream(data).schema.names,
        "xlsx": lambda: [text.removesuffix(" (WIB)") for _, text in cells(data)[0]],
    }[how]()
    assert found == list(COLUMNS)


@pytest.mark.parametrize("evil", EVIL)
def test_a_sheet_runs_no_text(evil):
    """What begins like a formula is a text in its cell."""
    data = written("xlsx", [{"name": evil}], {"name": "text"})
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    assert cells(data)[1][0][0] == "inlineStr"


@pytest.mark.parametrize("evil", EVIL)
def test_csv_for_spreadsheets_runs_no_text(evil):
    """An apostrophe goes before it; programs that do not ask for that get the text as it is."""
    file = io.BytesIO()
    exports.write_csv(file, {"name": "text", "total": "number"}, [{"name": evil, "total": -5}], guard=True)
    assert list(csv.reader(io.StringIO(file.getvalue().decode(), newline="")))[1] == [f"'{evil}", "-5"]
    assert list(csv.reader(io.StringIO(written("csv", [{"name": evil}], {"name": "text"}).decode(), newline="")))[
        1
    ] == [evil]


@pytest.mark.parametrize("odd", ["\x00", "\x0b", "x" * 40_000, "\ufffe", "_x000D_", 'a"b,c\nd'])
@pytest.mark.parametrize("how", exports.EXPORTS)
def test_an_odd_text_breaks_no_file(how, odd):
    """Buyers write what they like; a sheet's cell keeps as much as it can hold."""
    data = written(how, [{"name": odd}], {"name": "text"})
    if how == "xlsx":
        assert len(cells(data)[1][0][1]) <= 32_767
    if how == "arrow":
        assert pa.ipc.open_stream(data).read_all().to_pylist() == [{"name": odd}]


@pytest.mark.parametrize("how", exports.EXPORTS)
def test_a_failure_half_way_gives_no_file(how):
    """Better an error than a file that looks whole."""

    def rows():
        yield ROWS[0]
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        exports.make(exports.EXPORTS[how], COLUMNS, rows())


def test_many_rows_come_whole():
    """More than one block of them."""
    rows = [{"n": number} for number in range(25_000)]
    assert pq.read_table(pa.BufferReader(written("parquet", rows, {"n": "number"}))).to_pylist() == rows
