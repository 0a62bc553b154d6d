"""How far behind each partition is, and what that means: pure rules over what was sighted in the last minute."""

from collections import deque
from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

from schemas.times import SECOND

Verdict = Literal["ok", "catching_up", "falling_behind", "stalled"]

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""From good to bad."""

KEPT = 60
"""Sightings kept of each partition, one a second."""

LATE = 5 * SECOND
"""Behind by less is OK: people see everything within that."""

STILL = 10 * SECOND
"""A partition with work that has not moved for so long is stalled; a rebalance takes less."""

HELD = 60 * SECOND
"""A transaction that is open for so long hangs: ours end, or are ended by Kafka, within half a minute."""

_RECENT = 10 * SECOND  # rates are told over so much time


class Sighting(NamedTuple):
    """Where one partition of one group stood at an instant; `oldest_at` is the time of the first record not yet done.

    `behind` is 0 when nothing waits, even where the end counts Kafka's own markers. `hidden` records lie behind the
    end: a transaction is open before them.
    """

    at: int
    committed: int
    end: int
    behind: int
    oldest_at: int | None
    hidden: int = 0


class Track:
    """One partition of one group as it was sighted, newest last."""

    def __init__(self) -> None:
        self.sightings: deque[Sighting] = deque(maxlen=KEPT)
        self._still_since: int | None = None
        self._held_since: int | None = None

    def see(self, sighting: Sighting) -> None:
        """Adds what was sighted now."""
        before = self.sightings[-1] if self.sightings else None
        moved = before is None or sighting.committed != before.committed
        if not sighting.behind:
            self._still_since = None
        elif moved or self._still_since is None:
            self._still_since = sighting.at
        if not sighting.hidden:
            self._held_since = None
        elif self._held_since is None or before is None or sighting.end != before.end:
            self._held_since = sighting.at
        self.sightings.append(sighting)

    @property
    def last(self) -> Sighting:
        """The newest sighting."""
        return self.sightings[-1]

    def still_ms(self) -> int:
        """Tells how long the partition has had work and not moved."""
        return 0 if self._still_since is None else self.last.at - self._still_since

    def held_ms(self) -> int:
        """Tells for how long one transaction has hidden what lies behind it, once that is too long."""
        held = 0 if self._held_since is None else self.last.at - self._held_since
        return held if held >= HELD else 0

    def behind_ms(self) -> int:
        """Tells how long the oldest waiting record has waited: never less than the partition has stood still."""
        if not self.last.behind:
            return self.held_ms()
        waited = 0 if self.last.oldest_at is None else self.last.at - self.last.oldest_at
        return max(waited, self.still_ms(), self.held_ms())

    def rate_in(self) -> float:
        """Tells how many records a second came in lately."""
        return _slope((s.at, s.end) for s in self._recent())

    def rate_out(self) -> float:
        """Tells how many records a second were done lately."""
        return _slope((s.at, s.committed) for s in self._recent())

    def verdict(self) -> Verdict:
        """Says in one word how the partition does."""
        if self.still_ms() >= STILL or self.held_ms():
            return "stalled"
        if self.behind_ms() <= LATE:
            return "ok"
        return "catching_up" if self.rate_out() > self.rate_in() else "falling_behind"

    def eta_ms(self) -> int | None:
        """Tells when a partition that catches up will have done so, at its present pace."""
        if self.verdict() != "catching_up":
            return None
        return round(self.last.behind / (self.rate_out() - self.rate_in()) * SECOND)

    def _recent(self) -> list[Sighting]:
        return [s for s in self.sightings if s.at > self.last.at - _RECENT]


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Gives the worst of several verdicts; of none, ok."""
    return max(verdicts, key=VERDICTS.index, default="ok")


def _slope(points: Iterable[tuple[int, int]]) -> float:
    """Tells the rise a second from the first point to the last; never less than nothing."""
    first, *_, last = [*points] * 2
    elapsed = last[0] - first[0]
    return max(0.0, (last[1] - first[1]) * SECOND / elapsed) if elapsed else 0.0
