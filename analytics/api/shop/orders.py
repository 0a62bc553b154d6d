"""Orders: the list of a tab, one order with all that is known, and its trail."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request
from pydantic import AfterValidator, Field

from analytics import exports
from analytics.access import Viewer
from analytics.api import services
from analytics.api.formats import FILES, NO_MORE, Asked, Split, wanted
from analytics.api.problems import Problem, told
from analytics.api.session import Anyone
from analytics.api.shapes import Counted, Since, Until, member
from analytics.api.shop.trail import Event
from analytics.api.shop.whole_order import OrderLine, WholeOrder
from schemas.facts import Order
from schemas.promises import promises_of
from schemas.statuses import BUYER_TABS, BY_NAME, SELLER_TABS

router = APIRouter(prefix="/v1/orders", tags=["orders"])

TABS = {"seller": SELLER_TABS, "buyer": BUYER_TABS, "operator": SELLER_TABS}
"""Which tabs a role has."""

COLUMNS: exports.Columns = {
    "order_id": "text",
    "seller_id": "text",
    "buyer_id": "text",
    "buyer_name": "text",
    "city": "text",
    "item": "text",
    "quantity": "number",
    "total": "number",
    "currency": "text",
    "cod": "yes",
    "status": "text",
    "since": "time",
    "seller_tab": "text",
    "buyer_tab": "text",
    "placed_at": "time",
    "paid_at": "time",
    "carrier": "text",
    "tracking_number": "text",
    "scan_milestone": "text",
    "scan_words": "text",
    "scan_location": "text",
    "scan_at": "time",
    "ship_by": "time",
    "source": "text",
    "channel": "text",
}
"""What a file of orders holds; `total` in minor units."""

TRAIL_COLUMNS: exports.Columns = {
    "event_id": "text",
    "type": "text",
    "occurred_at": "time",
    "received_at": "time",
    "source": "text",
    "late": "yes",
    "carrier": "text",
    "tracking_number": "text",
    "milestone": "text",
    "code": "text",
    "words": "text",
    "location": "text",
    "status": "text",
    "word": "text",
    "amount": "number",
    "currency": "text",
    "evidence_partition": "number",
    "evidence_offset": "number",
}

_CURSOR = r"^\d{1,15}/."
_PAGE = 5_000  # rows that an export asks for at once

OrderId = Annotated[str, Path(max_length=300, examples=["tiktok_shop:576461413038785752"])]


class OrdersAsked(Split, Asked):
    """Which orders to list."""

    tab: Annotated[str, AfterValidator(member((*SELLER_TABS, *BUYER_TABS))), Field(examples=["ready"])] | None = None
    status: Annotated[str, AfterValidator(member(BY_NAME)), Field(examples=["in_transit"])] | None = None
    q: Annotated[str, Field(max_length=200, description="part of an id, tracking number, buyer or article")] | None = (
        None
    )
    since: Annotated[Since | None, Field(alias="from", description="placed at or after")] = None
    until: Annotated[Until | None, Field(alias="to", description="placed before; a day is meant to its end")] = None
    cursor: Annotated[str, Field(max_length=500, pattern=_CURSOR, description="`next` of the page before")] | None = (
        None
    )
    limit: Annotated[int, Field(ge=1, le=500)] | None = None

    def filters(self) -> dict[str, Any]:
        """Gives what the report needs to know."""
        return self.model_dump(include={"tab", "status", "q", "since", "until", "source", "channel"})


class OrderList(Counted):
    """One page of orders, newest first."""

    orders: list[OrderLine]
    next: Annotated[str | None, Field(description="cursor of the page that follows; null on the last")] = None


class Trail(Counted):
    """Every event of an order, oldest first."""

    order_id: str
    events: list[Event]


@router.get("", response_model=OrderList, responses={200: {"content": FILES}, **told("not-acceptable")})
def list_orders(request: Request, viewer: Anyone, asked: Annotated[OrdersAsked, Query()]) -> Any:  # noqa: ANN401  # FastAPI shapes it
    """Lists the orders of a tab, newest first; as a file, all of them."""
    ours, out = services.of(request), wanted(request, asked)
    if asked.tab and asked.tab not in TABS[viewer.role]:
        raise Problem("invalid", f"tab: a {viewer.role} has {', '.join(TABS[viewer.role])}.")
    if out.file:
        return out.export("orders", COLUMNS, islice(_every_order(request, viewer, asked), asked.limit))
    limit = asked.limit or 50
    rows = ours.report("orders", viewer, **asked.filters(), cursor=asked.cursor, limit=limit + 1)
    return {
        "orders": [OrderLine.of(row) for row in rows[:limit]],
        "next": rows[limit - 1]["cursor"] if len(rows) > limit else None,
        "watermark": out.watermark,
    }


@router.get("/{order_id:path}/events", response_model=Trail, responses={200: {"content": FILES}, **told("not-found")})
def read_trail(request: Request, viewer: Anyone, order_id: OrderId, asked: Annotated[Asked, Query()]) -> Any:  # noqa: ANN401  # as above
    """Gives an order's events with the evidence of each: down to the bytes that a sender sent."""
    out = wanted(request, asked)
    rows = services.of(request).report("trail", viewer, order_id=order_id)
    if not rows:
        _find(request, viewer, order_id)  # without events it may still be an order
    if out.file:
        return out.export("events", TRAIL_COLUMNS, rows)
    return {"order_id": order_id, "events": [Event.of(row) for row in rows], "watermark": out.watermark}


@router.get("/{order_id:path}", responses=told("not-found"), dependencies=[NO_MORE])
def read_order(request: Request, viewer: Anyone, order_id: OrderId) -> WholeOrder:
    """Gives all that is known of one order; what contradicts itself in it is no buyer's business."""
    ours = services.of(request)
    watermark = ours.watermark()
    row = _find(request, viewer, order_id)
    anomalies = [] if viewer.role == "buyer" else ours.report("anomalies", viewer, order_id=order_id)
    facts = msgspec.json.decode(row["facts"], type=Order)
    times = ours.settings.times()
    standings = promises_of(facts, ours.now(), times if viewer.role == "seller" else times._replace(owned={}))
    return WholeOrder.told(row, facts, standings, anomalies, watermark)


def _find(request: Request, viewer: Viewer, order_id: str) -> dict[str, Any]:
    """Finds an order of this viewer. Another's is as absent as one that never was."""
    rows = services.of(request).report("order", viewer, order_id=order_id)
    if not rows:
        raise Problem("not-found", f"You have no order {order_id}.")
    return rows[0]


def _every_order(request: Request, viewer: Viewer, asked: OrdersAsked) -> Iterator[dict[str, Any]]:
    """Gives the orders of all pages from the cursor on."""
    cursor = asked.cursor
    while True:
        rows = services.of(request).report("orders", viewer, **asked.filters(), cursor=cursor, limit=_PAGE)
        yield from rows
        if len(rows) < _PAGE:
            return
        cursor = rows[-1]["cursor"]
