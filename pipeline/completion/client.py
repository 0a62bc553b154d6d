"""Asking one account's sender: signed, paced, repeated where that helps, with tokens that renew themselves."""

import asyncio
from collections.abc import Callable
from functools import partial

import httpx
import stamina
import structlog

from pipeline.completion.breaker import Pace
from pipeline.completion.memory import Memory
from pipeline.settings import Account
from pipeline.sources.apis.api import Answer, Api, Ask, Call, Expired, Failed, Span, Throttled, Tokens, Unwell
from schemas.times import MINUTE, SECOND

PATIENCE = 20.0
"""Seconds that an answer may take."""
ATTEMPTS, FIRST_PAUSE, LONGEST_PAUSE = 4, 0.5, 10.0
SOON = 5 * MINUTE
"""Tokens that end so soon are renewed before they do."""

Asking = Callable[[Tokens, int], Call]

log = structlog.get_logger("completion")


class Client:
    """One account's way to its sender. `clock` gives milliseconds since 1970."""

    def __init__(
        self, api: Api, account: Account, memory: Memory, http: httpx.AsyncClient, clock: Callable[[], int]
    ) -> None:
        self.api, self.account = api, account
        self._memory, self._http, self._clock = memory, http, clock
        self._pace = Pace(api.per_second)
        self._tokens = memory.tokens()
        self._renewing = asyncio.Lock()

    async def ask(self, ask: Ask) -> bytes:
        """Gives the sender's answer. Raises Failed, of a kind that says what to do."""
        return await self._answer(lambda tokens, now: self.api.call(self.account, tokens, ask, now))

    async def search(self, what: str, span: Span) -> bytes:
        """Gives one page of what changed. Raises as `ask` does."""
        return await self._answer(lambda tokens, now: self.api.search(self.account, tokens, what, span, now))

    async def _answer(self, asking: Asking) -> bytes:
        tokens = await self._fresh()
        try:
            return await self._repeat(asking, tokens)
        except Expired as expired:
            log.info("completion.token_expired", account=self.name, why=str(expired))
            return await self._repeat(asking, await self._renew(tokens))

    async def _repeat(self, asking: Asking, tokens: Tokens) -> bytes:
        """Asks until there is an answer, or a failure that no repetition mends."""
        retry = stamina.retry_context(
            on=self._is_worth_it, attempts=ATTEMPTS, timeout=None, wait_initial=FIRST_PAUSE, wait_max=LONGEST_PAUSE
        )
        async for attempt in retry:
            with attempt:
                await asyncio.sleep(self._pace.wait(self._clock()) / SECOND)
                answer = await self._send(asking(tokens, self._clock()))
                self.api.judge(self.account, answer)
        return answer.body

    def _is_worth_it(self, error: Exception) -> bool:
        """Tells whether to ask again; how long a sender wants to be left alone goes for every question to it."""
        if isinstance(error, Throttled) and error.seconds is not None:
            self._pace.hold(self._clock() + int(error.seconds * SECOND))
        return isinstance(error, Unwell | Throttled)

    async def _send(self, call: Call) -> Answer:
        """Sends a call. Its address may hold secrets: no error tells it."""
        try:
            request = partial(self._http.request, call.method, call.url, headers=dict(call.headers))
            answer = await (request(content=call.body) if call.body else request())
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unwell(f"{self.name} cannot be reached: {type(error).__name__}") from None
        return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.content)

    async def _fresh(self) -> Tokens:
        tokens = self._tokens
        ends_soon = tokens.expires_at and tokens.expires_at < self._clock() + SOON
        return await self._renew(tokens) if ends_soon or not tokens.access else tokens

    async def _renew(self, old: Tokens) -> Tokens:
        """Gives other tokens than these: ours, or those that another process has got meanwhile."""
        async with self._renewing:
            if self._tokens.access == old.access:
                self._tokens = await self._renew_alone(old)
            return self._tokens

    async def _renew_alone(self, old: Tokens) -> Tokens:
        alone = self._memory.alone()
        await asyncio.to_thread(alone.__enter__)
        try:
            kept = self._memory.tokens()
            if kept.access and kept.access != old.access:
                return kept
            retry = stamina.retry_context(on=Unwell, attempts=ATTEMPTS, wait_initial=FIRST_PAUSE)
            async for attempt in retry:
                with attempt:
                    answer = await self._send(self.api.renew(self.account, kept, self._clock()))
                    tokens = self.api.read_tokens(self.account, answer, self._clock())
            self._memory.keep_tokens(tokens)
            log.info("completion.token_renewed", account=self.name)
            return tokens
        finally:
            alone.__exit__(None, None, None)

    @property
    def name(self) -> str:
        """The account's name, as logs and errors tell it."""
        return f"{self.account.source}/{self.account.name}"


__all__ = ["Client", "Failed"]
