"""Asking how senders' accounts do: settings, gateways' counters and reports, put together."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from analytics.gateways import Gateway
from analytics.senders.rules import Refusals, Secrets, Sender, by_need, norm, refusals
from pipeline.settings import Account
from schemas.times import MINUTE

Row = Mapping[str, Any]
Whose = tuple[str, str]
Ask = Callable[..., Sequence[Row]]
"""Asks for a report by its name, as an operator."""

EVERY = MINUTE
"""How long what reads much and changes little is good for: what is normal, delays, what waits."""


class Learnt(NamedTuple):
    """What two weeks and the last day tell of each account."""

    last_at: Mapping[Whose, int]
    norms: Mapping[Whose, int | None]
    delays: Mapping[Whose, Row]
    parked: Mapping[Whose, int]


class Senders:
    """Puts together how each account does. What was learnt is kept for a minute, however many people look."""

    def __init__(self, accounts: Sequence[Account], gateways: Callable[[], Iterable[Gateway]], ask: Ask) -> None:
        self._accounts, self._gateways, self._ask = accounts, gateways, ask
        self._learnt: Learnt | None = None
        self._learnt_at = 0
        self._lock = threading.Lock()

    def look(self, now: int) -> list[Sender]:
        """Gives each account that is set up or sent something, those that need a hand first. Call it in a thread."""
        counts = {_whose(row): row for row in self._ask("intake", now=now)}
        learnt, refused = self._learn(now), refusals(self._gateways())
        set_up = {(account.source, account.name): account for account in self._accounts}
        everybody = [*set_up, *(whose for whose in {**counts, **learnt.last_at} if whose not in set_up)]
        return by_need((_sender(one, set_up.get(one), counts.get(one), learnt, refused) for one in everybody), now)

    def _learn(self, now: int) -> Learnt:
        with self._lock:
            if self._learnt is None or not 0 <= now - self._learnt_at < EVERY:
                self._learnt, self._learnt_at = _learn(self._ask, now), now
            return self._learnt


def _learn(ask: Ask, now: int) -> Learnt:
    pauses, last_at = defaultdict[Whose, list[int]](list), dict[Whose, int]()
    for row in ask("pauses", now=now):
        last_at[_whose(row)] = row["last_at"]
        if row["longest_ms"] is not None:
            pauses[_whose(row)].append(row["longest_ms"])
    return Learnt(
        last_at,
        {whose: norm(longest) for whose, longest in pauses.items()},
        {_whose(row): row for row in ask("delays", now=now)},
        {_whose(row): row["parked"] for row in ask("waiting_numbers")},
    )


def _whose(row: Row) -> Whose:
    return row["source"], row["account"]


def _sender(
    whose: Whose, account: Account | None, counts: Row | None, learnt: Learnt, refused: Mapping[Whose, Refusals]
) -> Sender:
    delays, newest = learnt.delays.get(whose, {}), counts["last_at"] if counts else None
    seen = [at for at in (learnt.last_at.get(whose), newest) if at is not None]
    return Sender(
        *whose,
        is_set_up=account is not None,
        accepted=counts["accepted"] if counts else 0,
        duplicates=counts["duplicates"] if counts else 0,
        unmapped=counts["unmapped"] if counts else 0,
        parked=learnt.parked.get(whose, 0),
        refusals=refused.get(whose, Refusals()),
        last_at=max(seen, default=None),
        norm_ms=learnt.norms.get(whose),
        p50_ms=delays.get("p50_ms"),
        p95_ms=delays.get("p95_ms"),
        secrets=Secrets(len(account.secrets), account.since()) if account else Secrets(),
    )
