"""Logs: one line an event on standard error; words for people at a terminal, JSON for everything else."""

import logging
import sys

import structlog
from structlog.typing import Processor

QUIET = ("aiokafka", "faust", "mode", "httpx", "httpcore", "asyncio", "uvicorn.access", "aiohttp.access")
"""Libraries whose chatter below a warning says nothing to an operator."""


def configure(level: str) -> None:
    """Sends our events and the libraries' log records the same way; `level` is a name of the settings."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_rendering()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    if level != "debug":
        for name in QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)


def _rendering() -> list[Processor]:
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if sys.stderr.isatty():
        plain = structlog.dev.plain_traceback  # the rich one prints the values of variables: tokens and secrets
        return [drop, structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    return [drop, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
