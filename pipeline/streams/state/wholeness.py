"""A changelog is read when nothing in it is open: its former writers are fenced, so Kafka has ended what is open there.

Without the mark of that end the rows of the last transaction would not be seen, and all that it told be told again.
See broker.hanging.
"""

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

import structlog

from pipeline.broker import BrokerError, hanging
from pipeline.settings import Kafka

if TYPE_CHECKING:
    from pipeline.streams.job import JobApp
    from pipeline.streams.reading.cursor import Partition

log = structlog.get_logger("arus.streams")

PAUSE = 5.0
"""Seconds between two looks at a changelog that nothing could be done for."""

WHY = (
    "Kafka has lost the end of a transaction and its log does not tell which: `arus topics hanging` lists it, "
    "`arus topics hanging --end --undecided commit` (or abort) writes it"
)


async def make_whole(app: "JobApp", changelogs: Collection["Partition"]) -> None:
    """Returns when nothing is open in these changelogs; what Kafka left open is ended as it was decided."""
    while open_in := await app.consumer.open_in(changelogs):
        if not await asyncio.to_thread(_mend, app.settings.kafka, open_in):
            log.error("table.not_whole", places=[f"{tp.topic}/{tp.partition}" for tp in sorted(open_in)], why=WHY)
            await asyncio.sleep(PAUSE)


def _mend(kafka: Kafka, changelogs: Collection["Partition"]) -> bool:
    """Tells whether something was ended."""
    try:
        mended = list(hanging.mend(kafka, 0, changelogs))
    except BrokerError as error:
        log.warning("table.not_mended", why=str(error))
        return False
    for one in mended:
        log.warning("table.mended", topic=one.topic, partition=one.partition, committed=one.committed)
    return bool(mended)
