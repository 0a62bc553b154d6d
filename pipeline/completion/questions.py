"""Which questions are open: a pure account of what was read, asked and answered.

The topic is the only memory. A question is open from the record that asks it until an answer *in Kafka* says that it
answers this record; what Kafka is told of our progress lies never beyond the oldest record with an open question. So a
process that is killed reads the same records again, finds among them the answers that it has kept already, and asks
only for the rest.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from pipeline.sources.apis.api import Ask

Place = tuple[int, int]
"""Partition and offset of a record of webhooks.received."""
Key = tuple[str, Ask]
"""Account (`tiktok_shop/main`) and question."""

ANSWERS = "arus-answers"
"""The header of an answer that names the records whose question it answers."""


def write_places(places: Collection[Place]) -> str:
    """Writes places for a header: `3:17,5:2`."""
    return ",".join(f"{partition}:{offset}" for partition, offset in sorted(places))


def read_places(text: str) -> frozenset[Place]:
    """Reads what `write_places` wrote; what is not understood answers nothing."""
    pairs = (part.partition(":") for part in text.split(","))
    return frozenset((int(p), int(o)) for p, _, o in pairs if p.isdecimal() and o.isdecimal())


@dataclass
class Question:
    """One open question: the records that ask it, and those that the asking under way is for."""

    asked_by: set[Place] = field(default_factory=set)
    under_way: frozenset[Place] = frozenset()


class Questions:
    """The open questions of the partitions that are ours, the oldest first."""

    def __init__(self) -> None:
        self._open: defaultdict[str, dict[Ask, Question]] = defaultdict(dict)
        self._answered: dict[Key, set[Place]] = {}
        self._next: dict[int, int] = {}
        self._ours: set[int] = set()

    def __len__(self) -> int:
        return sum(map(len, self._open.values()))

    def count(self, account: str) -> int:
        """Tells how many questions to this account are open."""
        return len(self._open[account])

    def begin(self, partitions: Collection[int]) -> None:
        """Takes partitions over."""
        self._ours.update(partitions)

    def read(self, place: Place, account: str = "", asks: Collection[Ask] = ()) -> None:
        """Takes note of a record and of what it asks; one question of many records is asked once."""
        partition, offset = place
        self._next[partition] = offset + 1
        for ask in asks:
            key = (account, ask)
            if place in self._answered.get(key, ()):
                self._answered[key].remove(place)
                if not self._answered[key]:
                    del self._answered[key]
            else:
                self._open[account].setdefault(ask, Question()).asked_by.add(place)

    def answered(self, account: str, ask: Ask, places: Collection[Place]) -> None:
        """Takes note of an answer in Kafka. It may be read before the records that it answers: those stay answered."""
        early = {place for place in places if place[0] in self._ours and place[1] >= self._next.get(place[0], 0)}
        if early:
            self._answered.setdefault((account, ask), set()).update(early)
        self._close((account, ask), places)

    def take(self, account: str) -> tuple[Ask, frozenset[Place]] | None:
        """Gives a question that nobody is asking yet, and the records it is for; None when there is none."""
        for ask, question in self._open[account].items():
            if not question.under_way:
                question.under_way = frozenset(question.asked_by)
                return ask, question.under_way
        return None

    def settle(self, account: str, ask: Ask) -> None:
        """Closes a question that was asked; if it was asked again meanwhile, it is open anew."""
        if question := self._open[account].get(ask):
            places, question.under_way = question.under_way, frozenset()
            self._close((account, ask), places)

    def put_back(self, account: str, ask: Ask) -> None:
        """Leaves a question open that could not be asked now; others come first."""
        if question := self._open[account].pop(ask, None):
            question.under_way = frozenset()
            self._open[account][ask] = question

    def positions(self) -> dict[int, int]:
        """Gives of each partition the offset up to which every question is answered."""
        found = dict(self._next)
        for partition, offset in self._asking():
            if partition in found:
                found[partition] = min(found[partition], offset)
        return found

    def forget(self, partitions: Collection[int]) -> None:
        """Drops what others take over."""
        for account in self._open.values():
            for ask, question in list(account.items()):
                question.asked_by = {place for place in question.asked_by if place[0] not in partitions}
                if not question.asked_by:
                    del account[ask]
        for partition in partitions:
            self._next.pop(partition, None)
        self._ours.difference_update(partitions)
        early = {key: {p for p in places if p[0] not in partitions} for key, places in self._answered.items()}
        self._answered = {key: places for key, places in early.items() if places}

    def _close(self, key: Key, places: Collection[Place]) -> None:
        account, ask = key
        if question := self._open[account].get(ask):
            question.asked_by.difference_update(places)
            if not question.asked_by and not question.under_way:
                del self._open[account][ask]

    def _asking(self) -> Iterator[Place]:
        for account in self._open.values():
            for question in account.values():
                yield from question.asked_by
                yield from question.under_way
