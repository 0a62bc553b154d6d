"""Where each partition stands, as pure rules: a position moves only along an unbroken chain of finished runs.

A run is what one fetch gave of one partition: the records [start, end). It is fetched, then claimed by the agent that
works on it, then finished. Whatever was dropped, failed or overtaken by a rebalance on the way breaks the chain, and
the partition is read again from the last finished run. Nothing is ever skipped.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import WeakSet

AHEAD = 2
"""Runs of one partition in hand: one is worked on, one waits."""

FEW = 1_000
"""Offsets of one partition in hand that are not too many yet, in however many runs they came: where little comes at a
time, two runs are less than what comes while one transaction is under way."""


class Partition(NamedTuple):
    """One partition of a topic; equal to Faust's and aiokafka's own tuples."""

    topic: str
    partition: int


@dataclass(slots=True, eq=False)
class Cursor:
    """How far one partition is, since the last seek: done <= claimed <= fetched."""

    done: int
    claimed: int
    fetched: int
    live: "WeakSet[Run]" = field(default_factory=WeakSet)
    """Runs that somebody still holds and has not finished. What Faust drops from a queue leaves by itself."""

    def is_full(self) -> bool:
        """Whether so much is in hand that no more need be fetched now."""
        return len(self.live) >= AHEAD and self.fetched - self.done >= FEW


@dataclass(slots=True, eq=False, weakref_slot=True)
class Run:
    """The records [start, end) of one partition, fetched while `cursor` was the partition's."""

    tp: Partition
    cursor: Cursor
    start: int
    end: int


class Chains:
    """The cursors of all partitions that a worker reads."""

    def __init__(self) -> None:
        self.cursors: dict[Partition, Cursor] = {}
        self._broken: set[Partition] = set()
        self.gaps = 0

    def open(self, tp: Partition, offset: int) -> None:
        """Starts a new chain at an offset, as after a seek. Runs of the old chain are stale from now on."""
        self.cursors[Partition(*tp)] = Cursor(offset, offset, offset)
        self._broken.discard(tp)

    def close(self) -> None:
        """Ends all chains, as when the partitions are revoked: every run under way is stale."""
        self.cursors.clear()
        self._broken.clear()

    def fetched(self, tp: Partition, cursor: Cursor, start: int, end: int) -> Run | None:
        """Adds what a fetch for this cursor gave; None if the partition was sought, revoked or skipped meanwhile."""
        if self.cursors.get(tp) is not cursor:
            return None
        if start != cursor.fetched:
            self._break(tp)
            return None
        cursor.fetched = end
        run = Run(Partition(*tp), cursor, start, end)
        cursor.live.add(run)
        return run

    def claim(self, run: Run) -> bool:
        """Whether this run is the partition's next one. If one before it is missing, the partition is read again."""
        cursor = run.cursor
        if self.cursors.get(run.tp) is not cursor:
            return False
        if run.start != cursor.claimed:
            self._break(run.tp)
            return False
        cursor.claimed = run.end
        return True

    def continues(self, run: Run, behind: int | None = None) -> bool:
        """Whether this run stands right behind what is done, or behind an end that will be done with it."""
        before = run.cursor.done if behind is None else behind
        return self.cursors.get(run.tp) is run.cursor and before == run.start

    def finish(self, run: Run, *, done: bool) -> None:
        """Moves the position past a run that is done. One that is not is read again."""
        run.cursor.live.discard(run)
        if self.cursors.get(run.tp) is not run.cursor:
            return
        if done and run.cursor.done == run.start:
            run.cursor.done = run.end
        else:
            self._break(run.tp)

    def find_lost(self) -> list[Partition]:
        """Finds the partitions where something fetched is neither done nor in anybody's hands; they are read again."""
        lost = [tp for tp, cursor in self.cursors.items() if cursor.fetched != cursor.done and not cursor.live]
        lost = [tp for tp in lost if tp not in self._broken]
        for tp in lost:
            self._break(tp)
        return lost

    def take_rewinds(self, mine: Iterable[Partition]) -> dict[Partition, int]:
        """Gives the partitions of ours that must be read again, and from where."""
        broken, self._broken = self._broken, set()
        return {tp: self.cursors[tp].done for tp in broken & set(mine) if tp in self.cursors}

    def _break(self, tp: Partition) -> None:
        self.gaps += 1
        self._broken.add(tp)
