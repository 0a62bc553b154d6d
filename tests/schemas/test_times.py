"""Times: one integer inside, words only at the edges."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import times


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2024-11-21T11:45:40+0800", "2024-11-21T03:45:40.000Z"),
        ("2022-08-12T13:30:40.9209Z", "2022-08-12T13:30:40.921Z"),
        ("2024-11-21T03:45:40+00:00", "2024-11-21T03:45:40.000Z"),
    ],
)
def test_reads_the_forms_that_senders_use(text, meant):
    """An offset without a colon, fractions of any length and Z are all read."""
    assert times.rfc3339(times.parse(text)) == meant


def test_a_time_without_a_zone_is_read_in_the_zone_that_is_assumed():
    """Midtrans writes Jakarta's time and does not say so."""
    assert times.rfc3339(times.parse("2020-01-09 18:27:19", assume=times.WIB)) == "2020-01-09T11:27:19.000Z"


def test_what_is_no_time_is_an_error():
    """A wrong time is never guessed."""
    with pytest.raises(ValueError, match="Invalid isoformat"):
        times.parse("yesterday")


@given(st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # hypothesis wants naive bounds
def test_writing_and_reading_gives_the_same_instant(moment):
    """RFC 3339 with milliseconds loses nothing that the stream keeps."""
    at = times.from_datetime(moment)
    assert times.parse(times.rfc3339(at)) == at


@pytest.mark.parametrize("days", [0, 1, 400_000])
def test_a_time_behind_the_calendars_end_can_be_shown(days):
    """Some senders mean "never" by the last second of the year 9999; a promise made then ends later still."""
    at = times.parse("9999-12-31T23:59:59Z") + days * times.DAY
    assert times.rfc3339(at).startswith("9999-12-30T")
    assert times.to_datetime(at, times.WIB).year == 9999
