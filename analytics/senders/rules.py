"""What is normal for a sender's account, and what of it needs a hand: pure rules, the clock passed in."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from analytics.gateways import ACCEPTED, HARMLESS, Gateway, Trouble
from schemas.times import DAY, HOUR, MINUTE

Concern = Literal["refused", "silent", "unmapped", "two_secrets", "old_secret", "unheard", "parked"]

CONCERNS: tuple[Concern, ...] = ("refused", "silent", "unmapped", "two_secrets", "old_secret", "unheard", "parked")
"""What may be said of an account, the worst first."""

SHORTEST = 15 * MINUTE
"""A shorter silence is never told of."""

KNOWN_DAYS = 3
"""Fewer days with a pause tell nothing of what is normal."""

LATELY = HOUR
"""So long after a request was refused it is still told of."""

CHANGING = 14 * DAY
"""So long an old secret may live beside a new one."""

OLD = 365 * DAY
"""A secret that is used for longer should be changed."""


class Refusals(NamedTuple):
    """What gateways refused of one account: counts by reason since they started, and the last one they saw."""

    counts: Mapping[str, int] = {}
    last_reason: str = ""
    last_at: int | None = None
    """As seen from here; None when none since we look."""


class Secrets(NamedTuple):
    """How many secrets of an account are live, and since when each is used, newest first, as far as it says."""

    live: int = 0
    since: tuple[int, ...] = ()


class Sender(NamedTuple):
    """One account: counts of the last day, then what is normal for it. None where it is not known."""

    source: str
    account: str
    is_set_up: bool = True
    """Whether the settings name it; others were named once, or are files that sellers hand in."""
    accepted: int = 0
    duplicates: int = 0
    unmapped: int = 0
    parked: int = 0
    refusals: Refusals = Refusals()
    last_at: int | None = None
    """When it last sent a webhook, within two weeks."""
    norm_ms: int | None = None
    p50_ms: int | None = None
    p95_ms: int | None = None
    secrets: Secrets = Secrets()


def norm(pauses: Iterable[int]) -> int | None:
    """Tells how long an account may be silent: as long as on two of the last fourteen days, and half as long again.

    `pauses` are the longest of each day. A shop's night comes every day and its Sunday twice in that time, so both are
    normal; the one day on which it was broken is not, however long that was. It is never less than SHORTEST, and None
    of an account that has been seen for fewer than KNOWN_DAYS: of it nobody can say yet what is normal.
    """
    longest = sorted(pauses, reverse=True)
    return None if len(longest) < KNOWN_DAYS else max(longest[1] * 3 // 2, SHORTEST)


def refusals(gateways: Iterable[Gateway]) -> dict[tuple[str, str], Refusals]:
    """Sums up what all gateways refused of each account; what asks nothing of an operator is left out."""
    told: dict[tuple[str, str], Refusals] = {}
    for gateway in gateways:
        for (source, account, reason), count in gateway.totals.items():
            if not count or not source or reason == ACCEPTED or reason in HARMLESS:
                continue
            before, at = told.get((source, account), Refusals()), gateway.last_at.get((source, account, reason))
            counts = {**before.counts, reason: before.counts.get(reason, 0) + count}
            newer = at is not None and (before.last_at is None or at > before.last_at)
            last = (reason, at) if newer else before[1:]
            told[source, account] = Refusals(counts, *last)
    return told


def concerns(sender: Sender, now: int) -> tuple[Concern, ...]:
    """Tells what of an account needs a look, the worst first; nothing where all is well."""
    found = set(_concerns(sender, now))
    return tuple(concern for concern in CONCERNS if concern in found)


def _concerns(sender: Sender, now: int) -> Iterator[Concern]:
    last_refused, since = sender.refusals.last_at, sender.secrets.since
    if last_refused is not None and now - last_refused < LATELY:
        yield "refused"
    if sender.is_set_up and sender.last_at is None and not sender.refusals.counts:
        yield "unheard"
    if sender.is_set_up and sender.last_at and sender.norm_ms and now - sender.last_at > sender.norm_ms:
        yield "silent"
    if sender.unmapped:
        yield "unmapped"
    if sender.parked:
        yield "parked"
    if sender.secrets.live > 1 and since and now - since[0] > CHANGING:
        yield "two_secrets"
    if since and now - since[0] > OLD:
        yield "old_secret"


def quiet(senders: Iterable[Sender], now: int) -> list[Trouble]:
    """Gives those who are silent for longer than is normal for them as something to do, the longest first."""
    found = [sender for sender in senders if "silent" in concerns(sender, now)]
    return [
        Trouble("quiet", since=sender.last_at, source=sender.source, account=sender.account)
        for sender in sorted(found, key=lambda sender: sender.last_at or 0)
    ]


def by_need(senders: Iterable[Sender], now: int) -> list[Sender]:
    """Gives the accounts, those that need a hand most first, then those that send most."""

    def rank(sender: Sender) -> tuple[int, int, str, str]:
        found = concerns(sender, now)
        return CONCERNS.index(found[0]) if found else len(CONCERNS), -sender.accepted, sender.source, sender.account

    return sorted(senders, key=rank)
