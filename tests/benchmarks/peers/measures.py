"""What a run comes to: its outputs checked one by one, its rate and its cost over the last 80 %."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple


@dataclass
class Account:
    """The outputs of one run: those of each order must be numbered 1, 2, 3 and so on."""

    lost: int = 0
    doubled: int = 0
    last: dict[bytes, int] = field(default_factory=dict)

    def take(self, order: bytes, n: int) -> None:
        """Counts an output; a number that was there before is doubled, one that was left out is lost."""
        last = self.last.get(order, 0)
        if n <= last:
            self.doubled += 1
            return
        self.lost += n - last - 1
        self.last[order] = n

    def close(self, events: int) -> None:
        """Counts as lost what never came of so many events."""
        self.lost = events - sum(self.last.values()) + self.lost


class Sample(NamedTuple):
    """One look at the machine: seconds of CPU that the peer, all of the benchmark, and everybody have used so far."""

    at: float
    peer: float = 0.0
    ours: float = 0.0
    everybody: float = 0.0


class Outcome(NamedTuple):
    """One run. `others` is the share of the machine that was neither the peer's nor the broker's nor ours."""

    rate: float
    microseconds: float
    others: float
    mebibytes: float
    outputs: int
    lost: int
    doubled: int
    whole: bool


def steady(appended: Sequence[float], samples: Sequence[Sample], cores: int) -> tuple[float, float, float]:
    """Gives outputs per second, microseconds of CPU per output and the others' share, from a fifth on to the end.

    `appended`: when each output was written, in order.
    """
    fifth = len(appended) // 5
    begin, end, outputs = appended[fifth], appended[-1], len(appended) - 1 - fifth
    first, last = at(samples, begin), at(samples, end)
    seconds = max(end - begin, 0.001)
    others = (last.everybody - first.everybody) - (last.ours - first.ours)
    return outputs / seconds, (last.peer - first.peer) / outputs * 1e6, max(others, 0.0) / (seconds * cores)


def at(samples: Sequence[Sample], when: float) -> Sample:
    """Gives the sample of an instant, from the two around it."""
    for before, after in pairwise(samples):
        if before.at <= when <= after.at:
            share = (when - before.at) / (after.at - before.at)
            return Sample(*(low + (high - low) * share for low, high in zip(before, after, strict=True)))
    return samples[0] if when < samples[0].at else samples[-1]
