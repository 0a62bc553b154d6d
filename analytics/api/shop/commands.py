"""Commands: what a seller or a buyer asks of an order, one door each; and where an answer that is late is found."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Any, cast

import msgspec
from fastapi import APIRouter, Header, Request
from pydantic import Field
from starlette.responses import JSONResponse, Response

from analytics.access import Viewer
from analytics.api import services
from analytics.api.formats import NO_MORE
from analytics.api.problems import told
from analytics.api.session import Anyone
from analytics.api.shapes import Shape, Text, Time
from analytics.api.shop import asking
from analytics.api.shop.orders import OrderId
from schemas.commands import COMMANDS, Answer, Kind, order_of
from schemas.offers import missing, offers
from schemas.payloads import Nothing

router = APIRouter(tags=["commands"])

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key", max_length=200, description="the same key asks the same thing once; else a new one"
    ),
]


class Answered(Shape):
    """What became of a command."""

    command_id: str
    order_id: str
    state: str = Field(examples=["done", "refused", "waiting"])
    command: Text = Field(examples=["confirm"])
    by: Text = None
    asked_at: Time | None = None
    decided_at: Time | None = None
    order_status: Text = Field(None, description="of the order, after it", examples=["ready_to_ship"])
    events: list[str] = Field([], description="ids of the events that it led to")
    rule: Text = Field(None, description="by which it was refused", examples=["already"])
    values: dict[str, str] = Field({}, description="what the refusal names")

    @classmethod
    def of(cls, command_id: str, answer: Answer | None) -> "Answered":
        """Reads an answer; None is none yet."""
        if answer is None:
            return cls(command_id=command_id, order_id=order_of(command_id), state="waiting", command=None)
        told = msgspec.structs.asdict(answer)
        state = "refused" if answer.refused else "done"
        more = {"command": answer.name, "order_status": answer.status, "rule": answer.refused}
        return cls.model_validate({**told, "state": state, **more})


class Offer(Shape):
    """A command that there is a point in asking now."""

    command: str = Field(examples=["confirm"])
    says: str


class InStock(Shape):
    """An article of an order that has not left: what of it is on the shelf for this order and for all others."""

    sku: str
    quantity: int
    state: str = Field(description="uncounted: nobody told how many there are", examples=["ok", "oversold"])
    available: int | None = Field(description="after all open orders have theirs; below 0 some go without")


class Offers(Shape):
    """What can be asked of an order as it looks; each command is judged anew when it is asked."""

    order_id: str
    order_status: str
    offers: list[Offer]
    missing: list[str] = Field(description="what is to be known before it can be confirmed", examples=[["articles"]])
    asked: list[Answered] = Field(description="what the one who looks has asked lately, the latest first")
    stock: list[InStock] = Field(description="of a seller's order: to check before it is confirmed")


@router.get("/v1/orders/{order_id:path}/commands", responses=told("not-found"), dependencies=[NO_MORE])
def list_offers(request: Request, viewer: Anyone, order_id: OrderId) -> Offers:
    """Tells what can be asked of an order now, and what is missing before it can be confirmed."""
    ours = services.of(request)
    order = asking.find_order(ours, viewer, order_id)
    names = [] if viewer.role == "operator" else offers(order, viewer.role, asking.terms_of(ours, viewer, order_id))
    return Offers(
        order_id=order_id,
        order_status=order.status,
        offers=[Offer(command=name, says=COMMANDS[name].says) for name in names],
        missing=missing(order),
        asked=[Answered.of(answer.command_id, answer) for answer in asking.asked_by(order, viewer)],
        stock=[] if viewer.role == "buyer" else [InStock(**row) for row in asking.stock_of(ours, viewer, order)],
    )


@router.get("/v1/commands/{command_id:path}", responses=told("not-found"), dependencies=[NO_MORE])
def read_answer(request: Request, viewer: Anyone, command_id: OrderId) -> Answered:
    """Tells what became of a command: done, refused by which rule, or waiting; those of the last day are kept."""
    return Answered.of(command_id, asking.find_answer(services.of(request), viewer, command_id))


async def _answer(request: Request, viewer: Viewer, wish: asking.Wish) -> Response:
    command_id, answer = await asking.ask(services.of(request), viewer, wish)
    if answer and answer.refused:
        raise asking.refusal(answer)
    body = Answered.of(command_id, answer).model_dump(mode="json")
    if answer is None:
        return JSONResponse(body, 202, {"Location": f"/v1/commands/{command_id}", "Retry-After": "1"})
    return JSONResponse(body)


def _door(name: str, kind: Kind) -> Callable[..., Awaitable[Response]]:
    """Makes the door of one command: its body is the command's shape."""

    async def bare(request: Request, viewer: Anyone, order_id: OrderId, key: Key = "") -> Response:
        return await _answer(request, viewer, asking.Wish(order_id, name, {}, key or asking.new_key()))

    async def full(request: Request, viewer: Anyone, order_id: OrderId, asked: object, key: Key = "") -> Response:
        payload = asdict(cast("Any", asked))
        return await _answer(request, viewer, asking.Wish(order_id, name, payload, key or asking.new_key()))

    if kind.shape is Nothing:
        return bare
    full.__annotations__["asked"] = kind.shape
    return full


for _name, _kind in COMMANDS.items():
    if set(_kind.by) & set(asking.PARTIES):
        router.add_api_route(
            f"/v1/orders/{{order_id:path}}/{_name}",
            _door(_name, _kind),
            methods=["POST"],
            name=_name,
            operation_id=_name,
            summary=_name.replace("_", " "),
            description=f"{_kind.says} 202 when the stream is slow: `Location` tells where its answer will be.",
            response_model=Answered,
            responses={
                202: {"model": Answered, "description": "It is kept, and not judged yet"},
                **told("not-found", "conflict", "too-many", "unavailable"),
            },
            dependencies=[NO_MORE],
        )
