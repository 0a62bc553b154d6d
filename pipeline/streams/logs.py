"""Logs: one line each, dotted event names, also for what Faust and aiokafka have to say."""

import logging
import sys
from typing import Any

import structlog

LIBRARIES = ("faust", "mode", "aiokafka", "asyncio")
EVERY = 10.0


class Sparse(logging.Filter):
    """Lets each kind of line through once in ten seconds: sixteen producers tell of one broker that is away."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line may pass."""
        kind = f"{record.name}{record.msg}"
        passes = record.created - self._told.get(kind, 0.0) > EVERY
        if passes:
            self._told[kind] = record.created
        return passes


def configure(level: str) -> None:
    """Lets structlog write JSON lines to stderr, unless the program has chosen otherwise already."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    if not structlog.is_configured():
        structlog.configure(
            processors=[*shared, structlog.processors.JSONRenderer()],
            wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
            cache_logger_on_first_use=True,
        )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    if level != "debug":
        handler.addFilter(Sparse())
    for name in LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
