"""Public keys of senders: fetched when a signature names one that is not known, and seldom otherwise."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

import httpx
import structlog

from pipeline.gateway.answers import TurnedAway
from pipeline.sources.rsa import Rsa
from schemas.times import MINUTE, SECOND

PATIENCE = 2.0
"""Seconds that a set of keys may take to come: its sender waits for our answer meanwhile."""

PAUSE, PAUSE_AFTER_FAILURE = MINUTE, 5 * SECOND
"""How soon a set is fetched again: names that somebody made up must not make us ask without end."""

log = structlog.get_logger("gateway")


class Look(NamedTuple):
    """The last look at a set: when, and why it was in vain."""

    at: int
    failure: str = ""

    def is_recent(self, now: int) -> bool:
        """Tells whether it is too early for the next."""
        return now - self.at < (PAUSE_AFTER_FAILURE if self.failure else PAUSE)


class Keys:
    """Fetches sets of keys, one request at a time for each; `clock` gives milliseconds since 1970."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._looks: dict[str, Look] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def renew(self, scheme: Rsa, url: str) -> None:
        """Returns when the scheme knows what lies behind the address now, or did a moment ago.

        Raises TurnedAway when no keys can be had: the sender should come again.
        """
        async with self._locks[url]:
            look = self._looks.get(url)
            if look is None or not look.is_recent(self._clock()):
                look = self._looks[url] = await self._look(scheme, url)
        if look.failure and not scheme.keep(url, self._clock() + PAUSE):
            raise TurnedAway("no_keys", f"the keys at {url} cannot be had: {look.failure}")

    async def _look(self, scheme: Rsa, url: str) -> Look:
        try:
            async with httpx.AsyncClient(timeout=PATIENCE) as client, asyncio.timeout(PATIENCE):
                answer = await client.get(url)
            scheme.learn(url, answer.raise_for_status().content, self._clock())
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            failure = str(error) or type(error).__name__
            log.warning("gateway.no_keys", url=url, why=failure)
            return Look(self._clock(), failure)
        return Look(self._clock())
