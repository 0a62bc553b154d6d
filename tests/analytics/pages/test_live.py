"""Live: one renderer however many watch, patches of what changed, and no piece for the eyes of another."""

import asyncio
import zlib
from contextlib import asynccontextmanager
from itertools import count

import pytest
from starlette.requests import Request

from analytics.pages.live import Drawing, Live


class Closing:
    def __init__(self) -> None:
        self.closed = False

    def is_set(self) -> bool:
        return self.closed


@pytest.fixture
def live():
    closing, loaded = Closing(), count()
    live = Live(closing, loaded.__next__, every=0.01)
    live.closing = closing
    return live


def asked(**headers: str) -> Request:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": given, "method": "GET", "path": "/", "query_string": b""})


@asynccontextmanager
async def watching(live, key, draw, **headers):
    body = live.stream(asked(**headers), key, Drawing(draw)).body_iterator
    yield body
    await body.aclose()


async def patch(body) -> str:
    async with asyncio.timeout(5):
        async for part in body:
            text = part.decode()
            if "event: patch" in text:
                return text
    return ""


async def test_the_first_patch_has_all_and_the_next_only_what_changed(live):
    """A watcher is first sent every piece, then those that changed."""
    told = {"a": "<p id=a>1</p>", "b": "<p id=b>1</p>"}
    async with watching(live, "page", lambda: dict(told)) as body:
        first = await patch(body)
        assert "id=a" in first
        assert "id=b" in first
        told["b"] = "<p id=b>2</p>"
        assert "data: <p id=b>2</p>\n" in await patch(body)


async def test_rows_travel_inside_a_table(live):
    """Rows come together inside a table, as a parser drops a row that stands elsewhere."""
    pieces = {"a": "<section>1</section>", "r": "<tr id=r></tr>", "s": "<tr id=s></tr>"}
    async with watching(live, "page", lambda: pieces) as body:
        assert "<section>1</section><table data-rows><tr id=r></tr><tr id=s></tr></table>" in await patch(body)


async def test_one_drawing_serves_all_who_watch_the_same(live):
    """Twenty watchers of one page cost as many drawings as one."""
    drawn = []
    async with watching(live, "page", lambda: {"n": f"<p>{drawn.append(1) or len(drawn)}</p>"}) as first:
        others = [
            live.stream(asked(), "page", Drawing(lambda: pytest.fail("drawn twice"))).body_iterator for _ in range(20)
        ]
        assert await patch(first)
        assert all(await asyncio.gather(*map(patch, others)))
        for other in others:
            await other.aclose()


async def test_viewers_never_get_each_others_pieces(live):
    """Two viewers of the same kind of page are drawn for apart."""
    async with (
        watching(live, ("order", "seller-1"), lambda: {"x": "<p>secret of 1</p>"}) as one,
        watching(live, ("order", "seller-2"), lambda: {"x": "<p>secret of 2</p>"}) as two,
    ):
        assert "of 1" in await patch(one)
        assert "of 2" in await patch(two)


async def test_who_comes_back_is_sent_what_was_missed(live):
    """A browser that reconnects says what it saw last and gets only what is newer; of an older run it gets all."""
    told = {"a": "<p id=a>1</p>", "b": "<p id=b>1</p>"}
    async with watching(live, "page", lambda: dict(told)) as body:
        seen = (await patch(body)).split("id: ")[1].split("\n")[0]
        told["b"] = "<p id=b>2</p>"
        await patch(body)
        async with watching(live, "page", dict, last_event_id=seen) as again:
            assert "id=a" not in await patch(again)
        async with watching(live, "page", dict, last_event_id="0ther-7") as stranger:
            assert "id=a" in await patch(stranger)


async def test_a_drawing_that_fails_is_tried_again(live):
    """A failure of one tick is not the end of the stream."""
    turns = iter([ValueError("the warehouse is being opened"), {"a": "<p>well</p>"}])

    def draw():
        turn = next(turns, {"a": "<p>well</p>"})
        if isinstance(turn, Exception):
            raise turn
        return turn

    async with watching(live, "page", draw) as body:
        assert "well" in await patch(body)


async def test_nothing_is_drawn_when_nobody_watches(live):
    """With the last watcher the drawing ends and what was drawn is forgotten."""
    drawn = []
    async with watching(live, "page", lambda: {"n": f"<p>{drawn.append(1) or len(drawn)}</p>"}) as body:
        await patch(body)
    await asyncio.gather(*live._tasks)
    before = len(drawn)
    await asyncio.sleep(0.05)
    assert len(drawn) == before
    assert not live._watched


async def test_streams_end_with_the_process(live):
    """When the process ends, so do the streams, and the browsers will find the next one."""
    async with watching(live, "page", lambda: {"a": "<p>1</p>"}) as body:
        await patch(body)
        live.closing.closed = True
        assert await patch(body) == ""


async def test_a_stream_can_be_compressed_and_read_part_by_part(live):
    """Each patch can be unpacked as it comes, without waiting for the end."""
    unpack = zlib.decompressobj(31)
    async with watching(live, "page", lambda: {"a": "<p>1</p>"}, accept_encoding="gzip") as body:
        text = ""
        async for part in body:
            text += unpack.decompress(part).decode()
            if "<p>1</p>" in text:
                return
    pytest.fail(text)


async def test_without_news_only_what_ticks_is_drawn(live):
    """While nothing is loaded, a page costs no more than its clock; who comes late still gets all of it."""
    live._position, drawn, ticks = lambda: "the same", [], count()
    drawing = Drawing(lambda: {"n": f"<p>{drawn.append(1)}</p>"}, lambda: {"t": f"<i>{next(ticks)}</i>"})
    body = live.stream(asked(), "page", drawing).body_iterator
    assert "<p>" in await patch(body)
    for _ in range(5):
        assert "<p>" not in await patch(body)
    assert len(drawn) == 1
    late = live.stream(asked(), "page", drawing).body_iterator
    assert "<p>" in await patch(late)
    await late.aclose()
    await body.aclose()
