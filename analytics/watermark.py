"""Up to when everything is counted, told from offsets alone: no clock of a sender or a worker is trusted.

At an instant the ends of the first topics are noted. When the first group has passed them, all that it made of those
records lies in the next topics; their ends are noted, and so on down to the warehouse. What passed every stage proves:
each webhook that was accepted before that instant is counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from analytics.shards import WHOLE

_MOST = 120  # marks on their way; beyond that every second one is forgotten


class Stage(NamedTuple):
    """A group, and those of its topics that it must have passed."""

    group: str
    topics: tuple[str, ...]


def stages(loading: str) -> tuple[Stage, ...]:
    """Gives the way of an event from the gateway to the warehouse that a group of this name loads."""
    return (
        Stage("arus-intake", ("webhooks.received",)),
        Stage("arus-intake", ("scans",)),
        Stage("arus-tracking", ("orders", "payments", "shipments")),
        Stage(loading, ("orders", "payments", "shipments", "order.snapshots", "order.transitions")),
    )


STAGES = stages(WHOLE.group)

Partition = tuple[str, str, int]
"""Group, topic, partition."""


class Place(NamedTuple):
    """How far a group had come, and the end that was read after that."""

    committed: int
    end: int


@dataclass(slots=True)
class _Mark:
    at: int
    stage: int
    ends: dict[Partition, int]


class Watermark:
    """Follows marks through the stages. Feed it every poll, in order of time."""

    def __init__(self, stages: Sequence[Stage] = STAGES, *, partitions: int = 1) -> None:
        """`partitions` is the number that every topic has."""
        self._stages, self._partitions = stages, partitions
        self._marks: list[_Mark] = []
        self.value: int | None = None
        """Everything accepted before it is counted; None until the first mark came through."""

    def see(self, at: int, places: Mapping[Partition, Place]) -> None:
        """Takes one poll that began at an instant."""
        ends = self._ends(0, places)
        if ends is not None:
            self._marks.append(_Mark(at, 0, ends))
        self._marks = [mark for mark in self._marks if not self._arrives(mark, places)]
        if len(self._marks) > _MOST:
            self._marks = self._marks[::2]

    def _arrives(self, mark: _Mark, places: Mapping[Partition, Place]) -> bool:
        while all(key in places and places[key].committed >= end for key, end in mark.ends.items()):
            if mark.stage + 1 == len(self._stages):
                self.value = max(mark.at, self.value or 0)
                return True
            ends = self._ends(mark.stage + 1, places)
            if ends is None:
                return False
            mark.stage, mark.ends = mark.stage + 1, ends
        return False

    def _ends(self, stage: int, places: Mapping[Partition, Place]) -> dict[Partition, int] | None:
        """Gives the ends that a stage has to pass; None while one of its partitions has not been seen."""
        group, topics = self._stages[stage]
        ends = {key: place.end for key, place in places.items() if key[0] == group and key[1] in topics}
        return ends if len(ends) == len(topics) * self._partitions else None
