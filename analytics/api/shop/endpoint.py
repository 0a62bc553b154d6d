"""A seller's own endpoint: where what the inbox is told is sent too, as signed Standard Webhooks."""

import threading
import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field

from analytics.access import Viewer
from analytics.api import services
from analytics.api.formats import NO_MORE, Plain
from analytics.api.problems import Problem, told
from analytics.api.services import Services
from analytics.api.session import viewer_for
from analytics.api.shapes import Shape, Text, Time
from pipeline import codec
from pipeline.endpoints import guard, message
from schemas.endpoints import Endpoint, Standing, Wish, audience_of
from schemas.notices import Notice

router = APIRouter(prefix="/v1/endpoint", tags=["endpoint"])

Seller = Annotated[Viewer, Depends(viewer_for("seller"))]
State = Literal["waiting", "delivered", "failed", "missed"]

PATIENCE, PAUSE = 3.0, 0.05
"""Seconds that a change waits to be loaded, and between two looks."""

AT_ONCE = 1_000
"""Messages that are sent again at one time."""

_changing = threading.Lock()
"""A change is made of what is loaded: two at a time could undo each other."""


class Set(BaseModel):
    """What a seller sets."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=guard.LONGEST_URL, description="https://…; empty = nothing is sent")


class Shown(Shape):
    """A seller's own endpoint and how it does."""

    url: Text
    state: Literal["none", "working", "failing", "paused"]
    failing_since: Time | None
    paused_at: Time | None
    why: Text = Field(description="what its first failure was, or why it is paused")
    messages: dict[State, int] = Field(description="how many stand how")
    secret: str | None = Field(None, description="told once: by the answer that made it")


class Sent(Shape):
    """One message to an endpoint."""

    sending_id: str = Field(description="its `webhook-id`")
    state: State
    attempts: int
    due: Time | None = Field(description="when it is tried next")
    attempted_at: Time | None
    answer: Text = Field(description="a status, or why there was none")
    notice_id: str
    kind: str
    order_id: Text


class SentList(Shape):
    """Messages, those of which something was told last first."""

    sendings: list[Sent]


class Again(Shape):
    """How many messages are sent again."""

    sent: int


class SendingsAsked(Plain):
    """Which messages."""

    state: Annotated[State | None, Field(description="only those that stand so")] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


@router.get("", responses=told(), dependencies=[NO_MORE])
def read_endpoint(request: Request, viewer: Seller) -> Shown:
    """Gives the seller's own endpoint, as far as it is loaded."""
    return shown(services.of(request), viewer)


@router.put("", responses=told("unavailable"), dependencies=[NO_MORE])
def change_endpoint(request: Request, viewer: Seller, asked: Set) -> Shown:
    """Sets the URL. The first answer tells the secret that signs; a paused endpoint works again at a new URL."""
    return shown(services.of(request), viewer, change(services.of(request), viewer, asked.url))


@router.post("/secret", responses=told("unavailable", "conflict"), dependencies=[NO_MORE])
def change_secret(request: Request, viewer: Seller) -> Shown:
    """Makes a new secret and tells it, this once; for a day the one before signs too."""
    return shown(services.of(request), viewer, renew(services.of(request), viewer))


@router.post("/resume", responses=told("unavailable", "conflict"), dependencies=[NO_MORE])
def resume_endpoint(request: Request, viewer: Seller) -> Shown:
    """Lets a paused endpoint work again; what it missed is sent when it is asked for."""
    resume(services.of(request), viewer)
    return shown(services.of(request), viewer)


@router.post("/test", responses=told("unavailable", "conflict"), dependencies=[NO_MORE])
def test_endpoint(request: Request, viewer: Seller) -> Again:
    """Sends a message of type `notice.test`."""
    test(services.of(request), viewer)
    return Again(sent=1)


@router.get("/sendings", responses=told())
def list_sendings(request: Request, viewer: Seller, asked: Annotated[SendingsAsked, Query()]) -> SentList:
    """Lists messages to the endpoint."""
    rows = services.of(request).report("sendings", viewer, state=asked.state, limit=asked.limit)
    times = ("due", "attempted_at")
    return SentList(sendings=[Sent.model_validate(row | {t: row[t] or None for t in times}) for row in rows])


@router.post("/sendings/resend", responses=told("unavailable", "conflict"), dependencies=[NO_MORE])
def resend_undelivered(request: Request, viewer: Seller) -> Again:
    """Sends again what failed and what was missed, a thousand messages at a time."""
    return Again(sent=resend(services.of(request), viewer, state="undelivered"))


@router.post(
    "/sendings/{sending_id}/resend", responses=told("not-found", "unavailable", "conflict"), dependencies=[NO_MORE]
)
def resend_one(request: Request, viewer: Seller, sending_id: Annotated[str, Path(max_length=40)]) -> Again:
    """Sends one message again, whatever became of it; its `webhook-id` is the same."""
    found = resend(services.of(request), viewer, sending_id=sending_id)
    if not found:
        raise Problem("not-found", "You have no such message.")
    return Again(sent=found)


def find(ours: Services, viewer: Viewer) -> tuple[Endpoint, Standing]:
    """Gives what a seller has set and how it does; of one who has set nothing an endpoint without a URL."""
    rows = ours.report("endpoint", viewer)
    if not rows:
        return Endpoint(viewer.id), Standing(viewer.id)
    return msgspec.convert(rows[0], Endpoint), msgspec.convert(rows[0], Standing)


def shown(ours: Services, viewer: Viewer, secret: str = "") -> Shown:
    """Gives what a seller may see of it."""
    endpoint, standing = find(ours, viewer)
    counts = {row["state"]: row["messages"] for row in ours.report("sending_states", viewer)}
    state: Any = "paused" if standing.paused_at else "failing" if standing.failing_since else "working"
    return Shown(
        url=endpoint.url,
        state=state if endpoint.url else "none",
        failing_since=standing.failing_since or None,
        paused_at=standing.paused_at or None,
        why=standing.why,
        messages={name: counts.get(name, 0) for name in ("waiting", "delivered", "failed", "missed")},
        secret=secret or None,
    )


def change(ours: Services, viewer: Viewer, url: str) -> str:
    """Sets the URL, and gives the secret if that made one. Raises a Problem when no message may go there."""
    try:
        if url:
            guard.read_url(url, private=ours.settings.endpoints.private)
    except guard.Forbidden as error:
        raise Problem("invalid", f"url: {error}.") from error
    with _changing:
        endpoint, standing = find(ours, viewer)
        made = "" if endpoint.secret else message.make_secret()
        since = endpoint.since if endpoint.url else ours.now()
        _keep(ours, viewer, replace(endpoint, url=url, secret=endpoint.secret or made, since=since))
    if standing.paused_at and url not in ("", endpoint.url):
        resume(ours, viewer)
    return made


def renew(ours: Services, viewer: Viewer) -> str:
    """Makes a new secret, and gives it."""
    with _changing:
        endpoint = _there(ours, viewer)
        made, until = message.make_secret(), ours.now() + message.BOTH_SIGN
        _keep(ours, viewer, replace(endpoint, secret=made, former=endpoint.secret, former_until=until))
    return made


def resume(ours: Services, viewer: Viewer) -> None:
    """Lets a paused endpoint work again, and waits until it is known to."""
    _there(ours, viewer)
    _wish(ours, Wish(viewer.id, "resume", ours.now()), audience_of(viewer.id))
    _wait(lambda: not find(ours, viewer)[1].paused_at)


def test(ours: Services, viewer: Viewer) -> None:
    """Sends a message that tells nothing."""
    _there(ours, viewer)
    now, audience = ours.now(), audience_of(viewer.id)
    notice = Notice(f"{viewer.id}/{message.TEST}/{now}", audience, message.TEST, "", now, "")
    _wish(ours, Wish(viewer.id, "send", now, notice), audience)


def resend(ours: Services, viewer: Viewer, **which: str) -> int:
    """Sends messages again, and gives how many."""
    _there(ours, viewer)
    rows = ours.report("sendings", viewer, **which, limit=AT_ONCE)
    for row in rows:
        notice = msgspec.convert(row | {"values": msgspec.json.decode(row["told"] or "{}")}, Notice)
        _wish(ours, Wish(viewer.id, "send", ours.now(), notice), notice.audience)
    return len(rows)


def _there(ours: Services, viewer: Viewer) -> Endpoint:
    endpoint, _ = find(ours, viewer)
    if not endpoint.url:
        raise Problem("conflict", "There is no endpoint yet: set its URL first.")
    return endpoint


def _keep(ours: Services, viewer: Viewer, endpoint: Endpoint) -> None:
    changed = replace(endpoint, changed_at=max(ours.now(), endpoint.changed_at + 1))
    ours.write_record("endpoints", audience_of(viewer.id).encode(), codec.encode(changed))
    _wait(lambda: find(ours, viewer)[0] == changed)


def _wish(ours: Services, wish: Wish, audience: str) -> None:
    ours.write_record("endpoint.wishes", audience.encode(), codec.encode(wish))


def _wait(is_there: Callable[[], bool]) -> None:
    """Waits a while for what was asked to be loaded; it will be, if it is not by then."""
    until = time.monotonic() + PATIENCE
    while not is_there() and time.monotonic() < until:
        time.sleep(PAUSE)
