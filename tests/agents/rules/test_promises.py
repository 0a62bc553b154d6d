"""Promises: by when they are due, in the market's business days."""

from datetime import datetime, timedelta, timezone

import pytest

from agents.rules.promises import KEEPS, STARTS
from agents.rules.promises.calendar import MARKETS, end_of_business_day
from schemas import policies
from schemas.policies import POLICIES, Policy
from schemas.promises import PROMISES
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


@pytest.mark.parametrize(
    ("market", "at", "due"),
    [
        ("MY", "2026-11-27 10:00", "2026-11-30"),  # a Saturday and a Sunday between
        ("VN", "2026-11-27 10:00", "2026-11-28"),  # where Saturday is a working day
        ("TH", "2026-11-28 10:00", "2026-11-30"),
        ("SG", "2026-08-07 10:00", "2026-08-11"),  # National Day on a Sunday, the Monday after it is free too
        ("PH", "2026-06-11 10:00", "2026-06-15"),  # over Independence Day, a Friday
    ],
)
def test_every_market_has_its_own_days(market: str, at: str, due: str):
    """Each has its weekend, its holidays and its time."""
    zone = timezone(timedelta(milliseconds=MARKETS[market].offset))
    found = end_of_business_day(from_datetime(datetime.fromisoformat(at), assume=zone), 1, market)
    assert to_datetime(found, zone).strftime("%Y-%m-%d %H:%M") == f"{due} 23:59"


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
    assert order_of(tell("order_placed", cod=True)).due.keys() == {"confirm", "dispatch", "deliver"}


def test_clocks_start_although_new_was_passed_over():
    """Paid, confirmed and packed within one second."""
    events = [tell(kind) for kind in ("order_placed", "payment_paid", "order_confirmed", "shipping_arranged")]
    assert order_of(*events).due.keys() == {"confirm", "dispatch", "deliver"}


def test_a_hold_starts_no_clock():
    """A held order cannot be sent; its clocks start when it is released."""
    held = (tell("order_placed"), tell("order_held"), tell("payment_paid", 1))
    assert order_of(*held).due == {}
    released = order_of(*held, tell("order_released", 24 * 4))
    assert to_datetime(released.due["dispatch"], WIB).date().isoformat() == "2026-03-26"


def test_a_market_without_a_calendar_promises_nothing():
    """Rather no clock than another country's."""
    assert order_of(tell("order_placed", market="US"), tell("payment_paid", 1)).due == {}


def test_a_markets_own_rule_comes_before_everybodys():
    """Shopee in Malaysia: one day to ship; nothing is known of its time to pay, so that is as elsewhere."""
    due = order_of(tell("order_placed", market="MY"), tell("payment_paid", 1)).due
    assert due["pay"] == START + 24 * HOUR
    assert to_datetime(due["dispatch"], timezone(timedelta(hours=8))).date().isoformat() == "2026-03-24"


def test_march_is_judged_by_marchs_rule(monkeypatch: pytest.MonkeyPatch):
    """A policy counts for what starts after it, and the one before it for the rest."""
    later = Policy("pay", "ID", START + DAY, 12, "hours", "a newer rule")
    monkeypatch.setattr(policies, "ROWS", policies.by_promise((*POLICIES, later)))
    assert order_of(tell("order_placed")).due == {"pay": START + 24 * HOUR}
    assert order_of(tell("order_placed", 24)).due == {"pay": START + DAY + 12 * HOUR}


def test_every_promise_has_a_policy_in_every_market():
    """And every policy a source and a promise."""
    assert {row.promise for row in POLICIES} == PROMISES.keys()
    assert set(policies.MARKETS) == MARKETS.keys()
    assert all((promise, market) in policies.ROWS for promise in PROMISES for market in MARKETS)
    assert all(row.source and row.amount > 0 and row.unit in ("hours", "business_days") for row in POLICIES)


def test_clocks_start_and_end_with_statuses():
    """STARTS and KEEPS name real statuses, but for the two milestones that mean a payment."""
    assert STARTS.keys() <= BY_NAME.keys()
    assert KEEPS.keys() - {"paid", "cod"} <= BY_NAME.keys()
