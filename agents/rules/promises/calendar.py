"""Business days: by the weekend and the public holidays of a market, as package `holidays` knows them."""

from bisect import bisect_right
from datetime import date, timedelta
from functools import cache

import holidays
from msgspec import Struct

from schemas.times import DAY, HOUR

SATURDAY, SUNDAY = 5, 6


class Market(Struct, frozen=True, gc=False):
    """A market as the calendar needs it: the time of its marketplaces, never put forward or back, and its weekend."""

    offset: int
    weekend: frozenset[int] = frozenset((SATURDAY, SUNDAY))


MARKETS = {
    "ID": Market(7 * HOUR),
    "MY": Market(8 * HOUR),
    "PH": Market(8 * HOUR),
    "SG": Market(8 * HOUR),
    "TH": Market(7 * HOUR, frozenset((SUNDAY,))),
    "VN": Market(7 * HOUR, frozenset((SUNDAY,))),
}
"""By ISO 3166 country. Indonesia's marketplaces count in Jakarta's time. In Thailand and Vietnam Saturday is a working
day: TikTok Shop's academy, articles 4708356737861393 (TH) and 6024728339744528 (VN)."""

EPOCH = date(1970, 1, 1)
LAST = (date(2100, 1, 1) - EPOCH).days
"""From here on nobody knows the holidays, and a sender's clock is wrong: every day counts."""


def end_of_business_day(at: int, days: int, market: str) -> int:
    """Gives the last millisecond of the n-th business day after the day of an instant."""
    offset = MARKETS[market].offset
    return _end_of_day((at + offset) // DAY, days, market) - offset


@cache
def _end_of_day(today: int, days: int, market: str) -> int:
    """Gives the end of the n-th business day after a day; days are counted from EPOCH, in the market's time."""
    if today > LAST:
        return (today + days + 1) * DAY - 1
    year = (EPOCH + timedelta(days=today)).year
    ahead = _business_days(year, market) + _business_days(year + 1, market)
    return (ahead[bisect_right(ahead, today) + days - 1] + 1) * DAY - 1


@cache
def _business_days(year: int, market: str) -> tuple[int, ...]:
    """Gives the business days of a year."""
    free = holidays.country_holidays(market, years=year)
    free.weekend = set(MARKETS[market].weekend)
    first, next_first = (date(year, 1, 1) - EPOCH).days, (date(year + 1, 1, 1) - EPOCH).days
    return tuple(day for day in range(first, next_first) if free.is_working_day(EPOCH + timedelta(days=day)))
