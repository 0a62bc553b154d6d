"""A seller's own endpoint: where what the inbox is told is sent too, as signed Standard Webhooks."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from analytics import endpoints
from analytics.access import Viewer
from analytics.api import services
from analytics.api.formats import NO_MORE, Plain
from analytics.api.problems import Problem, told
from analytics.api.services import Services
from analytics.api.session import viewer_for
from analytics.api.shapes import Shape, Text, Time, member
from pipeline.endpoints import guard
from schemas.messages import KINDS

router = APIRouter(prefix="/v1/endpoint", tags=["endpoint"])

Seller = Annotated[Viewer, Depends(viewer_for("seller"))]
Kind = Annotated[str, AfterValidator(member(KINDS)), WithJsonSchema({"type": "string", "enum": list(KINDS)})]
State = Literal["waiting", "delivered", "failed", "missed"]


class Set(BaseModel):
    """What a seller sets."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=guard.LONGEST_URL, description="https://…; empty = nothing is sent")
    messages: list[Kind] | None = Field(
        None, description="what buyers are told leaves through it too, as `message.…`; null = as it was"
    )


class Shown(Shape):
    """A seller's own endpoint and how it does."""

    url: Text
    state: Literal["none", "working", "failing", "paused"]
    failing_since: Time | None
    paused_at: Time | None
    why: Text = Field(description="what its first failure was, or why it is paused")
    messages: list[str] = Field(description="kinds of what buyers are told that leave through it too")
    sent: dict[State, int] = Field(description="how many messages stand how")
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


@router.put("", responses=told("unavailable", "too-many"), dependencies=[NO_MORE])
def change_endpoint(request: Request, viewer: Seller, asked: Set) -> Shown:
    """Sets the URL. The first answer tells the secret that signs; a paused endpoint works again at a new URL."""
    return shown(
        services.of(request), viewer, endpoints.change(services.of(request), viewer, asked.url, asked.messages)
    )


@router.post("/secret", responses=told("unavailable", "conflict", "too-many"), dependencies=[NO_MORE])
def change_secret(request: Request, viewer: Seller) -> Shown:
    """Makes a new secret and tells it, this once; for a day the one before signs too."""
    return shown(services.of(request), viewer, endpoints.renew(services.of(request), viewer))


@router.post("/resume", responses=told("unavailable", "conflict"), dependencies=[NO_MORE])
def resume_endpoint(request: Request, viewer: Seller) -> Shown:
    """Lets a paused endpoint work again; what it missed is sent when it is asked for."""
    endpoints.resume(services.of(request), viewer)
    return shown(services.of(request), viewer)


@router.post("/test", responses=told("unavailable", "conflict"), dependencies=[NO_MORE])
def test_endpoint(request: Request, viewer: Seller) -> Again:
    """Sends a message of type `notice.test`."""
    endpoints.test(services.of(request), viewer)
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
    return Again(sent=endpoints.resend(services.of(request), viewer, state="undelivered"))


@router.post(
    "/sendings/{sending_id}/resend", responses=told("not-found", "unavailable", "conflict"), dependencies=[NO_MORE]
)
def resend_one(request: Request, viewer: Seller, sending_id: Annotated[str, Path(max_length=40)]) -> Again:
    """Sends one message again, whatever became of it; its `webhook-id` is the same."""
    found = endpoints.resend(services.of(request), viewer, sending_id=sending_id)
    if not found:
        raise Problem("not-found", "You have no such message.")
    return Again(sent=found)


def shown(ours: Services, viewer: Viewer, secret: str = "") -> Shown:
    """Gives what a seller may see of it."""
    endpoint, standing = endpoints.find(ours, viewer)
    counts = {row["state"]: row["messages"] for row in ours.report("sending_states", viewer)}
    state: Any = "paused" if standing.paused_at else "failing" if standing.failing_since else "working"
    return Shown(
        url=endpoint.url,
        state=state if endpoint.url else "none",
        failing_since=standing.failing_since or None,
        paused_at=standing.paused_at or None,
        why=standing.why,
        messages=endpoint.messages,
        sent={name: counts.get(name, 0) for name in ("waiting", "delivered", "failed", "missed")},
        secret=secret or None,
    )
