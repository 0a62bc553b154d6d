"""Several processes kept alive side by side."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pipeline.settings import environment
from pipeline.supervisor.child import Child, Spec

T = TypeVar("T")

GRACE, LAST_GRACE = 2.6, 0.4
"""Seconds from SIGTERM to SIGKILL, and from there to giving up."""


class Crew:
    """Processes that were started and are kept alive until `end`.

    Their words go to files in `logs`, or pass through to standard error without it.
    """

    def __init__(self, say: Callable[[str, str], None], logs: Path | None = None, lock: int | None = None) -> None:
        """Each process inherits `lock`, an open file that is locked as long as one of them lives."""
        self._say, self._logs, self._lock = say, logs, lock
        self._children: list[Child] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, spec: Spec, environment: Mapping[str, str], listening: socket.socket | None = None) -> None:
        """Starts one more; `listening` is the socket that it serves."""
        inherited = [self._lock] if self._lock is not None else []
        child = Child(spec, self._logs, inherited, listening, self._say)
        self._children.append(child)
        self._tasks.append(asyncio.create_task(child.keep(environment)))

    async def ready(self) -> None:
        """Waits until each has begun its work. Raises StartError when one ends before."""
        await asyncio.gather(*(child.ready for child in self._children))

    async def end(self) -> None:
        """Ends all of them, side by side and for good."""
        for how, seconds in ((signal.SIGTERM, GRACE), (signal.SIGKILL, LAST_GRACE)):
            for child in self._children:
                child.end(how)
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=seconds)


class Stop:
    """Whether somebody wants us to end: Ctrl-C, SIGTERM, a closed terminal."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(sig, self._asked.set)

    async def wait(self) -> None:
        """Waits until we are to end."""
        await self._asked.wait()

    async def within(self, seconds: float) -> bool:
        """Waits so long at most, and tells whether we are to end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), seconds)
        return self._asked.is_set()

    async def unless(self, work: Awaitable[T]) -> T | None:
        """Waits for the work; gives None, and abandons the work, when we are to end first."""
        working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(self._asked.wait())
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if working.done():
            return working.result()
        working.cancel()
        await asyncio.wait((working,), timeout=LAST_GRACE)
        return None


async def keep(specs: Sequence[Spec], say: Callable[[str, str], None]) -> None:
    """Keeps these processes alive until somebody wants us to end; their words pass through."""
    stop, crew = Stop(), Crew(say)
    for spec in specs:
        crew.start(spec, environment())
    try:
        await stop.unless(crew.ready())
        await stop.wait()
    finally:
        await crew.end()
