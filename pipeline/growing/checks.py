"""What stands in the way of more partitions, a sentence each: what is wrong, where, and what helps."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from kafka.errors import GroupIdNotFoundError

from pipeline.broker import BrokerError, admin, hanging
from pipeline.broker.asking import asking, open_admin
from pipeline.broker.reader import records, spans
from pipeline.growing.rows import Growth
from pipeline.settings import Kafka
from pipeline.topics import TOPICS

LAST = "dead-letters"
"""The topic that grows last. Each worker looks at it when it starts: until then none does, of whatever settings."""

OURS = "arus-"
PATIENCE_MS = 10_000

Reads = Mapping[str, Iterable[str]]
"""Consumer group of a job → the topics that it reads."""


def growth_to(kafka: Kafka, partitions: int) -> Growth:
    """Gives what is to be done, or is still to be done. Raises BrokerError where it cannot be."""
    with admin.connect(kafka) as door:
        found = {row.name: row.partitions for row in door.list_topics() if row.name in TOPICS}
    if missing := [name for name, count in found.items() if not count]:
        raise BrokerError(f"{', '.join(missing)}: not there. `arus topics create` makes what is missing")
    was = found[LAST]
    if partitions < was:
        raise BrokerError(f"the topics have {was} partitions; Kafka can add some, and take none away")
    for name, count in found.items():
        if count not in (was, partitions):
            raise BrokerError(_other_number(name, count, was, partitions))
    return Growth(was, partitions)


def _other_number(name: str, count: int, was: int, partitions: int) -> str:
    if count > was:
        return (
            f"topic {name} has {count} partitions, {LAST} still {was}: somebody began to grow them to {count}, "
            f"not {partitions}. `arus topics grow --partitions {count}` ends that; then grow further"
        )
    return f"topic {name} has {count} partitions, the others {was}: all must have one number before they grow"


def in_the_way(kafka: Kafka, reads: Reads, *, begun: bool) -> tuple[list[str], list[str]]:
    """Gives what may still end by itself, and what will not.

    `begun`: a former attempt has looked whether all was read. What came since then no worker can read before the end,
    and it lies where the new number says.
    """
    passing = [*_at_work(kafka), *_open(kafka)]
    return passing, [] if passing or begun else list(_unread(kafka, reads))


def _at_work(kafka: Kafka) -> Iterator[str]:
    """Tells of groups that have members, whatever protocol they speak."""
    with asking("groups cannot be read"), open_admin(kafka, PATIENCE_MS) as client:
        states = {group["group_id"]: group["group_state"] for group in client.list_groups()}
        ours = {name: state for name, state in states.items() if name.startswith(OURS)}
        for name, state in sorted(ours.items()):
            if state in ("Empty", "Dead"):
                continue
            try:
                who = client.describe_groups([name])[name]["members"]
            except GroupIdNotFoundError:  # of another protocol than the classic one: its members are not told
                who = []
            at = ", ".join(sorted({member["client_host"].lstrip("/") for member in who}))
            yield f"{name} is at work{f' at {at}' if at else ''} ({state}): stop all of Arus but Kafka"


def _open(kafka: Kafka) -> Iterator[str]:
    for place, count in sorted(hanging.held(kafka).items()):
        yield (
            f"a transaction is open on {place.topic}/{place.partition} and hides {count} records: Kafka ends it within "
            "half a minute, or `arus topics hanging --end` does"
        )


def _unread(kafka: Kafka, reads: Reads) -> Iterator[str]:
    """Tells what jobs have not read yet: it would be worked on in a partition where its key's rows are no more.

    Not so the warehouse, which reads each topic from where its file stands and keeps nothing by partition.
    """
    with asking("groups cannot be read"), open_admin(kafka, PATIENCE_MS) as client:
        there = {group["group_id"] for group in client.list_groups()} & reads.keys()
    with admin.connect(kafka) as door:
        rows = door.lag(there) if there else []
    known = {(row.group, row.topic, row.partition): row.behind for row in rows}
    waiting: Counter[tuple[str, str]] = Counter()
    for group, topics in reads.items():
        for topic in topics:
            for number, span in spans(kafka, topic).items():
                behind = known.get((group, topic, number))
                if behind is None and span:
                    behind = sum(1 for _ in records(kafka, topic, {number: span}))
                waiting[group, topic] += behind or 0
    for (group, topic), count in sorted(waiting.items()):
        if count:
            job = group.removeprefix(OURS)
            yield (
                f"{count:,} records of {topic} wait for {group}: keep the gateways stopped and let "
                f"`arus agents {job}` run until `arus lag` shows none"
            )


def ends(kafka: Kafka, topic: str) -> dict[int, int]:
    """Gives where each partition ends."""
    return {number: span.stop for number, span in spans(kafka, topic).items()}
