"""Rings for whoever waits for news: one look at the warehouse, however many listen."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger()

EVERY = 0.5  # seconds between two looks

ALL = ""
"""The audience of an operator: rung for everybody's news."""


class Bell:
    """Wakes the listeners of an audience when `look` names it. A listener that is busy is rung once, not queued for."""

    def __init__(self, look: Callable[[], Awaitable[Iterable[str]]]) -> None:
        self._look = look
        self._listeners: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @contextmanager
    def listen(self, audience: str) -> Iterator[asyncio.Event]:
        """Gives the event that is set at each news of an audience; whoever waits clears it."""
        rung = asyncio.Event()
        self._listeners[audience].add(rung)
        try:
            yield rung
        finally:
            self._listeners[audience].discard(rung)
            if not self._listeners[audience]:
                del self._listeners[audience]

    def ring(self, audiences: Iterable[str]) -> None:
        """Wakes the listeners of these audiences, and the operators."""
        for audience in {*audiences, ALL}:
            for rung in self._listeners.get(audience, ()):
                rung.set()

    async def run(self) -> None:
        """Looks for news until it is cancelled; a look that fails is told and tried again."""
        while True:
            await asyncio.sleep(EVERY)
            if not self._listeners:
                continue
            try:
                audiences = list(await self._look())
            except Exception:  # the warehouse may just be opened anew
                log.warning("bell.look_failed", exc_info=True)
                continue
            if audiences:
                self.ring(audiences)
