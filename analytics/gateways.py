"""What gateways accepted and rejected, and what of it needs a hand: pure rules over their counters."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from schemas.times import MINUTE, SECOND

ACCEPTED = "accepted"

LATELY = MINUTE
"""What was rejected within so much time is said first."""

SILENT = 10 * SECOND
"""A gateway that has not answered for so long is told of; a restart takes less."""

STRAYS = {"404": "no_such_address", "405": "wrong_method"}
"""Status of a request that came to no account's address → the reason as we count it."""

HARMLESS = frozenset({"gone", *STRAYS.values()})
"""Reasons that ask nothing of an operator: senders hang up, and whoever is on the internet is knocked at."""

_COUNTERS = ("arus_webhooks_accepted_total", "arus_webhooks_refused_total", "arus_webhooks_errors_total")
_STRAYS = "arus_webhooks_strays_total"
_STARTED = "arus_webhooks_accepted_created"  # an account's counters are made when its gateway starts

Key = tuple[str, str, str]
"""Source and account, empty where nobody owns the address, and the outcome: ACCEPTED, or why it was rejected."""


class Counted(NamedTuple):
    """The counters of one gateway since it started."""

    started_at: int | None
    totals: Mapping[Key, int]


class Gateway(NamedTuple):
    """One gateway as it was last seen; while it does not answer its counts are the last known, with since when."""

    name: str
    at: int | None = None
    started_at: int | None = None
    totals: Mapping[Key, int] = {}
    lately: Mapping[Key, int] = {}
    last_at: Mapping[Key, int] = {}
    """When a count was last seen to rise."""
    silent_since: int | None = None
    reason: str = ""


class Account(NamedTuple):
    """What became of one account's webhooks at all gateways; the rejected ones by reason."""

    source: str
    account: str
    accepted: int
    rejected: Mapping[str, int]
    lately: Mapping[str, int]
    last_rejected_at: int | None


class Trouble(NamedTuple):
    """One thing to do: a gateway that is silent (reason `silent`), an account whose webhooks are rejected, or one that
    sends none for longer than is normal for it (`quiet`).
    """

    reason: str
    gateway: str = ""
    since: int | None = None
    source: str = ""
    account: str = ""
    webhooks: int = 0


def read(text: str) -> Counted:
    """Reads what a gateway's /metrics says of webhooks. Raises ValueError when it is something else."""
    lines = [line for line in text.splitlines() if "arus_webhooks_" in line]  # reading the rest would cost more
    if not lines:
        raise ValueError("there are no counters of webhooks")
    totals, started = Counter[Key](), list[float]()
    for family in text_string_to_metric_families("\n".join(lines) + "\n"):
        for name, labels, value, *_ in family.samples:
            if name in _COUNTERS:
                totals[labels["source"], labels["account"], labels.get("reason", ACCEPTED)] += int(value)
            elif name == _STRAYS:
                totals["", "", STRAYS.get(labels["status"], labels["status"])] += int(value)
            elif name == _STARTED:
                started.append(value)
    return Counted(round(min(started) * SECOND) if started else None, totals)


class History:
    """The counters of one gateway as they were seen, and how much they rose lately."""

    def __init__(self) -> None:
        self.last_at: dict[Key, int] = {}
        self._last: Counted | None = None
        self._risen: deque[tuple[int, Counter[Key]]] = deque()

    def see(self, at: int, counted: Counted) -> None:
        """Adds what was read now. What the first look finds may be of any age and has not risen."""
        if self._last:
            risen = _risen(self._last, counted)
            self._risen.append((at, risen))
            self.last_at = self.last_at | dict.fromkeys(risen, at)
        self._last = counted

    def lately(self, now: int) -> Mapping[Key, int]:
        """Tells how much each count rose within LATELY."""
        while self._risen and self._risen[0][0] <= now - LATELY:
            self._risen.popleft()
        return sum((risen for _, risen in self._risen), Counter[Key]())


def _risen(before: Counted, after: Counted) -> Counter[Key]:
    """Tells how much each count rose; a gateway that started anew counts from nothing."""
    anew = after.started_at != before.started_at or any(
        after.totals.get(key, 0) < total for key, total in before.totals.items()
    )
    return Counter(after.totals) - Counter({} if anew else before.totals)


def accounts(gateways: Iterable[Gateway]) -> list[Account]:
    """Sums up what became of each account's webhooks, and of requests to addresses that nobody owns.

    Those of whom something was rejected come first.
    """
    gateways = list(gateways)
    totals, lately = _by_account(g.totals for g in gateways), _by_account(g.lately for g in gateways)
    last: dict[tuple[str, str], int] = {}
    for gateway in gateways:
        for (source, account, outcome), at in gateway.last_at.items():
            if outcome != ACCEPTED:
                last[source, account] = max(at, last.get((source, account), at))
    made = [
        Account(*whose, counts[ACCEPTED], _rejected(counts), _rejected(lately.get(whose, Counter())), last.get(whose))
        for whose, counts in sorted(totals.items(), key=lambda item: item[0])
    ]
    return sorted(made, key=lambda one: (not one.rejected, not one.source))


def _by_account(counted: Iterable[Mapping[Key, int]]) -> dict[tuple[str, str], Counter[str]]:
    sums = defaultdict[tuple[str, str], Counter[str]](Counter)
    for counts in counted:
        for (source, account, outcome), count in counts.items():
            sums[source, account][outcome] += count
    return sums


def _rejected(counts: Counter[str]) -> dict[str, int]:
    """Gives the counts of reasons, the most frequent first."""
    rejected = [(reason, count) for reason, count in counts.items() if reason != ACCEPTED and count]
    return dict(sorted(rejected, key=lambda item: (-item[1], item[0])))


def troubles(gateways: Iterable[Gateway], now: int) -> list[Trouble]:
    """Tells what needs a hand: gateways that are silent, then what was rejected lately, the most often first."""
    gateways = list(gateways)
    silent = [
        Trouble("silent", gateway=gateway.name, since=gateway.silent_since)
        for gateway in gateways
        if gateway.silent_since is not None and now - gateway.silent_since >= SILENT
    ]
    return silent + sorted(_rejections(gateways), key=lambda trouble: -trouble.webhooks)


def _rejections(gateways: Iterable[Gateway]) -> Iterator[Trouble]:
    for one in accounts(gateways):
        for reason, count in one.lately.items():
            if reason not in HARMLESS:
                yield Trouble(reason, source=one.source, account=one.account, webhooks=count)
