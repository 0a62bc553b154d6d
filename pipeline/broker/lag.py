"""How far behind each group is: in records, and in time from the record at its committed position."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from kafka import TopicPartition
from kafka.admin import OffsetSpec
from msgspec import Struct

from pipeline.broker.asking import asking
from pipeline.broker.reader import Reader
from pipeline.topics import TOPICS


class Lag(Struct):
    """One partition as one group has it. What waits is committed; `hidden` records stand behind an open transaction.

    `committed` is the next offset the group will read, or where it would begin; `behind` counts from the oldest
    waiting record to the end, and is 0 where nothing but Kafka's own marks is left; `oldest_at` is that record's time.
    """

    group: str
    topic: str
    partition: int
    committed: int
    end: int
    behind: int
    oldest_at: int | None
    owner: str
    hidden: int = 0

    def behind_ms(self, now: int) -> int:
        """Tells how long the oldest waiting record has waited."""
        return 0 if self.oldest_at is None else max(0, now - self.oldest_at)


class Oldest(Struct):
    """The oldest record that waits at a position, as it was found once; none if there were only marks up to `end`."""

    end: int
    offset: int | None = None
    timestamp: int | None = None

    def holds(self, end: int) -> bool:
        """Tells whether a second look would find the same: a record does not change, marks stay marks."""
        return self.offset is not None or self.end == end


class Standing(NamedTuple):
    """Where a group stands on a partition; None where it has committed nothing yet."""

    group: str
    place: TopicPartition
    committed: int | None
    owner: str

    @property
    def position(self) -> tuple[TopicPartition, int]:
        """What it reads next."""
        return self.place, self.committed or 0


class Lags:
    """Reads the lag of groups over open connections; cheap enough for once a second. One thread at a time."""

    def __init__(self, client: Any, reader: Reader) -> None:  # noqa: ANN401  # kafka-python has no types
        self._client, self._reader = client, reader
        self._oldest: dict[tuple[TopicPartition, int], Oldest] = {}

    def read(self, groups: Collection[str] | None = None) -> list[Lag]:
        """Gives a row per group and partition. Without `groups`: of all that read topics of ours, these topics."""
        with asking("lag cannot be read"):
            standings = self._standings(groups)
            places = {standing.place for standing in standings}
            ends, whole = self._ends(places, "read_committed"), self._ends(places, "read_uncommitted")
            self._look({s.position for s in standings if s.position[1] < ends[s.place]}, ends)
            return [self._row(standing, ends[standing.place], whole[standing.place]) for standing in standings]

    def _standings(self, groups: Collection[str] | None) -> list[Standing]:
        names = [group["group_id"] for group in self._client.list_groups()] if groups is None else list(groups)
        if not names:
            return []
        known = self._partitions(None if groups else TOPICS)
        offsets, owners = self._client.list_group_offsets(names), self._owners(names)
        return [
            Standing(name, place, _committed(offsets[name].get(place)), owners[name].get(place, ""))
            for name in names
            for place in sorted({*offsets[name], *owners[name]} & known)
            if not _is_its_changelog(place, name)
        ]

    def _partitions(self, topics: Collection[str] | None) -> set[TopicPartition]:
        return {
            TopicPartition(topic["name"], partition["partition_index"])
            for topic in self._client.describe_topics()
            for partition in topic["partitions"]
            if topics is None or topic["name"] in topics
        }

    def _owners(self, groups: Collection[str]) -> dict[str, dict[TopicPartition, str]]:
        return {
            name: {place: _owner(member) for member in group["members"] for place in _assigned(member)}
            for name, group in self._client.describe_groups(groups).items()
        }

    def _ends(self, places: Collection[TopicPartition], isolation: str) -> dict[TopicPartition, int]:
        wanted = dict.fromkeys(places, OffsetSpec.LATEST)
        found = self._client.list_partition_offsets(wanted, isolation_level=isolation) if wanted else {}
        return {place: at.offset for place, at in found.items()}

    def _look(self, positions: set[tuple[TopicPartition, int]], ends: Mapping[TopicPartition, int]) -> None:
        """Reads the oldest waiting record of each position that was not looked at before; forgets all others."""
        self._oldest = {
            at: oldest for at, oldest in self._oldest.items() if at in positions and oldest.holds(ends[at[0]])
        }
        unknown = positions - self._oldest.keys()
        while unknown:
            turn = dict(unknown)  # one position of each partition; where groups stand apart, the others come next
            for place, record in self._reader.firsts(turn, ends).items():
                oldest = Oldest(ends[place], record.offset, record.timestamp) if record else Oldest(ends[place])
                self._oldest[place, turn[place]] = oldest
            unknown -= set(turn.items())

    def _row(self, standing: Standing, end: int, whole: int) -> Lag:
        oldest = self._oldest.get(standing.position, NOTHING)
        begin = end if oldest.offset is None else oldest.offset
        return Lag(
            group=standing.group,
            topic=standing.place.topic,
            partition=standing.place.partition,
            committed=begin if standing.committed is None else standing.committed,
            end=end,
            behind=end - begin,
            oldest_at=oldest.timestamp,
            owner=standing.owner,
            hidden=max(0, whole - end),
        )


NOTHING = Oldest(-1)


def _is_its_changelog(place: TopicPartition, group: str) -> bool:
    """Tells whether the group owns a partition only because it keeps a table in it: nothing waits there."""
    topic = TOPICS.get(place.topic)
    return topic is not None and topic.changelog_of == group


def _committed(offset: Any) -> int | None:  # noqa: ANN401  # as above
    return offset.offset if offset and offset.offset >= 0 else None


def _assigned(member: dict[str, Any]) -> Iterator[TopicPartition]:
    """Gives what a member reads; of a member that speaks another protocol it is not known."""
    assignment = member["member_assignment"]
    topics = assignment["assigned_partitions"] if isinstance(assignment, dict) else ()
    return (TopicPartition(topic["topic"], number) for topic in topics for number in topic["partitions"])


def _owner(member: dict[str, Any]) -> str:
    return f"{member['client_id']} at {member['client_host'].lstrip('/')}"
