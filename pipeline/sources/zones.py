"""Zones: what a time means that names none, where the account may say so (`zone = "Asia/Makassar"`)."""

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.settings import Account
from schemas.times import WIB

TAKES = {"zone": "the zone of times that name none, such as Asia/Jakarta"}


def zone_of(account: Account, default: tzinfo = WIB) -> tzinfo:
    """Gives the account's zone, else the sender's."""
    return ZoneInfo(account.extra("zone")) if account.extra("zone") else default


def check_zone(account: Account) -> None:
    """Raises ValueError when the account's zone is none."""
    try:
        zone_of(account)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"zone {account.extra('zone')!r} is none, such as Asia/Jakarta is") from error
