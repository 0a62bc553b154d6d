"""Time inside the stream is one integer: milliseconds since 1970 UTC. Words and zones belong to the edges."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Annotated

from pydantic import Field

Instant = Annotated[int, Field(ge=0, description="milliseconds since 1970-01-01T00:00:00Z")]

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000

LAST = 253_402_128_000_000
"""1.5 days before the year 10000, so that it is none in any zone: some senders mean "never" by its last second."""

WIB = timezone(timedelta(hours=7), "WIB")
"""Western Indonesian time: what Indonesian senders mean when they name no zone."""


def from_datetime(moment: datetime, *, assume: tzinfo = UTC) -> int:
    """Gives the instant of a datetime; `assume` is the zone of a naive one."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=assume)
    return round(aware.timestamp() * 1_000)


def parse(text: str, *, assume: tzinfo = UTC) -> int:
    """Reads an ISO 8601 time in the forms senders use (`Z`, `+0800`, a blank for `T`, no zone).

    Raises ValueError when the text is no time.
    """
    return from_datetime(datetime.fromisoformat(text.strip()), assume=assume)


def to_datetime(at: int, zone: tzinfo = UTC) -> datetime:
    """Gives the aware datetime of an instant in a zone, of one that no calendar has the last that all have."""
    return datetime.fromtimestamp(min(at, LAST) / 1_000, tz=zone)


def rfc3339(at: int) -> str:
    """Writes an instant as RFC 3339 in UTC with milliseconds: `2026-11-24T03:05:00.000Z`."""
    return to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1_000:03d}Z"
