"""Reading what a sender wrote: each value by its name, and a wrong one named in the error."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, tzinfo
from typing import Any

import orjson

from pipeline.sources.source import Request, Untranslatable
from schemas import times
from schemas.ids import digest
from schemas.money import minor_units

LONGEST_ID = 200
LONGEST_WORDS = 500
"""Longer words of a carrier are cut: they are for people."""

END_OF_TIME = 253_402_300_800_000
"""The year 10000: later instants have no date."""

_AMOUNT = re.compile(r"\d{1,15}(\.\d{1,6})?")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def read(body: bytes) -> "Reading":
    """Reads a body that must be one JSON object. Raises Untranslatable when it is not."""
    try:
        value = orjson.loads(body)  # refuses whole numbers that our own formats could not carry on
    except orjson.JSONDecodeError as error:
        raise Untranslatable("not_json", f"the body is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise Untranslatable("not_json", "the body is JSON, but no object")
    return Reading(value)


def digest_of(told: Any, body: bytes) -> str:  # noqa: ANN401  # JSON may hold anything
    """Gives a digest of what is told, else of the whole body: more may lie in each other than can be written again."""
    try:
        return digest(orjson.dumps(told)) if told else digest(body)
    except orjson.JSONEncodeError:
        return digest(body)


def retry_id(*names: str) -> Callable[[Request], str]:
    """Gives a dedupe id of what stays the same over retries: these values of the body, else the whole of it.

    An id that is too fine costs reading a thing twice; one that is too coarse would lose a thing. So a sender's own id
    stands beside what was said: not all promise that no two of their webhooks have one id.
    """

    def dedupe_id(request: Request) -> str:
        try:
            body = read(request.body)
        except Untranslatable:
            return digest(request.body)
        told = {name: body.value[name] for name in names if name in body.value}
        return digest_of(told, request.body)

    dedupe_id.__doc__ = f"Gives a digest of {', '.join(f'`{name}`' for name in names)}, which stay the same."
    return dedupe_id


class Reading:
    """One JSON object of a webhook. Several names for a value are tried in order; null counts as missing."""

    __slots__ = ("_path", "value")

    def __init__(self, value: dict[str, Any], path: str = "") -> None:
        self.value, self._path = value, path

    def get(self, *names: str) -> Any:  # noqa: ANN401  # JSON may hold anything
        """Gives the value, or None."""
        for name in names:
            if (value := self.value.get(name)) is not None:
                return value
        return None

    def wrong(self, name: str, why: str) -> Untranslatable:
        """Gives the error that names a value and what is wrong with it."""
        return Untranslatable("invalid", f"{self._path}{name} {why}")

    def words(self, *names: str) -> str:
        """Gives text for people to read; empty when there is none."""
        value = self.get(*names)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return ""
        return str(value).strip()[:LONGEST_WORDS]

    def place(self, *names: str) -> str:
        """Gives a place that is told in parts, as people write it: with commas between those that there are."""
        return ", ".join(filter(None, map(self.words, names)))

    def id(self, *names: str) -> str:
        """Gives an id, which some senders write as a number. Raises Untranslatable when there is none."""
        value = self.words(*names)
        if not value:
            told = self.get(*names)
            raise self.wrong(names[0], "is missing" if told is None or told == "" else "is neither text nor a number")
        if len(value) > LONGEST_ID or not value.isprintable():
            raise self.wrong(names[0], f"is no id: it must be printable and no longer than {LONGEST_ID} characters")
        return value

    def optional_id(self, *names: str) -> str:
        """Gives an id, or nothing."""
        return self.id(*names) if self.words(*names) else ""

    def link(self, name: str) -> str:
        """Gives an address of the web that people may follow; empty when it is none."""
        value = self.words(name)
        return value if value.startswith(("https://", "http://")) else ""

    def flag(self, name: str) -> bool:
        """Tells whether the value is true."""
        return self.get(name) is True

    def optional_instant(self, *names: str, assume: tzinfo = UTC) -> int | None:
        """Reads a time: seconds or milliseconds since 1970, or ISO 8601 (`assume` is the zone of a naive one)."""
        value = self.get(*names)
        if value is None or value == "":
            return None
        try:
            at = _since_1970(value) if type(value) is int else times.parse(value, assume=assume)
        except (TypeError, ValueError, OverflowError, AttributeError) as error:
            raise self.wrong(names[0], "is no time") from error
        if not 0 <= at < END_OF_TIME:
            raise self.wrong(names[0], "is no time that can be: before 1970 or after 9999")
        return at

    def instant(self, *names: str, assume: tzinfo = UTC) -> int:
        """Reads a time as `optional_instant` does. Raises Untranslatable when there is none."""
        at = self.optional_instant(*names, assume=assume)
        if at is None:
            raise self.wrong(names[0], "is missing")
        return at

    def currency(self, name: str = "currency") -> str:
        """Gives the ISO 4217 currency; rupiah when the sender does not say."""
        code = self.words(name).upper() or "IDR"
        if len(code) != len("IDR") or not (code.isascii() and code.isalpha()):
            raise self.wrong(name, "is no currency")
        return code

    def money(self, *names: str, currency: str) -> int:
        """Reads an amount (`"154600.00"`, `50000`) into minor units. Raises Untranslatable when it is none."""
        value = self.words(*names)
        if not _AMOUNT.fullmatch(value):
            raise self.wrong(names[0], "is no amount of money" if value else "is missing")
        return minor_units(value, currency)

    def inside(self, *names: str) -> "Reading":
        """Gives the object that lies in this one; an empty one when there is none."""
        value = self.get(*names)
        return Reading(value if isinstance(value, dict) else {}, f"{self._path}{names[0]}.")

    def each(self, *names: str) -> "Iterator[Reading]":
        """Gives the objects of a list; none where there is no list. Raises Untranslatable when it is another thing."""
        values = self.get(*names)
        if not isinstance(values, list | None):
            raise self.wrong(names[0], "is no list")
        for place, value in enumerate(values or ()):
            if not isinstance(value, dict):
                raise self.wrong(f"{names[0]}[{place}]", "is no object")
            yield Reading(value, f"{self._path}{names[0]}[{place}].")

    def snake_case(self) -> "Reading":
        """Gives the same object with `camelCase` names written `snake_case`."""
        return Reading({_CAMEL.sub("_", name).lower(): value for name, value in self.value.items()}, self._path)


def _since_1970(value: int) -> int:
    """Tells seconds from milliseconds: what would be after the year 5138 in seconds is milliseconds."""
    return value if value >= 100_000_000_000 else value * times.SECOND  # noqa: PLR2004  # see above
