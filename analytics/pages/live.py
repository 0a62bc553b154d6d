"""Live pages: what is watched is drawn once a tick, however many watch, and each watcher is sent what changed.

A watcher that falls behind is given the newest state, never a queue. What one viewer sees is drawn for that viewer
alone: the key of what is watched holds the viewer, so no piece can reach another.
"""

import asyncio
import secrets
import time
import zlib
from collections.abc import AsyncIterator, Callable, Hashable
from typing import NamedTuple, Protocol

import structlog
from starlette.requests import Request
from starlette.responses import StreamingResponse

from analytics.pages.site import HEADERS, PRIVATE

log = structlog.get_logger()

EVERY = 1.0  # seconds between two ticks
SHARE = 0.4  # of a processor, at most, for all pages that are watched: with many of them the ticks are longer
STALE = 10.0  # seconds after which a page is drawn anew though nothing was loaded: time goes on
QUIET = 15.0  # seconds after which a stream says that it still lives
LONGEST = 600.0  # seconds; then the browser connects anew and shows again who it is

Pieces = dict[str, str]
"""The live pieces of a page by the id of their element."""


class Bell(Protocol):
    """Tells that the process ends."""

    def is_set(self) -> bool:
        """Says whether it does."""


class Drawing(NamedTuple):
    """How a page is drawn: what to draw when something was loaded, and what at every tick. Both run in a thread."""

    loaded: Callable[[], Pieces]
    tick: Callable[[], Pieces] = dict


class Watched:
    """One page as one viewer sees it in one language: its pieces, and when each last changed."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._position: object = None
        self._drawn_at = -STALE
        self._pieces: Pieces = {}
        self._changed: dict[str, int] = {}
        self.number = 0
        self.watchers = 0
        self.failing = False
        self.news = asyncio.Condition()

    async def redraw(self, position: object) -> None:
        """Draws in a thread what may have changed, and wakes the watchers when it has."""
        pieces = await asyncio.to_thread(self._draw, position)
        news = [name for name, html in pieces.items() if self._pieces.get(name) != html]
        if not news:
            return
        self.number += 1
        self._changed.update(dict.fromkeys(news, self.number))
        self._pieces = self._pieces | pieces
        async with self.news:
            self.news.notify_all()

    def _draw(self, position: object) -> Pieces:
        now = time.monotonic()
        if position == self._position and now - self._drawn_at < STALE:
            return self._drawing.tick()
        pieces = self._drawing.loaded() | self._drawing.tick()
        self._position, self._drawn_at = position, now
        return pieces

    def since(self, seen: int) -> str:
        """Gives the pieces that changed since; rows inside a table, as a parser drops a row that stands elsewhere."""
        html = [html for name, html in self._pieces.items() if self._changed[name] > seen]
        rows = "".join(piece for piece in html if piece.startswith("<tr"))
        others = "".join(piece for piece in html if not piece.startswith("<tr"))
        return f"{others}<table data-rows>{rows}</table>" if rows else others


class Live:
    """All that is being watched. One task draws for each, from the first watcher until the last has gone."""

    def __init__(self, closing: Bell, position: Callable[[], object], every: float = EVERY) -> None:
        """`position` changes when something was loaded."""
        self._closing, self._position, self._every = closing, position, every
        self._watched: dict[Hashable, Watched] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._run = secrets.token_hex(4)

    def stream(self, request: Request, key: Hashable, drawing: Drawing) -> StreamingResponse:
        """Answers with a stream of patches; `drawing` makes the pieces of what `key` names."""
        packed = "gzip" in request.headers.get("accept-encoding", "")
        run, _, number = request.headers.get("last-event-id", "").partition("-")
        seen = int(number) if run == self._run and number.isdecimal() else 0
        headers = HEADERS | PRIVATE | {"X-Accel-Buffering": "no"}
        headers |= {"Content-Encoding": "gzip"} if packed else {}
        body = self._patches(key, drawing, seen)
        return StreamingResponse(_packed(body) if packed else body, media_type="text/event-stream", headers=headers)

    async def _patches(self, key: Hashable, drawing: Drawing, seen: int) -> AsyncIterator[bytes]:
        watched = self._watched.get(key)
        if watched is None:
            watched = self._watched[key] = Watched(drawing)
            task = asyncio.create_task(self._keep_drawing(key, watched))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        watched.watchers += 1
        until = asyncio.get_running_loop().time() + LONGEST
        try:
            yield b"retry: 2000\n\n"
            while not self._closing.is_set() and asyncio.get_running_loop().time() < until:
                if watched.number > seen:
                    html, seen = watched.since(seen), watched.number
                    yield f"id: {self._run}-{seen}\nevent: patch\ndata: {' '.join(html.split())}\n\n".encode()
                elif not await self._woken(watched, seen):
                    yield b": still here\n\n"
        finally:
            watched.watchers -= 1

    async def _woken(self, watched: Watched, seen: int) -> bool:
        """Waits for news or the end; False when there was neither for a while."""
        try:
            async with asyncio.timeout(QUIET), watched.news:
                await watched.news.wait_for(lambda: watched.number > seen or self._closing.is_set())
        except TimeoutError:
            return False
        return True

    async def _keep_drawing(self, key: Hashable, watched: Watched) -> None:
        loop = asyncio.get_running_loop()
        while watched.watchers and not self._closing.is_set():
            began = loop.time()
            try:
                await watched.redraw(await asyncio.to_thread(self._position))
                watched.failing = False
            except Exception:  # the warehouse may just be opened anew; the next tick tries again
                if not watched.failing:
                    log.warning("pages.redraw_failed", page=key, exc_info=True)
                watched.failing = True
            cost = loop.time() - began
            await asyncio.sleep(max(self._every - cost, cost * len(self._watched) / SHARE - cost))
        del self._watched[key]
        async with watched.news:
            watched.news.notify_all()


async def _packed(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Compresses a stream so that each part can be read at once; what it said before makes the next part small."""
    packer = zlib.compressobj(5, zlib.DEFLATED, 16 + 13, 6)
    async for part in body:
        yield packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)
