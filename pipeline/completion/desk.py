"""One account's desk: takes its open questions, asks them, keeps the answers."""

import asyncio
from collections.abc import Callable

import httpx
import structlog

from pipeline.completion import metrics
from pipeline.completion.answers import Keeper, delivery_of, keep
from pipeline.completion.breaker import Breaker
from pipeline.completion.client import Client
from pipeline.completion.memory import Memory
from pipeline.completion.questions import Place, Questions
from pipeline.completion.reconciling import reconcile
from pipeline.completion.standing import Standing
from pipeline.settings import Account
from pipeline.sources.apis import APIS
from pipeline.sources.apis.api import Ask, Declined, Failed, Locked
from schemas.times import SECOND

LOOK = 0.05
"""Seconds between two looks for open questions: what is asked so soon after a webhook is asked at once."""
LONGEST_NAP = 1.0

log = structlog.get_logger("completion")


class Desk:
    """Asks on behalf of one account. `clock` gives milliseconds since 1970."""

    def __init__(  # noqa: PLR0913  # what it works with
        self,
        account: Account,
        *,
        memory: Memory,
        http: httpx.AsyncClient,
        questions: Questions,
        keeper: Keeper,
        clock: Callable[[], int],
    ) -> None:
        self.name, self.account, self.api = f"{account.source}/{account.name}", account, APIS[account.source]
        self.breaker = Breaker()
        self._client = Client(self.api, account, memory, http, clock)
        self._memory, self._questions, self._keeper, self._clock = memory, questions, keeper, clock
        self._last_answer_at = 0
        self._labels = (account.source, account.name)

    async def work(self, begun: asyncio.Event) -> None:
        """Asks open questions, one after the other, without end."""
        await begun.wait()
        while True:
            taken = self._questions.take(self.name)
            if taken is None:
                await asyncio.sleep(LOOK)
                continue
            await self._pass_breaker()
            await self._put(*taken)

    async def reconcile(self, begun: asyncio.Event, every: float) -> None:
        """Asks what changed, again and again."""
        await begun.wait()
        while True:
            await self._pass_breaker()
            now = self._clock()
            try:
                found = await reconcile(self._client, self._memory, self._keeper, None, now)
            except Failed as error:
                self._failed(error)
                await asyncio.sleep(min(every, 60))
                continue
            self._succeeded()
            metrics.RECONCILED.labels(*self._labels).set(now / SECOND)
            log.info("completion.reconciled", account=self.name, changes=len(found))
            await asyncio.sleep(every)

    def stand(self) -> Standing:
        """Tells how it stands, Prometheus too."""
        now = self._clock()
        waiting, state = self._questions.count(self.name), self.breaker.state(now)
        metrics.OPEN.labels(*self._labels).set(waiting)
        metrics.BREAKER.labels(*self._labels).set(metrics.STATES[state])
        reconciled = self._memory.reconciled_until()
        return Standing(self.name, waiting, state, self.breaker.why, self._last_answer_at, reconciled, now)

    async def _pass_breaker(self) -> None:
        while (ms := self.breaker.wait(self._clock())) > 0:  # noqa: ASYNC110  # a clock has no events
            await asyncio.sleep(min(ms / SECOND, LONGEST_NAP))

    async def _put(self, ask: Ask, places: frozenset[Place]) -> None:
        try:
            body = await self._client.ask(ask)
            delivery = delivery_of(self.api, self.account, ask, body, now=self._clock(), places=places)
        except Declined as error:
            self._succeeded()
            self._count("declined")
            log.warning("completion.declined", account=self.name, asked=str(ask), why=str(error))
        except Failed as error:
            self._failed(error)
            self._questions.put_back(self.name, ask)
            return
        except Exception:  # one question that breaks us must not keep the others from being asked
            self._succeeded()
            self._count("broken")
            log.exception("completion.broken", account=self.name, asked=str(ask))
        else:
            self._succeeded()
            await keep(self._keeper, delivery)
            self._count("answered")
        self._questions.settle(self.name, ask)

    def _succeeded(self) -> None:
        if self.breaker.why:
            log.warning("completion.again", account=self.name)
        self.breaker.succeeded()
        self._last_answer_at = self._clock()
        metrics.SUCCESS.labels(*self._labels).set(self._last_answer_at / SECOND)

    def _failed(self, error: Failed) -> None:
        was, now = self.breaker.why, self._clock()
        if isinstance(error, Locked):
            self.breaker.trip(str(error), now)
        else:
            self.breaker.failed(str(error), now)
        self._count("failed")
        if self.breaker.why != was:
            level = log.error if isinstance(error, Locked) else log.warning
            level("completion.stopped", account=self.name, why=self.breaker.why)

    def _count(self, outcome: str) -> None:
        metrics.ASKED.labels(*self._labels, outcome).inc()
