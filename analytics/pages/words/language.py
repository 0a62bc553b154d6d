"""How one language says texts, numbers, money, times and durations: the one place that formats for people."""

from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_compact_decimal, format_decimal, get_currency_symbol

from schemas.money import exponent, major_units
from schemas.times import DAY, HOUR, MINUTE, SECOND, WIB, from_datetime, to_datetime

MINUS = "\N{MINUS SIGN}"

CATALOGS = Path(__file__).parent


class Units(NamedTuple):
    """Short names of the units that durations are told in."""

    day: str
    hour: str
    minute: str
    second: str
    milli: str


UNITS = {"en": Units("d", "h", "m", "s", "ms"), "id": Units("hari", "jam", "mnt", "dtk", "ms")}


def _catalog(code: str) -> Catalog | None:
    file = CATALOGS / f"{code}.po"
    return read_po(BytesIO(file.read_bytes()), locale=code) if file.exists() else None


class Language:
    """One language. Texts are written in English; the others have a catalog beside this file, `<code>.po`."""

    def __init__(self, code: str, name: str, zone: tzinfo = WIB) -> None:
        self.code, self.name, self.zone, self.zone_name = code, name, zone, "Asia/Jakarta"
        self._locale = Locale.parse(code)
        self._units = UNITS[code]
        self._texts = {message.id: message.string for message in _catalog(code) or () if message.id and message.string}

    def text(self, message: str, **values: object) -> str:
        """Says a text, filled in with the values; an unknown one is said in English."""
        said = str(self._texts.get(message, message))
        return said % values if values else said

    def plural(self, one: str, many: str, n: int, **values: object) -> str:
        """Says a text in the form that the number needs; `%(n)s` becomes the number."""
        forms: Iterable[str] | str = self._texts.get((one, many), (one, many))
        forms = (forms,) if isinstance(forms, str) else tuple(forms)
        form = forms[0] if n == 1 or len(forms) == 1 else forms[1]
        return form % {"n": self.number(n), **values}

    def ngettext(self, one: str, many: str, n: int) -> str:
        """Picks the form that the number needs, not filled in: what templates ask for."""
        forms = self._texts.get((one, many), (one, many))
        return str(forms[0] if n == 1 or len(forms) == 1 else forms[1])

    def number(self, value: float | Decimal, digits: int = 0) -> str:
        """Says a number with its thousands parted: `1,482,000` or `1.482.000`."""
        pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
        return format_decimal(value, format=pattern, locale=self._locale)

    def short(self, value: float) -> str:
        """Says a large number in three digits: `1.55B` or `1,55 M`."""
        size = len(str(int(abs(value))))
        digits = 0 if size <= 3 else 2 - (size - 1) % 3  # noqa: PLR2004  # three digits in all
        return format_compact_decimal(value, fraction_digits=digits, locale=self._locale)

    def percent(self, share: float, digits: int = 1) -> str:
        """Says a share of one: `4.2%` or `4,2%`."""
        return f"{self.number(share * 100, digits)}%"

    def money(self, minor: int, currency: str) -> str:
        """Says an amount: `Rp1.482.000`, `US$12,50`."""
        amount = self.number(abs(major_units(minor, currency)), exponent(currency))
        return f"{MINUS * (minor < 0)}{self._symbol(currency)}{amount}"

    def money_short(self, minor: int, currency: str) -> str:
        """Says a large amount in three digits: `Rp1,55 M`."""
        return f"{self._symbol(currency)}{self.short(float(major_units(minor, currency)))}"

    def _symbol(self, currency: str) -> str:
        return "Rp" if currency == "IDR" else get_currency_symbol(currency, self._locale)

    def duration(self, ms: float) -> str:
        """Says how long in two units at most: `4 s`, `2 m 10 s`, `3 h 05 m`, `2 d 4 h`."""
        unit = self._units
        left = int(max(ms, 0))
        if left < MINUTE:
            return f"{left // SECOND} {unit.second}"
        if left < 10 * MINUTE:
            return f"{left // MINUTE} {unit.minute} {left % MINUTE // SECOND:02d} {unit.second}"
        if left < HOUR:
            return f"{left // MINUTE} {unit.minute}"
        if left < DAY:
            return f"{left // HOUR} {unit.hour} {left % HOUR // MINUTE:02d} {unit.minute}"
        return f"{left // DAY} {unit.day} {left % DAY // HOUR} {unit.hour}"

    def latency(self, ms: float) -> str:
        """Says a short time exactly: `24 ms`, `1.4 s`, then as `duration`."""
        if ms < SECOND:
            return f"{self.number(ms)} {self._units.milli}"
        if ms < 10 * SECOND:
            return f"{self.number(ms / SECOND, 1)} {self._units.second}"
        return self.duration(ms)

    def local(self, at: int) -> datetime:
        """Gives an instant as the readers' clocks show it."""
        return to_datetime(at, self.zone)

    def midnight(self, at: int) -> int:
        """Gives the instant at which the readers' day began."""
        return from_datetime(self.local(at).replace(hour=0, minute=0, second=0, microsecond=0))

    def _said(self, at: int, pattern: str) -> str:
        return format_datetime(self.local(at), pattern, locale=self._locale)

    def clock(self, at: int, *, seconds: bool = False) -> str:
        """Says the time of day: `14:03`."""
        return self.local(at).strftime("%H:%M:%S" if seconds else "%H:%M")

    def day(self, at: int, *, weekday: bool = False, year: bool = False) -> str:
        """Says the date: `23 Nov`, `Senin, 23 November 2026`."""
        pattern = ("EEEE, d MMMM" if weekday else "d MMM") + (" y" if year else "")
        return self._said(at, pattern)

    def date(self, day: date, pattern: str) -> str:
        """Says a day of the calendar in a pattern of CLDR's letters."""
        return format_date(day, pattern, locale=self._locale)

    def moment(self, at: int, now: int) -> str:
        """Says when, as shortly as it stays clear: `Today 14:03`, `21 Nov 14:03`, `21 Nov 2025`."""
        then, today = self.local(at).date(), self.local(now).date()
        near = {0: self.text("Today"), 1: self.text("Yesterday")}.get((today - then).days)
        if near:
            return f"{near} {self.clock(at)}"
        return self._said(at, "d MMM HH:mm" if then.year == today.year else "d MMM y")
