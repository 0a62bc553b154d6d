"""Gives commands as people do: through the API, each with the token of whoever asks, when it is due."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from zlib import crc32

import httpx

from pipeline.simulate.hands import Ask, Role
from pipeline.simulate.traffic import Deed, Webhook
from schemas.times import SECOND

LANES = 4
"""Commands that are under way at one time; those of one order come one after the other."""

PATIENCE = 20.0
"""Seconds in which an order must be loaded, and the API be there; after that it was in vain."""

PAUSE = 0.5

Token = Callable[[Role, str], str]


@dataclass(slots=True)
class Answers:
    """What became of the commands so far. refused: rule → how many; waiting: had no answer yet."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    in_vain: int = 0


class Asking:
    """Asks one API; `token` gives a token of a role and an id. Works as long as it is entered."""

    def __init__(self, api: str, token: Token, patience: float = PATIENCE) -> None:
        self._api, self._token, self._patience = api, token, patience
        self._tokens: dict[tuple[Role, str], str] = {}
        self._lanes: list[asyncio.Queue[Ask]] = [asyncio.Queue() for _ in range(LANES)]
        self._tasks: list[asyncio.Task[None]] = []
        self.answers = Answers()

    def give(self, ask: Ask) -> None:
        """Takes a command that is to be given when it is due; those of one order in the order of time."""
        self._lanes[crc32(ask.order_id.encode()) % LANES].put_nowait(ask)

    def webhooks_of(self, deeds: Iterable[Deed]) -> Iterator[Webhook]:
        """Takes the commands out of what happens, and gives the webhooks that are left to send."""
        for deed in deeds:
            if isinstance(deed, Ask):
                self.give(deed)
            else:
                yield deed

    async def finish(self) -> Answers:
        """Returns when all that was taken is answered."""
        await asyncio.gather(*(lane.join() for lane in self._lanes))
        return self.answers

    async def __aenter__(self) -> Self:
        self._http = httpx.AsyncClient(base_url=self._api, timeout=30, trust_env=False)
        self._tasks = [asyncio.create_task(self._work(lane)) for lane in self._lanes]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()

    async def _work(self, lane: "asyncio.Queue[Ask]") -> None:
        while True:
            ask = await lane.get()
            await asyncio.sleep(max(0.0, ask.due / SECOND - time.time()))
            self._count(ask, await self._ask(ask))
            lane.task_done()

    async def _ask(self, ask: Ask) -> httpx.Response | None:
        """Gives the answer; an order of which nothing is loaded yet, and an API that is away, are waited for."""
        until = time.monotonic() + self._patience
        who = {"authorization": f"Bearer {self._token_of(ask)}", "idempotency-key": ask.key}
        while True:
            answer = None
            try:
                address = f"/v1/orders/{ask.order_id}/{ask.name}"
                answer = await self._http.post(address, headers=who, json=ask.payload or None)
            except httpx.TransportError:
                pass
            if (answer is not None and not _is_early(answer)) or time.monotonic() > until:
                return answer
            await asyncio.sleep(PAUSE)

    def _token_of(self, ask: Ask) -> str:
        who = ask.by, ask.who
        if who not in self._tokens:
            self._tokens[who] = self._token(*who)
        return self._tokens[who]

    def _count(self, ask: Ask, answer: httpx.Response | None) -> None:
        if answer is None or _is_early(answer):
            self.answers.in_vain += 1
        elif answer.status_code == httpx.codes.OK:
            self.answers.done[ask.name] += 1
        elif answer.status_code == httpx.codes.ACCEPTED:
            self.answers.waiting += 1
        else:
            self.answers.refused[answer.json().get("rule") or str(answer.status_code)] += 1


def _is_early(answer: httpx.Response) -> bool:
    """Tells whether it is no judgement: the order is not loaded, or Kafka is away."""
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return True
    return answer.status_code == httpx.codes.NOT_FOUND and not answer.json().get("rule")
