"""Stock as a CSV file: what it says, what is wrong with it, and that it counts whole or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import sources
from pipeline.importing import import_stock
from pipeline.settings import Kafka, Settings
from pipeline.sources import Untranslatable
from pipeline.sources.files import stock_csv
from schemas.times import DAY, parse

NOW = parse("2026-11-24T03:05:00Z")


def read(text: str):
    return stock_csv.read(text.encode(), NOW)


def events(text: str, seller: str = "toko-melati", now: int = NOW):
    delivery = stock_csv.delivery(seller, text.encode(), now)
    return sources.translate(delivery, sources.account_of(delivery, Settings()))


def test_each_line_is_an_event():
    """Counted where it does not say otherwise, at the instant of the import where it says none."""
    told = events("sku,quantity,kind,at,threshold\nA,24,,,5\nB,3,receive,2026-11-23T10:00:00+07:00,\n")
    first, second = told
    assert (first.type, first.sku, first.quantity, first.occurred_at, first.low_at) == (
        "stock_counted",
        "A",
        24,
        NOW,
        5,
    )
    assert (second.type, second.sku, second.low_at) == ("stock_received", "B", None)
    assert second.occurred_at == parse("2026-11-23T03:00:00Z")
    assert {event.seller_id for event in told} == {"toko-melati"}


def test_the_same_file_again_is_the_same_delivery():
    """With the same ids of its events, whenever it comes; another seller's is another."""
    text = "sku,quantity\nA,1\n"
    first, again, other = events(text), events(text, now=NOW + DAY), events(text, seller="tiktok_shop:7/x")
    assert [event.event_id for event in first] == [event.event_id for event in again]
    assert first[0].event_id != other[0].event_id
    assert other[0].seller_id == "tiktok_shop:7/x"
    keys = {stock_csv.delivery(seller, b"x", NOW).key for seller in ("a", "a/b", "b")}
    assert len(keys) == 3


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_of_all_spreadsheets_are_read(mark, end):
    """With a byte order mark, columns in any order and case, quotes, empty lines."""
    rows = [["Quantity", "SKU", "name"], ["2", "A", f'"Kopi{mark} 1 kg"'], [], ["7", "B", ""]]
    text = end.join(mark.join(row) for row in rows)
    sheet = stock_csv.read(b"\xef\xbb\xbf" + text.encode(), NOW)
    assert [(line.sku, line.quantity) for line in sheet.lines] == [("A", 2), ("B", 7)]
    assert sheet.lines[0].name == " ".join(f"Kopi{mark} 1 kg".split())
    assert not sheet.wrong


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("A,-1,,,", "quantity '-1' must be a whole number"),
        ("A,1.000,,,", "quantity '1.000' must be a whole number"),
        ("A,1e3,,,", "whole number"),
        ("A,99999999999,,,", "whole number"),
        (",1,,,", "sku is missing"),
        ("A,1,steal,,", "kind 'steal' must be count or receive"),
        ("A,1,,yesterday,", "at 'yesterday' is no time"),
        ("A,1,,2027-01-01,", "lies in the future"),
        ("A,1,,,some", "threshold 'some' must be a whole number"),
        ("A,1,,,,6", "has 6 cells, and there are 5 columns"),
        ("A\x07,1,,,", "must be printable"),
        ("Z,1,,,", "Z is counted on line 2 already"),
        ("Z,1,receive,,", "Z is counted at the same instant on line 2"),
        ('"A,1,,,', "is no CSV"),
    ],
)
def test_a_bad_line_is_told_by_its_number(line, why):
    """With what is wrong with it; of such a file nothing is an event."""
    text = f"sku,quantity,kind,at,threshold\nZ,1,,,\n{line}\n"
    [wrong] = read(text).wrong
    assert why in wrong.why
    assert wrong.line in {3, 4}
    with pytest.raises(Untranslatable, match="line"):
        events(text)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no column sku"),
        (b"sku\nA\n", "no column quantity"),
        (b"sku,quantity,colour\nA,1,red\n", "'colour' is no column"),
        (b"sku,quantity,sku\nA,1,B\n", "more than once"),
        (b"sku,quantity\n", "nothing to import"),
        (b"sku,quantity\nA,\n", "nothing to import"),
        (b"sku,quantity\n\xff,1\n", "no UTF-8"),
        (b"sku,quantity\n" + b"A,1\n" * 300_000, "split it"),
    ],
)
def test_a_file_that_says_nothing_is_refused(body, why):
    """With one sentence, about line 1."""
    [wrong] = stock_csv.read(body, NOW).wrong
    assert (wrong.line, why in wrong.why) == (1, True)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: b"sku,quantity\n" + text.encode()))
def test_whatever_the_file_nothing_fails(body):
    """It is read, or told what is wrong; what is taken can be told."""
    sheet = stock_csv.read(body, NOW)
    assert sheet.wrong or events(body.decode("utf-8"))


def test_the_template_can_be_imported():
    """As it is."""
    assert not read(stock_csv.TEMPLATE).wrong
    assert stock_csv.TEMPLATE.startswith(",".join(stock_csv.COLUMNS))


def test_a_wrong_file_asks_no_kafka():
    """Nor does a trial."""
    wrong = import_stock(Kafka(), "a", b"sku,quantity\nA,x\nB,1\n", NOW)
    assert (wrong.sent, wrong.counted, [w.line for w in wrong.wrong]) == (False, 1, [2])
    tried = import_stock(Kafka(), "a", b"sku,quantity\nA,1\n", NOW, dry_run=True)
    assert (tried.sent, tried.counted, tried.wrong) == (False, 1, ())
