"""Stock as a CSV file: one line per article that was counted or came in.

Columns: sku, quantity, and as wanted name, kind (count or receive; count where it is empty), at (when; else the instant
of the import) and threshold (at so many available the seller hears of it). Commas, semicolons or tabs, as spreadsheets
write them. A line without a quantity was not counted and says nothing.
"""

import csv
import io
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote

from pipeline.settings import Account
from pipeline.sources.source import Untranslatable
from pipeline.sources.telling import Telling
from schemas import times
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import digest

ID = "stock_csv"
COLUMNS = ("sku", "name", "quantity", "kind", "at", "threshold")
NEEDED = ("sku", "quantity")
KINDS = {"": "stock_counted", "count": "stock_counted", "receive": "stock_received"}
TEMPLATE = "sku,name,quantity,kind,at,threshold\r\nKOP-GAYO-250,Kopi Gayo Arabika 250 g,24,count,,5\r\n"

MOST_BYTES = 1 << 20
MOST_PIECES = 10**9
LONGEST = 200
AHEAD = 5 * times.MINUTE


class Line(NamedTuple):
    """One line that says something; `at` is an instant."""

    number: int
    sku: str
    name: str
    quantity: int
    kind: str
    at: int
    low_at: int | None


class Wrong(NamedTuple):
    """A line that cannot be taken, and why."""

    line: int
    why: str


class Sheet(NamedTuple):
    """What a file says. If anything is wrong, nothing of it counts."""

    lines: tuple[Line, ...]
    wrong: tuple[Wrong, ...]
    silent: int
    """Lines without a quantity."""

    def count(self, kind: str) -> int:
        """Tells how many lines are of a kind."""
        return sum(line.kind == kind for line in self.lines)


def delivery(seller: str, body: bytes, received_at: int) -> Delivery:
    """Wraps a seller's file untouched; the same file again is the same delivery."""
    return Delivery(ID, quote(seller, safe=":"), digest(body), body, received_at, {"content-type": "text/csv"})


def account(name: str) -> Account:
    """Gives the account by which a seller's files are told from another's; `name` is that of the delivery."""
    return Account(source=ID, name=ID, seller=unquote(name))


def translate(told: Delivery, account: Account) -> list[Event]:
    """Gives an event for each line that says something. Raises Untranslatable when any line is wrong."""
    sheet = read(told.body, told.received_at)
    if sheet.wrong:
        first = sheet.wrong[0]
        raise Untranslatable("invalid", f"line {first.line}: {first.why}; {len(sheet.wrong)} are wrong")
    telling = Telling(told, account)
    return [
        telling.event(
            *(line.kind, (told.dedupe_id, str(line.number)), "", line.at),
            sku=line.sku,
            quantity=line.quantity,
            name=line.name,
            low_at=line.low_at,
        )
        for line in sheet.lines
    ]


def read(body: bytes, received_at: int) -> Sheet:
    """Reads a file and finds everything that is wrong with it, line by line."""
    if len(body) > MOST_BYTES:
        return _refused(f"the file has {len(body):,} bytes, and may have {MOST_BYTES:,}: split it")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _refused("the file is no UTF-8 text: save it as “CSV UTF-8”")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    lines, wrong, silent = [], [], 0
    try:
        names = [name.strip().lower() for name in next(rows, [])]
        if mistakes := list(_of_header(names)):
            return _refused("; ".join(mistakes))
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            try:
                line = _line(rows.line_num, names, cells, received_at)
            except ValueError as error:
                wrong.append(Wrong(rows.line_num, str(error)))
                continue
            silent += line is None
            lines += [line] if line else []
    except csv.Error as error:
        wrong.append(Wrong(rows.line_num, f"is no CSV: {error}"))
    wrong += _contradictions(lines)
    if not lines and not wrong:
        wrong.append(Wrong(1, "no line has a quantity: there is nothing to import"))
    return Sheet(tuple(lines), tuple(sorted(wrong)), silent)


def _refused(why: str) -> Sheet:
    return Sheet((), (Wrong(1, why),), 0)


def _delimiter(text: str) -> str:
    """Tells commas from what spreadsheets write where a comma stands in numbers."""
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


def _of_header(names: list[str]) -> Iterator[str]:
    for name in NEEDED:
        if name not in names:
            yield f"there is no column {name}: the first line names the columns {', '.join(COLUMNS)}"
    for name in dict.fromkeys(names):
        if name and name not in COLUMNS:
            yield f"{name!r} is no column; there are {', '.join(COLUMNS)}"
        if name and names.count(name) > 1:
            yield f"column {name} is there more than once"


def _line(number: int, names: list[str], cells: list[str], received_at: int) -> Line | None:
    """Reads a line; None when it says nothing. Raises ValueError with all that is wrong with it."""
    if len(cells) > len(names):
        raise ValueError(
            f"has {len(cells)} cells, and there are {len(names)} columns: a text with a comma needs quotes"
        )
    told = {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
    mistakes: list[str] = []

    def take(read: Callable[[str], int | str], name: str) -> int | str | None:
        try:
            return read(told[name]) if told.get(name) else None
        except ValueError as error:
            mistakes.append(f"{name} {told[name][:40]!r} {error}")
            return None

    sku, quantity = take(_text, "sku"), take(_pieces, "quantity")
    kind, name = take(_kind, "kind"), take(_words, "name")
    at, low_at = take(lambda text: _instant(text, received_at), "at"), take(_pieces, "threshold")
    if not told.get("sku"):
        mistakes.append("sku is missing")
    if mistakes:
        raise ValueError("; ".join(mistakes))
    if quantity is None:
        return None
    return Line(
        number=number,
        sku=str(sku),
        name=str(name or ""),
        quantity=int(quantity),
        kind=str(kind or KINDS[""]),
        at=received_at if at is None else int(at),
        low_at=None if low_at is None else int(low_at),
    )


def _text(text: str) -> str:
    if len(text) > LONGEST or not text.isprintable():
        raise ValueError(f"must be printable and no longer than {LONGEST} characters")
    return text


def _words(text: str) -> str:
    return _text(" ".join(text.split()))


def _pieces(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(MOST_PIECES)) or int(text) > MOST_PIECES:
        raise ValueError("must be a whole number such as 24, without points or commas")
    return int(text)


def _kind(text: str) -> str:
    if text.lower() not in KINDS:
        raise ValueError("must be count or receive")
    return KINDS[text.lower()]


def _instant(text: str, received_at: int) -> int:
    try:
        at = times.parse(text, assume=times.WIB)
    except (ValueError, OverflowError):
        raise ValueError("is no time such as 2026-11-24T10:05:00+07:00") from None
    if not 0 <= at <= received_at + AHEAD:
        raise ValueError("lies in the future" if at > 0 else "lies before 1970")
    return at


def _contradictions(lines: list[Line]) -> Iterator[Wrong]:
    """Finds what is said twice of one article and instant: two counts, or goods that the count already has."""
    counted: dict[tuple[str, int], Line] = {}
    for line in (line for line in lines if line.kind == KINDS["count"]):
        known = counted.setdefault((line.sku, line.at), line)
        if known is not line:
            yield Wrong(line.number, f"{line.sku} is counted on line {known.number} already")
    for line in (line for line in lines if line.kind == KINDS["receive"]):
        if first := counted.get((line.sku, line.at)):
            yield Wrong(
                line.number, f"{line.sku} is counted at the same instant on line {first.number}: give the times"
            )
