"""What Faust and aiokafka have to say, thinned out: sixteen lanes tell of one broker that is away."""

import logging

from aiokafka.errors import GroupCoordinatorNotAvailableError, NotLeaderForPartitionError

LIBRARIES = ("faust", "mode", "aiokafka", "asyncio")
EVERY = 10.0

PASSING = (GroupCoordinatorNotAvailableError, NotLeaderForPartitionError)
"""What a new Kafka says until it has made the place of its groups, and of topics that were made just now. Should that
take longer, `worker.waiting` tells."""


class Sparse(logging.Filter):
    """Lets each kind of a library's line through once in ten seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line may pass."""
        kind = record.name, str(record.msg)
        if not record.name.startswith(LIBRARIES) or record.levelno < logging.WARNING:
            return True
        if isinstance(record.args, tuple) and any(isinstance(value, PASSING) for value in record.args):
            return False
        passes = record.created - self._told.get(kind, 0.0) > EVERY
        if passes:
            self._told[kind] = record.created
        return passes


def thin_out() -> None:
    """Thins out what the program's handlers show."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(each, Sparse) for each in handler.filters):
            handler.addFilter(Sparse())
