"""Promises: by when they are due, in the market's business days."""

from datetime import datetime

import pytest

from agents.rules import promises
from agents.rules.calendar import end_of_business_day
from agents.rules.promises import POLICIES, STARTS, Policy
from schemas.statuses import BY_NAME
from schemas.times import DAY, HOUR, WIB, from_datetime, parse, to_datetime
from tests.agents.events import START, order_of, tell


def wib(text: str) -> int:
    """Reads a time of Jakarta."""
    return from_datetime(datetime.fromisoformat(text), assume=WIB)


@pytest.mark.parametrize(
    ("at", "days", "due"),
    [
        ("2026-11-24 10:00", 1, "2026-11-25"),  # Tuesday to Wednesday
        ("2026-11-24 00:00", 2, "2026-11-26"),
        ("2026-11-24 23:59", 2, "2026-11-26"),
        ("2026-11-27 10:00", 1, "2026-11-30"),  # over a weekend
        ("2026-11-28 10:00", 1, "2026-11-30"),  # from within a weekend
        ("2026-08-14 10:00", 1, "2026-08-18"),  # over Independence Day, a Monday
        ("2026-12-24 10:00", 2, "2026-12-29"),  # over Christmas and a weekend
        ("2026-12-31 10:00", 1, "2027-01-04"),  # over New Year and a weekend
        ("2026-12-30 10:00", 6, "2027-01-11"),  # over New Year, two weekends and another holiday
    ],
)
def test_business_days(at: str, days: int, due: str):
    """The day of the start does not count; weekends and public holidays do not either."""
    found = end_of_business_day(wib(at), days, "ID")
    assert to_datetime(found, WIB).strftime("%Y-%m-%d %H:%M:%S.%f") == f"{due} 23:59:59.999000"


def test_a_clock_that_is_centuries_off_still_has_days():
    """No sender's mistake stops the calendar."""
    for at in (parse("2150-01-01T00:00:00Z"), 1 << 52):
        assert 0 < end_of_business_day(at, 2, "ID") - at <= 3 * DAY


def test_an_unpaid_order_has_a_day_to_be_paid():
    """Nothing else is promised yet."""
    assert order_of(tell("order_placed")).due == {"pay": START + 24 * HOUR}


def test_the_clocks_of_a_new_order_start_when_it_is_paid():
    """Friday evening before two holidays and a weekend: business days begin on Monday."""
    due = order_of(tell("order_placed"), tell("payment_paid", 1)).due
    assert to_datetime(due["dispatch"], WIB).date().isoformat() == "2026-03-24"
    assert to_datetime(due["deliver"], WIB).date().isoformat() == "2026-03-30"


def test_an_order_paid_at_the_door_is_not_to_be_paid_before():
    """Its other clocks start when it is placed."""
    assert order_of(tell("order_placed", cod=True)).due.keys() == {"dispatch", "deliver"}


def test_clocks_start_although_new_was_passed_over():
    """Paid, confirmed and packed within one second."""
    events = [tell(kind) for kind in ("order_placed", "payment_paid", "order_confirmed", "shipping_arranged")]
    assert order_of(*events).due.keys() == {"dispatch", "deliver"}


def test_a_hold_starts_no_clock():
    """A held order cannot be sent; its clocks start when it is released."""
    held = (tell("order_placed"), tell("order_held"), tell("payment_paid", 1))
    assert order_of(*held).due == {}
    released = order_of(*held, tell("order_released", 24 * 4))
    assert to_datetime(released.due["dispatch"], WIB).date().isoformat() == "2026-03-26"


def test_a_market_without_a_policy_promises_nothing():
    """Rather no clock than another country's."""
    assert order_of(tell("order_placed", market="MY"), tell("payment_paid", 1)).due == {}


def test_march_is_judged_by_marchs_rule(monkeypatch: pytest.MonkeyPatch):
    """A policy counts for what starts after it, and the one before it for the rest."""
    later = Policy("pay", "ID", START + DAY, 12, "hours", "a newer rule")
    rows = promises.by_promise((*POLICIES, later))
    monkeypatch.setattr(promises, "ROWS", rows)
    assert order_of(tell("order_placed")).due == {"pay": START + 24 * HOUR}
    assert order_of(tell("order_placed", 24)).due == {"pay": START + DAY + 12 * HOUR}


def test_clocks_start_with_statuses_and_have_policies():
    """STARTS names real statuses, and every promise has a policy with a source."""
    assert STARTS.keys() <= BY_NAME.keys()
    started = {promise for each in STARTS.values() for promise in each}
    assert started == {row.promise for row in POLICIES}
    assert all(row.source for row in POLICIES)
