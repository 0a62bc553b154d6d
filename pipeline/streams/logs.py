"""Logs: one line each, dotted event names, also for what Faust and aiokafka have to say."""

import logging
import sys
from typing import Any

import structlog

QUIET = ("faust", "mode", "aiokafka", "asyncio")


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
    for name in QUIET:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
