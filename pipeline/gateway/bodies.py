"""Reading a webhook's body: as much as is allowed, in the time that is allowed, and in bounded memory."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from pipeline.gateway.answers import TurnedAway

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

SECONDS = 10
"""How long a sender may take to send one body."""

ROOM = 64 << 20
"""Bytes of unfinished bodies that may be held at one time."""

FORGETFUL = 8 << 20
"""How much of a body that is too large is still read, and forgotten: a sender that is cut off hears no answer."""


class Gone(Exception):
    """The sender hung up before its body was complete: nobody is there to be answered."""


class Bodies:
    """Reads bodies of at most `limit` bytes, whatever their headers say of their length."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held = 0

    async def read(self, receive: Receive, headers: Mapping[str, str]) -> bytes:
        """Gives the whole body. Raises TurnedAway or Gone."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._gather(receive, headers)
        except TimeoutError as error:
            raise TurnedAway("slow_body", f"the body did not come within {SECONDS} seconds") from error

    async def _gather(self, receive: Receive, headers: Mapping[str, str]) -> bytes:
        told = headers.get("content-length", "")
        if told.isdigit() and int(told[:20]) > self.limit:
            if "expect" not in headers:  # one that asks first has sent nothing yet
                await _forget(receive)
            raise self._too_large()
        held, more = bytearray(), True
        try:
            while more:
                chunk, more = await _next(receive)
                if not more and not held and len(chunk) <= self.limit:
                    return chunk
                self._hold(len(chunk))
                held += chunk
                if len(held) > self.limit:
                    if more:
                        await _forget(receive)
                    raise self._too_large()
            return bytes(held)
        finally:
            self._held -= len(held)

    def _too_large(self) -> TurnedAway:
        return TurnedAway("too_large", f"the body is larger than {self.limit} bytes")

    def _hold(self, size: int) -> None:
        if self._held + size > ROOM:
            raise TurnedAway("crowded", "too many bodies are on their way in")
        self._held += size


async def _forget(receive: Receive) -> None:
    left, more = FORGETFUL, True
    while more and left > 0:
        chunk, more = await _next(receive)
        left -= len(chunk)


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    return message.get("body", b""), message.get("more_body", False)
