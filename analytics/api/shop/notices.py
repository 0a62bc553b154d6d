"""Notices: an inbox to read, and a stream that tells of what comes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query, Request
from fastapi.sse import format_sse_event
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from analytics import exports
from analytics.access import OPERATOR, Viewer
from analytics.api import services, session
from analytics.api.bell import Look
from analytics.api.formats import FILES, Asked, wanted
from analytics.api.problems import Problem, told
from analytics.api.session import Anyone
from analytics.api.shapes import Counted, Shape, Text, Time

router = APIRouter(prefix="/v1/notices", tags=["notices"])

COLUMNS: exports.Columns = {
    "seq": "number",
    "notice_id": "text",
    "audience": "text",
    "kind": "text",
    "order_id": "text",
    "occurred_at": "time",
    "event_id": "text",
    "told": "text",
}

_AT_ONCE = 100  # notices that a stream sends before it looks whether there are more
_LOOKED_AT = 10_000  # new notices that one look takes in; more are left for the next
_HEARTBEAT = 15.0  # seconds of silence that proxies and browsers bear
_STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class NoticesAsked(Asked):
    """Which notices."""

    after: Annotated[int | None, Field(ge=0, le=2**62, description="only those after this `seq`, oldest first")] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    source: Annotated[str | None, Field(max_length=100, description="of orders from this marketplace alone")] = None
    channel: Annotated[str | None, Field(max_length=100, description="of orders from this channel alone")] = None


class Notice(Shape):
    """One line of somebody's inbox."""

    seq: int = Field(description="their order of arrival; a stream goes on after it")
    notice_id: str
    audience: str = Field(examples=["seller:tiktok_shop:7495"])
    kind: str = Field(examples=["payment_received"])
    order_id: Text
    occurred_at: Time
    event_id: Text
    values: dict[str, str] = Field(description="what its text is made of")

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Notice":
        """Reads a row of report `notices`."""
        return cls.model_validate(row | {"values": msgspec.json.decode(row["told"] or "{}")})


class NoticeList(Counted):
    """An inbox, newest first; after a `seq`, oldest first."""

    notices: list[Notice]


@router.get("", response_model=NoticeList, responses={200: {"content": FILES}, **told("not-acceptable")})
def list_notices(request: Request, viewer: Anyone, asked: Annotated[NoticesAsked, Query()]) -> Any:  # noqa: ANN401  # FastAPI shapes it
    """Lists notices to the one who asks; an operator reads everybody's."""
    out = wanted(request, asked)
    which = asked.model_dump(include={"after", "limit", "source"})
    if asked.channel:
        rows = services.of(request).report("channel_notices", viewer, **which, channel=asked.channel)
    else:
        rows = services.of(request).report("notices", viewer, **which)
    if out.file:
        return out.export("notices", COLUMNS, rows)
    return {"notices": [Notice.of(row) for row in rows], "watermark": out.watermark}


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={
        200: {"description": "Server-Sent Events named `notice`", "content": {"text/event-stream": {}}},
        **told(),
    },
)
async def stream_notices(
    request: Request, viewer: Anyone, last_event_id: Annotated[str, Header(max_length=20)] = ""
) -> StreamingResponse:
    """Tells each notice as it comes; after a break it goes on where the browser's Last-Event-ID stands."""
    after = await run_in_threadpool(newest, services.of(request), viewer)
    if last_event_id.isdecimal():
        after = min(after, int(last_event_id))  # in a warehouse made anew the count may be smaller
    return StreamingResponse(_tell(request, viewer, after), media_type="text/event-stream", headers=_STREAM)


def newest(ours: services.Services, viewer: Viewer) -> int:
    """Gives the `seq` of the newest notice to a viewer."""
    rows = ours.report("notices", viewer, limit=1)
    return int(rows[0]["seq"]) if rows else 0


def look_for_news(ours: services.Services) -> Look:
    """Makes what tells the bell who has new notices."""

    def look(place: int | None) -> tuple[int, set[str]]:
        if place is None:
            return newest(ours, OPERATOR), set()
        rows = ours.report("notices", OPERATOR, after=place, limit=_LOOKED_AT)
        return max((row["seq"] for row in rows), default=place), {row["audience"] for row in rows}

    return lambda place: run_in_threadpool(look, place)


async def _tell(request: Request, viewer: Viewer, after: int) -> AsyncIterator[bytes]:
    """Sends what is new whenever the bell rings; ends with the process, or with the token."""
    ours = services.of(request)
    yield format_sse_event(retry=2_000)
    with ours.bell.listen(viewer.audience) as rung:
        while not ours.closing.is_set():
            rung.clear()
            rows = await run_in_threadpool(ours.report, "notices", viewer, after=after, limit=_AT_ONCE)
            if rows:
                after = rows[-1]["seq"]
                yield b"".join(_event(row) for row in rows)  # at once: each sending costs more than what is sent
            if len(rows) == _AT_ONCE:
                continue
            try:
                await asyncio.wait_for(rung.wait(), _HEARTBEAT)
            except TimeoutError:
                yield format_sse_event(comment="still here")
            if not _still_welcome(request, viewer):
                return


def _event(row: dict[str, Any]) -> bytes:
    return format_sse_event(event="notice", id=str(row["seq"]), data_str=Notice.of(row).model_dump_json())


def _still_welcome(request: Request, viewer: Viewer) -> bool:
    try:
        return session.find_viewer(request, viewer.role) == viewer
    except Problem:
        return False
