"""Sends webhooks as their senders would: signed at each attempt, again after an answer that asks for it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pipeline.settings import Account
from pipeline.simulate.sending.wire import Lost, Wire
from pipeline.simulate.traffic import Webhook
from pipeline.sources import SOURCES, Signed
from schemas.times import SECOND

AGAIN = {408, 425, 429, 500, 502, 503, 504}
"""Answers after which a sender tries again."""

TAKEN = range(200, 300)
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0

Accept = Callable[[Account, bytes], None]


@dataclass(slots=True)
class Totals:
    """What became of the webhooks sent so far."""

    sent: int = 0
    accepted: int = 0
    retried: int = 0
    given_up: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """sender and status → how many were answered so that a sender stops trying."""
    latencies: list[float] = field(default_factory=list)
    """Milliseconds of each accepted attempt."""

    def latency(self, share: float) -> float:
        """Gives the latency that this share of the accepted requests did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Sending:
    """Sends to one gateway. `public_url` is what senders think its address is; `patience` in seconds, per webhook."""

    def __init__(
        self, url: str, *, public_url: str = "", at_once: int = 48, patience: float = 180, accept: Accept | None = None
    ) -> None:
        self._url, self._path = url, urlsplit(url).path.rstrip("/")
        self._public = (public_url or url).rstrip("/").removesuffix(self._path)
        self._at_once, self._patience, self._accept = at_once, patience, accept
        self.totals = Totals()

    async def run(self, webhooks: Iterable[Webhook], *, rate: float = 0, in_time: bool = False) -> Totals:
        """Sends them all: `rate` a second at most (0: as fast as they are taken), or `in_time`, each when it is due."""
        queue: asyncio.Queue[Webhook] = asyncio.Queue(maxsize=self._at_once)
        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(self._work(queue)) for _ in range(self._at_once)]
            started, sent = time.monotonic(), 0
            for sent, webhook in enumerate(webhooks):
                if in_time:
                    await asyncio.sleep(max(0.0, webhook.due / SECOND - time.time()))
                elif rate and (ahead := started + sent / rate - time.monotonic()) > 0:
                    await asyncio.sleep(ahead)
                await queue.put(webhook)
            await queue.join()
            for worker in workers:
                worker.cancel()
        return self.totals

    async def _work(self, queue: asyncio.Queue[Webhook]) -> None:
        with Wire(self._url) as wire:
            while True:
                webhook = await queue.get()
                try:
                    await self._deliver(wire, webhook)
                finally:
                    queue.task_done()

    async def _deliver(self, wire: Wire, webhook: Webhook) -> None:
        self.totals.sent += 1
        account = webhook.account
        path = f"{self._path}/webhooks/{account.source}/{account.name}"
        scheme, public = SOURCES[account.source].scheme, self._public + path
        until, wait = time.monotonic() + self._patience, FIRST_WAIT
        while True:
            signed = scheme.sign(webhook.body, account, time.time_ns() // 1_000_000, public)
            status, after = await self._post(wire, path, signed)
            if status and status not in AGAIN:
                self._count(account, signed.body, status)
                return
            if time.monotonic() > until:
                self.totals.given_up += 1
                return
            self.totals.retried += 1
            await asyncio.sleep(after or wait)
            wait = min(2 * wait, LONGEST_WAIT)

    async def _post(self, wire: Wire, path: str, signed: Signed) -> tuple[int, float]:
        """Gives the status (0: no answer) and the seconds that the gateway asks to wait."""
        started = time.perf_counter()
        try:
            answer = await wire.post(path, {"content-type": "application/json", **signed.headers}, signed.body)
        except Lost:
            return 0, 0.0
        if answer.status in TAKEN:
            self.totals.latencies.append((time.perf_counter() - started) * 1_000)
        return answer.status, _seconds(answer.headers.get("retry-after", ""))

    def _count(self, account: Account, body: bytes, status: int) -> None:
        if status in TAKEN:
            self.totals.accepted += 1
            if self._accept:
                self._accept(account, body)
        else:
            self.totals.refused[f"{account.source} {status}"] += 1


def _seconds(told: str) -> float:
    return min(float(told), LONGEST_WAIT) if told.isdecimal() else 0.0
