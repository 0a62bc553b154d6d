"""A line: deliveries that wait for their turn, and the task that works on them one group after the other."""

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

from pipeline.streams.reading.consumer import Delivery
from pipeline.streams.reading.cursor import Partition

if TYPE_CHECKING:
    from pipeline.streams.job import JobApp


class Line(ABC):
    """Works on what is put into it while the app flows; what it cannot finish is read again."""

    def __init__(self, app: "JobApp") -> None:
        self.app = app
        self.task: asyncio.Task[None] | None = None
        self.since: float | None = None
        """When the work under way was begun."""
        self.waiting: deque[Delivery] = deque()
        self.next = 0.0
        """When the next work may begin, where there is little to do."""

    def put(self, delivery: Delivery) -> None:
        """Takes a claimed delivery."""
        self.waiting.append(delivery)
        self.start()

    def start(self) -> None:
        """Starts to work, unless that is under way."""
        if self.task is None or self.task.done():
            self.task = asyncio.ensure_future(self._work())
            self.task.add_done_callback(self.app.line_ended)

    def has_work(self) -> bool:
        """Tells whether something waits."""
        return bool(self.waiting)

    @abstractmethod
    async def work(self) -> None:
        """Takes some of what waits and works on it."""

    def take(self, most: int) -> list[Delivery]:
        """Takes the next delivery and those behind it, up to so many offsets; what is stale is left out."""
        taken: list[Delivery] = []
        ends: dict[Partition, int] = {}
        offsets = 0
        while self.waiting:
            run = self.waiting[0].run
            offsets += run.end - run.start
            if taken and offsets > most:
                break
            delivery = self.waiting.popleft()
            if self.app.consumer.chains.continues(run, ends.get(run.tp)):
                ends[run.tp] = run.end
                taken.append(delivery)
            else:
                self.app.consumer.finish(run, done=False)
        return taken

    def done(self, deliveries: list[Delivery]) -> None:
        """Puts deliveries behind us."""
        for delivery in deliveries:
            self.app.consumer.finish(delivery.run, done=True)

    def rest(self, began: float, most: float) -> float:
        """Tells how many seconds the work took, and has the next wait for twice as long, but no longer than `most`."""
        seconds = time.monotonic() - began
        self.next = began + seconds + min(most, 2 * seconds)
        return seconds

    def offsets(self) -> int:
        """Counts what waits."""
        return sum(delivery.run.end - delivery.run.start for delivery in self.waiting)

    async def pause(self, seconds: float) -> None:
        """Waits, but not when the app is to stand still."""
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.app.halted.wait(), seconds)

    async def _work(self) -> None:
        try:
            while self.has_work() and not self.app.halted.is_set():
                await self.work()
        finally:
            while self.waiting:
                self.app.consumer.finish(self.waiting.popleft().run, done=False)
