"""One attempt over HTTP: never longer than PATIENCE, never to a forbidden place, and what its answer means."""

import asyncio
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from pipeline.endpoints.guard import Forbidden, place_of
from pipeline.endpoints.schedule import LONGEST_HOLD, Outcome
from schemas.times import SECOND

PATIENCE = 15.0
"""Seconds from the look-up of the name to the end of the answer, as the specification advises."""

MOST_BYTES = 64 << 10
"""Of an answer; nobody reads it, but a connection is used again only when it has come in."""

BUSY = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.BAD_GATEWAY, httpx.codes.GATEWAY_TIMEOUT)
"""Answers that ask for rest; a `Retry-After` says how much, of any answer that was no success."""
REST = 10 * SECOND


class Poster:
    """One endpoint's connections, its own: two names behind one address never share one."""

    def __init__(self, tls: ssl.SSLContext, *, private: bool) -> None:
        """`private` lets it go to http and to private addresses."""
        self._private = private
        # what it is to send never follows a redirect, nor takes a way that the environment names
        forgetful = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # else what endpoints set grows with each answer
        self._http = httpx.AsyncClient(
            verify=tls, timeout=PATIENCE, trust_env=False, follow_redirects=False, cookies=forgetful
        )

    async def close(self) -> None:
        """Ends its connections."""
        await self._http.aclose()

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        """Sends a message once and tells what became of it; raises nothing that the other side can bring about."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._post(url, headers, body)
        except Forbidden as error:
            return Outcome(is_taken=False, answer=str(error))
        except (TimeoutError, httpx.TimeoutException):
            return Outcome(is_taken=False, answer=f"no answer within {PATIENCE:g} seconds")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return Outcome(is_taken=False, answer=f"cannot be reached: {type(error).__name__}")

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        place = await place_of(url, private=self._private)
        asking = self._http.stream(
            "POST", place.url, headers=place.headers | headers, content=body, extensions=place.extensions
        )
        async with asking as answer:
            await _read(answer)
            return judged(answer.status_code, answer.headers.get("retry-after", ""), datetime.now(UTC))


async def _read(answer: httpx.Response) -> None:
    size = 0
    async for part in answer.aiter_raw():
        size += len(part)
        if size > MOST_BYTES:
            return


def judged(status: int, retry_after: str, now: datetime) -> Outcome:
    """Tells what an answer means: 2xx is taken, 410 never again, and a redirect is no success."""
    if httpx.codes.is_success(status):
        return Outcome(is_taken=True, answer=str(status))
    rest = _rest(retry_after, now) or (REST if status in BUSY else 0)
    return Outcome(is_taken=False, answer=str(status), is_gone=status == httpx.codes.GONE, rest=min(rest, LONGEST_HOLD))


def _rest(retry_after: str, now: datetime) -> int:
    """Reads a Retry-After, which is seconds or a date; what is neither asks for nothing."""
    if retry_after.isascii() and retry_after.isdecimal():
        return int(retry_after[:9]) * SECOND
    try:
        until = parsedate_to_datetime(retry_after)
        return max(0, round((until - now).total_seconds() * SECOND))
    except (ValueError, TypeError):
        return 0
