"""When a sender is asked: not faster than it likes, and not while it is ill. Pure; the clock (ms) is passed in."""

from typing import Literal

from schemas.times import MINUTE, SECOND

FAILURES = 5
"""Failures in a row, each after its own retries, that open a breaker."""
FIRST_REST, LONGEST_REST = 30 * SECOND, 15 * MINUTE
"""How long an open breaker rests before it tries again; twice as long after each trial in vain."""

State = Literal["closed", "open", "half_open"]


class Breaker:
    """Lets questions through while they are answered; after too many failures one at a time, and seldom."""

    def __init__(self) -> None:
        self._failures, self._rest = 0, 0
        self._until, self._trying = 0, False
        self.why = ""
        """What opened it, in words; empty while it is closed."""

    def state(self, now: int) -> State:
        """Tells whether questions pass: all, none, or one on trial."""
        if not self._rest:
            return "closed"
        return "open" if now < self._until else "half_open"

    def wait(self, now: int) -> int:
        """Tells how many ms a question must wait until it may be put; 0 = now, and then it counts as put."""
        if not self._rest:
            return 0
        if now < self._until:
            return self._until - now
        if self._trying:
            return SECOND
        self._trying = True
        return 0

    def succeeded(self) -> None:
        """Closes it."""
        self._failures, self._rest, self._trying, self.why = 0, 0, False, ""

    def failed(self, why: str, now: int) -> None:
        """Counts a failure; enough of them in a row, or one on trial, open it."""
        self._failures += 1
        if self._failures >= FAILURES or self._rest:
            self.trip(why, now)

    def trip(self, why: str, now: int) -> None:
        """Opens it at once: what failed would fail again."""
        self._rest = min(2 * self._rest, LONGEST_REST) if self._rest else FIRST_REST
        self._until, self._trying, self.why = now + self._rest, False, why

    def released(self) -> None:
        """Takes back a question that was let through and could not be put."""
        self._trying = False


class Pace:
    """Spreads questions evenly, so many a second, and stops them all for as long as a sender asks for."""

    def __init__(self, per_second: float) -> None:
        self._gap = SECOND / per_second
        self._next = 0.0

    def wait(self, now: int) -> float:
        """Takes the next place in the line and tells how many ms it is away."""
        place = max(self._next, float(now))
        self._next = place + self._gap
        return place - now

    def hold(self, until: int) -> None:
        """Lets nobody pass before then."""
        self._next = max(self._next, float(until))
