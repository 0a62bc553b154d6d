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


Look = Callable[[int | None], Awaitable[tuple[int, Iterable[str]]]]
"""Tells where news stand now, and whose came since a place; since None: just where they stand."""


class Bell:
    """Wakes the listeners of an audience. A listener that is busy is rung once, not queued for."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @property
    def listeners(self) -> int:
        """How many listen."""
        return sum(map(len, self._listeners.values()))

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

    def ring_all(self) -> None:
        """Wakes every listener."""
        self.ring(self._listeners)

    async def run(self, look: Look) -> None:
        """Looks for news until it is cancelled; a look that fails is told and tried again."""
        place: int | None = None
        while True:
            await asyncio.sleep(EVERY)
            if not self._listeners:
                place = None
                continue
            try:
                now, audiences = await look(place)
            except Exception:
                log.warning("bell.look_failed", exc_info=True)  # the warehouse may just be opened anew
                continue
            if place is None:
                self.ring_all()  # something may have come since they began to listen
            elif now > place:
                self.ring(audiences)
            place = now
