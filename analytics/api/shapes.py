"""Words that several doors share: money, times, and how a time or a day is asked for."""

import re
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from schemas.times import WIB, from_datetime, rfc3339

ZONE = WIB
"""The seller's time zone, until sellers can set their own."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_YEARS = range(1970, 2100)
_ASKED = {"type": "string", "examples": ["2026-11-24", "2026-11-24T10:05:00+07:00"]}

Time = Annotated[
    int,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-24T03:05:00.000Z"]}),
]
"""An instant; RFC 3339 in UTC outside."""

Text = Annotated[str | None, BeforeValidator(lambda value: value or None)]
"""A word that may be missing; null outside."""


def read_time(text: str, *, end: bool = False) -> int:
    """Reads an RFC 3339 time, or a day on the seller's calendar: its beginning, or its end.

    Raises ValueError with a sentence.
    """
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))  # a plus sign that nobody escaped
    except ValueError:
        raise ValueError("is no RFC 3339 time and no day like 2026-11-24") from None
    if moment.year not in _YEARS:
        raise ValueError(f"must be within {_YEARS[0]} and {_YEARS[-1]}")
    if end and _DAY.fullmatch(text):
        moment += timedelta(days=1)
    return from_datetime(moment, assume=ZONE)


def member(names: Collection[str]) -> Callable[[str], str]:
    """Makes the check that a parameter is one of these names."""

    def check(name: str) -> str:
        if name not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return name

    return check


def _start(value: Any) -> Any:  # noqa: ANN401  # pydantic hands over whatever was sent
    return read_time(value) if isinstance(value, str) else value


def _end(value: Any) -> Any:  # noqa: ANN401  # as above
    return read_time(value, end=True) if isinstance(value, str) else value


Since = Annotated[int, BeforeValidator(_start), WithJsonSchema(_ASKED)]
Until = Annotated[int, BeforeValidator(_end), WithJsonSchema(_ASKED)]


class Shape(BaseModel):
    """Something that a door answers with."""

    model_config = ConfigDict(from_attributes=True)


class Money(Shape):
    """An amount: minor units of an ISO 4217 currency. The rupiah has no decimals here."""

    minor: int = Field(examples=[154_600])
    currency: str = Field(examples=["IDR"])


class Counted(Shape):
    """An answer that says how much it knows."""

    watermark: Annotated[Time | None, Field(description="every webhook accepted before it is counted")] = None


def money(minor: int | None, currency: str | None) -> Money | None:
    """Gives an amount; None where there is none."""
    return None if minor is None else Money(minor=minor, currency=currency or "IDR")
