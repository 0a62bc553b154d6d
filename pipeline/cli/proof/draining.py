"""Draining: all that lies in Kafka goes its whole way, although new records come by themselves, as alarms do."""

import time
from collections.abc import Iterable, Mapping

from pipeline.broker import BrokerError, admin
from pipeline.broker.lag import Lag
from pipeline.settings import Kafka

JOBS = ("arus-intake", "arus-tracking", "arus-stock", "arus-promises", "arus-loading")
HOPS = 6
"""More than any webhook takes until all of it is in the warehouse: intake, intake again with its scan, tracking, an
alarm, loading.
"""

EVERY = 0.3
MOST_NAMED = 5
"""How many partitions with something left are named."""

Place = tuple[str, str, int]
"""A group, and a topic and partition that it reads."""


def drain(kafka: Kafka, patience: float) -> float:
    """Waits until all that is there now has gone its way; gives the seconds. Raises BrokerError if it takes longer."""
    started = time.monotonic()
    for _ in range(HOPS):
        _hop(kafka, started + patience, patience)
    return time.monotonic() - started


def _hop(kafka: Kafka, end: float, patience: float) -> None:
    """Waits until each group has done what lies before it now, and what that becomes lies before the next one."""
    ends: dict[Place, int] = {}
    while left := _left(kafka, ends):
        if time.monotonic() > end:
            raise BrokerError(f"not drained after {patience:g} s: {'; '.join(left[:MOST_NAMED])}")
        time.sleep(EVERY)


def _left(kafka: Kafka, ends: dict[Place, int]) -> list[str]:
    """Tells what is left before these ends; the first look at a group sets them."""
    try:
        with admin.connect(kafka) as door:
            rows = door.lag(JOBS)
    except BrokerError as error:  # it may just be coming back
        return [str(error)]
    for row in rows:
        ends.setdefault(_place(row), row.end + row.hidden)
    silent = [f"{job} has read nothing yet" for job in JOBS if job not in {row.group for row in rows}]
    return [*unfinished(rows, ends), *silent]


def unfinished(rows: Iterable[Lag], ends: Mapping[Place, int]) -> list[str]:
    """Tells which groups have not done all that lies before these ends, also where a transaction is open."""
    return [
        f"{row.topic}/{row.partition} has {row.behind + row.hidden:,} left for {row.group}"
        + (f" ({row.hidden:,} behind an open transaction)" if row.hidden else "")
        for row in rows
        if row.end - row.behind < ends[_place(row)]
    ]


def _place(row: Lag) -> Place:
    return row.group, row.topic, row.partition
