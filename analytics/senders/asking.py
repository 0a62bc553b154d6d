"""Asking how senders' accounts do: settings, gateways' counters and reports, put together."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from analytics.gateways import Gateway
from analytics.kept import Kept
from analytics.senders.rules import Refusals, Secrets, Sender, by_need, norm, refusals
from pipeline.settings import Account
from schemas.times import MINUTE

Row = Mapping[str, Any]
Whose = tuple[str, str]
Ask = Callable[..., Sequence[Row]]
"""Asks for a report by its name, as an operator."""

EVERY, RARELY = MINUTE, 15 * MINUTE
"""How long delays and what waits are good for, and what two weeks tell, which takes the longest to read."""

NOTHING: Row = {"accepted": 0, "duplicates": 0, "unmapped": 0, "last_at": None}
UNKNOWN: Row = {"p50_ms": None, "p95_ms": None}


class Habits(NamedTuple):
    """What two weeks tell of each account: its last webhook, and how long a silence is normal."""

    last_at: Mapping[Whose, int]
    norms: Mapping[Whose, int | None]


class Senders:
    """Puts together how each account does."""

    def __init__(self, accounts: Sequence[Account], gateways: Callable[[], Iterable[Gateway]], ask: Ask) -> None:
        self._accounts, self._gateways, self._ask = accounts, gateways, ask
        self._habits, self._delays, self._parked = Kept(_habits, RARELY), Kept(_delays, EVERY), Kept(_parked, EVERY)

    def look(self, now: int) -> list[Sender]:
        """Gives each account that is set up or sent something, those that need a hand first. Call it in a thread."""
        counts = {_whose(row): row for row in self._ask("intake", now=now)}
        habits = self._habits.at(now, self._ask)
        delays, parked = self._delays.at(now, self._ask), self._parked.at(now, self._ask)
        refused = refusals(self._gateways())
        set_up = {(account.source, account.name): account for account in self._accounts}
        everybody = [*set_up, *(whose for whose in {**counts, **habits.last_at} if whose not in set_up)]
        found = []
        for whose in everybody:
            told, late = counts.get(whose, NOTHING), delays.get(whose, UNKNOWN)
            sender = Sender(
                *whose,
                is_set_up=whose in set_up,
                accepted=told["accepted"],
                duplicates=told["duplicates"],
                unmapped=told["unmapped"],
                parked=parked.get(whose, 0),
                refusals=refused.get(whose, Refusals()),
                last_at=_later(told["last_at"], habits.last_at.get(whose)),
                norm_ms=habits.norms.get(whose),
                p50_ms=late["p50_ms"],
                p95_ms=late["p95_ms"],
                secrets=_secrets(set_up.get(whose)),
            )
            found.append(sender)
        return by_need(found, now)


def _habits(ask: Ask, now: int) -> Habits:
    pauses, last_at = defaultdict[Whose, list[int]](list), dict[Whose, int]()
    for row in ask("pauses", now=now):
        last_at[_whose(row)] = row["last_at"]
        if row["longest_ms"] is not None:
            pauses[_whose(row)].append(row["longest_ms"])
    return Habits(last_at, {whose: norm(longest) for whose, longest in pauses.items()})


def _delays(ask: Ask, now: int) -> dict[Whose, Row]:
    return {_whose(row): row for row in ask("delays", now=now)}


def _parked(ask: Ask, now: int) -> dict[Whose, int]:
    del now
    return {_whose(row): row["parked"] for row in ask("waiting_numbers")}


def _later(*instants: int | None) -> int | None:
    return max((at for at in instants if at is not None), default=None)


def _secrets(account: Account | None) -> Secrets:
    return Secrets(len(account.secrets), account.since()) if account else Secrets()


def _whose(row: Row) -> Whose:
    return row["source"], row["account"]
