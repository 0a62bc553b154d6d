"""Rings the lanes whose rows are due, although no record comes."""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.streams.agent import Agent
from pipeline.streams.reading.cursor import Partition

if TYPE_CHECKING:
    from pipeline.streams.job import JobApp

TICK = 0.2
"""Seconds after which it is looked again."""


async def ring(app: "JobApp", agents: Sequence[Agent]) -> None:
    """Looks at each partition's next instant again and again, until the app stops, however many rows there are."""
    while agents and not app.should_stop:
        await app.sleep(TICK)
        for agent in agents:
            for number in sorted(app.fenced):
                _ring(app, agent, number)
                await asyncio.sleep(0)  # rows that are read anew take their time


def _ring(app: "JobApp", agent: Agent, number: int) -> None:
    """Rings if something is due, and all is done that waited when the partition was taken over.

    What waited may tell why nothing is due any more.
    """
    if app.rebalancing or app.halted.is_set() or number not in app.fenced:
        return
    if app.consumer.has_caught_up(Partition(topic, number) for topic in agent.topics):
        rows = app.rows(agent, number)
        if rows and rows.wakes and rows.wakes.is_due(time.time_ns() // 1_000_000):
            app.lane(agent, number).ring()
