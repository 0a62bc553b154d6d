"""One seller's line: messages that wait for one endpoint, tried when they are due. No line waits for another."""

import asyncio
import heapq
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Protocol

from pipeline.endpoints import message, schedule
from pipeline.endpoints.schedule import Outcome
from schemas.endpoints import Endpoint, Sending, Standing
from schemas.times import SECOND

AT_ONCE = 4
"""Attempts at one endpoint that may be under way; of one that fails, one."""

MOST = 10_000
"""Messages that may wait for one endpoint: some ten megabytes. Those beyond are missed, and may be sent again."""

NAP = 1.0
"""Seconds after which the clock is looked at again."""

PAUSED, NO_ENDPOINT, CROWDED = "paused", "no endpoint", "too many wait"


class Office(Protocol):
    """What a line works with."""

    def clock(self) -> int:
        """Gives the present instant."""

    def dice(self) -> float:
        """Gives a number from 0 to 1."""

    def endpoint(self, seller_id: str) -> Endpoint:
        """Gives what a seller has set."""

    def standing(self, seller_id: str) -> Standing:
        """Tells how an endpoint does."""

    async def keep(self, partition: int, sending: Sending) -> None:
        """Returns when Kafka has it."""

    async def stand(self, standing: Standing) -> None:
        """Returns when Kafka has it."""

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        """Sends a message once."""


class Line:
    """What waits for one endpoint."""

    def __init__(self, seller_id: str, office: Office, broken: Callable[["asyncio.Task[None]"], None]) -> None:
        """`broken` hears of each task that ends."""
        self._seller_id, self._office, self._broken = seller_id, office, broken
        self._waiting: dict[str, tuple[int, Sending]] = {}
        self._heap: list[tuple[int, int, str]] = []
        self._count = count()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._work: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._hold_until = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether no more may wait."""
        return len(self._waiting) >= MOST

    def add(self, partition: int, sending: Sending) -> None:
        """Takes a message in; one that waits already begins anew."""
        self._waiting[sending.sending_id] = partition, sending
        self._push(sending)
        self._news.set()
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._serve())
            self._work.add_done_callback(self._broken)

    def forget(self, partition: int) -> None:
        """Drops what another process takes over; what is under way may come a second time."""
        self._waiting = {name: found for name, found in self._waiting.items() if found[0] != partition}

    def end(self) -> None:
        """Ends whatever is under way."""
        for task in (*self._under_way.values(), *([self._work] if self._work else [])):
            task.cancel()

    def _push(self, sending: Sending) -> None:
        heapq.heappush(self._heap, (sending.due, next(self._count), sending.sending_id))

    async def _serve(self) -> None:
        """Tries what is due until nothing waits."""
        while self._waiting:
            self._news.clear()
            while self._has_room() and (sending_id := self._due()):
                task = asyncio.create_task(self._attempt(sending_id))
                self._under_way[sending_id] = task
                task.add_done_callback(self._broken)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), self._rest())

    def _has_room(self) -> bool:
        failing = self._office.standing(self._seller_id).failing_since
        return len(self._under_way) < (1 if failing else AT_ONCE)

    def _due(self) -> str:
        """Takes the message that has been due longest off the heap; empty when none is due, or rest is wanted."""
        now = self._now()
        while self._heap and self._heap[0][0] <= now and now >= self._hold_until:
            due, _, sending_id = heapq.heappop(self._heap)
            found = self._waiting.get(sending_id)
            if found and found[1].due == due and sending_id not in self._under_way:
                return sending_id
        return ""

    def _now(self) -> int:
        """Gives the present; for a paused endpoint everything is due, to be missed."""
        return 1 << 62 if self._office.standing(self._seller_id).paused_at else self._office.clock()

    def _rest(self) -> float:
        wanted = max(self._heap[0][0] if self._heap else 1 << 62, self._hold_until) - self._now()
        return min(max(wanted / SECOND, 0.001), NAP) if self._has_room() else NAP

    async def _attempt(self, sending_id: str) -> None:
        if found := self._waiting.get(sending_id):  # nothing where it was forgotten before this could begin
            await self._settle(sending_id, found)
        del self._under_way[sending_id]
        if sending_id in self._waiting:
            self._push(self._waiting[sending_id][1])
        self._news.set()

    async def _settle(self, sending_id: str, found: tuple[int, Sending]) -> None:
        partition, sending = found
        after = await self._tried(sending)
        if self._waiting.get(sending_id) is found:  # no other process has it, and it did not begin anew meanwhile
            await self._office.keep(partition, after)
        if self._waiting.get(sending_id) is found:
            del self._waiting[sending_id]
            if after.state == "waiting":
                self._waiting[sending_id] = partition, after

    async def _tried(self, sending: Sending) -> Sending:
        """Gives a message after an attempt, or after none where its endpoint is paused."""
        office, seller_id = self._office, self._seller_id
        endpoint = office.endpoint(seller_id)
        if not endpoint.url or office.standing(seller_id).paused_at:
            return schedule.missed(sending, PAUSED if endpoint.url else NO_ENDPOINT)
        body = message.body(sending)
        signed = message.headers(endpoint, sending.sending_id, body, office.clock())
        outcome = await office.post(endpoint.url, signed, body)
        now, standing = office.clock(), office.standing(seller_id)
        self._hold_until = now + outcome.rest
        changed = schedule.after(standing, outcome, now)
        if changed is not standing:
            await office.stand(changed)
        return schedule.settled(sending, outcome, now, office.dice())
