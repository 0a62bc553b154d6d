"""POLICIES: how long each promise may take, by market and date: the rows of `policies.csv`, each with its source.

Sellers may set stricter times of their own beside them: by those they are told, by these rows the shop is judged.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, cast

from msgspec import Struct

from schemas.times import HOUR, parse

Unit = Literal["hours", "business_days"]

FILE = Path(__file__).with_name("policies.csv")

MARKETS = ("ID", "MY", "PH", "SG", "TH", "VN")
"""The markets whose calendar is known, by ISO 3166 country."""

EVERYWHERE = "*"


class Policy(Struct, frozen=True, gc=False):
    """How long a promise of a market may take, since when. `source` says who set it."""

    promise: str
    market: str
    valid_from: int
    amount: int
    unit: Unit
    source: str


def _read() -> tuple[Policy, ...]:
    with FILE.open(encoding="utf-8", newline="") as rows:
        return tuple(_policy(row) for row in csv.DictReader(rows))


def _policy(row: dict[str, str]) -> Policy:
    valid_from = parse(row["valid_from"])
    return Policy(
        row["promise"], row["market"], valid_from, int(row["amount"]), cast("Unit", row["unit"]), row["source"]
    )


POLICIES = _read()
"""Of the rows of one promise and market the last one that is valid counts, so March is judged by March's rule.

Market `*` is every one whose calendar is known and that has no valid row of its own: another market has no clock.
"""


def by_promise(policies: Iterable[Policy]) -> dict[tuple[str, str], list[Policy]]:
    """Gives the policies of each promise and market, the newest first, those of every market behind its own."""
    rows: dict[tuple[str, str], list[Policy]] = {}
    for policy in sorted(policies, key=lambda row: (row.market == EVERYWHERE, -row.valid_from)):
        for market in MARKETS if policy.market == EVERYWHERE else (policy.market,):
            rows.setdefault((policy.promise, market), []).append(policy)
    return rows


ROWS = by_promise(POLICIES)


def policy_of(promise: str, market: str, since: int) -> Policy | None:
    """Gives the policy of a promise that began at an instant; None where no policy says how long it may take."""
    for policy in ROWS.get((promise, market), ()):  # asked three times an event: a generator costs as much again
        if policy.valid_from <= since:
            return policy
    return None


class Own(NamedTuple):
    """A seller's own time for a promise, since when: so many hours from where it begins."""

    seller_id: str
    promise: str
    valid_from: int
    hours: float


Owned = Mapping[tuple[str, str], Sequence[Own]]
"""Seller and promise → the seller's own times, the newest first."""


def by_seller(rows: Iterable[Own]) -> Owned:
    """Gives the own times of each seller and promise."""
    owned: dict[tuple[str, str], list[Own]] = {}
    for row in sorted(rows, key=lambda row: -row.valid_from):
        owned.setdefault((row.seller_id, row.promise), []).append(row)
    return owned


def own_of(owned: Owned, seller_id: str, promise: str, since: int, due: int) -> Own | None:
    """Gives the seller's own time of a promise that began at an instant, where it is stricter than what is due."""
    rows = owned.get((seller_id, promise), ())
    own = next((row for row in rows if row.valid_from <= since), None)
    return own if own and due_by(own, since) < due else None


def due_by(own: Own, since: int) -> int:
    """Gives the instant by which a promise must be kept by its seller's own time."""
    return since + round(own.hours * HOUR)
