"""JOBS: which agents run together in one process and one consumer group; each job scales and restarts alone."""

from collections.abc import Callable

from agents.intake import intake_agent
from agents.matching import match
from agents.reminding import reminding_agent
from agents.stocking import move, stock
from agents.tracking import track
from pipeline.settings import Settings
from pipeline.streams.agent import Agent

JOBS: dict[str, Callable[[Settings], tuple[Agent, ...]]] = {
    "intake": lambda settings: (intake_agent(settings), match),
    "tracking": lambda _: (track,),
    "stock": lambda _: (move, stock),
    "promises": lambda settings: (reminding_agent(settings),),
}


def jobs(settings: Settings) -> dict[str, tuple[Agent, ...]]:
    """Gives the agents of every job."""
    return {job: agents(settings) for job, agents in JOBS.items()}
