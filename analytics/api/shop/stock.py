"""Stock: where each article stands, and which counts, receipts and orders make up its numbers."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from analytics import exports
from analytics.access import Viewer
from analytics.api import services
from analytics.api.formats import FILES, Asked, wanted
from analytics.api.problems import Problem, told
from analytics.api.session import SellerOrOperator
from analytics.api.shapes import Shape, Text, Time

router = APIRouter(prefix="/v1/stock", tags=["stock"])

State = Literal["oversold", "low", "ok", "uncounted"]
Standing = Literal["reserved", "shipped", "returned", "released"]

COLUMNS: exports.Columns = {
    "seller_id": "text",
    "sku": "text",
    "name": "text",
    "state": "text",
    "received": "number",
    "on_hand": "number",
    "available": "number",
    "reserved": "number",
    "released": "number",
    "shipped": "number",
    "returned": "number",
    "threshold": "number",
    "counted": "number",
    "counted_at": "time",
    "stocked_at": "time",
    "changed_at": "time",
}

MOVEMENT_COLUMNS: exports.Columns = {
    "movement_id": "text",
    "order_id": "text",
    "was_state": "text",
    "was_quantity": "number",
    "state": "text",
    "quantity": "number",
    "at": "time",
    "snapshot_partition": "number",
    "snapshot_offset": "number",
}

_PAGE = 5_000  # rows that an export asks for at once

Seller = Annotated[str, Field(max_length=200, description="whose; a seller's own is the only one there is")]


class StockAsked(Asked):
    """Which articles to list."""

    state: Annotated[State | None, Field(description="only those that stand so")] = None
    q: Annotated[str | None, Field(max_length=200, description="part of a SKU or a name")] = None
    seller: Seller | None = None
    cursor: Annotated[str | None, Field(max_length=500, pattern=r"^\d/.", description="`next` of the page before")] = (
        None
    )
    limit: Annotated[int | None, Field(ge=1, le=500)] = None

    def filters(self) -> dict[str, Any]:
        """Gives what the report needs to know."""
        return self.model_dump(include={"state", "q", "seller"})


class ArticleAsked(Asked):
    """Which movements of an article to list."""

    state: Annotated[Standing | None, Field(description="only those into this state")] = None
    standing: Annotated[bool, Field(description="of each order only what it does now: what the numbers add up")] = False
    seller: Seller | None = None
    cursor: Annotated[
        str | None, Field(pattern=r"^\d{1,18}(\.\d{1,18}){2}$", description="`next` of the page before")
    ] = None
    limit: Annotated[int | None, Field(ge=1, le=500)] = None


class Article(Shape):
    """Where one article stands, in pieces.

    received = available + reserved + shipped - returned, and on_hand = available + reserved.
    """

    seller_id: str
    sku: str = Field(examples=["KOP-GAYO-500"])
    name: Text
    state: State = Field(description="oversold: less than nothing is available; uncounted: nobody told how many")
    received: int = Field(description="what came in by the last count and the receipts since")
    on_hand: int = Field(description="pieces on the shelf, also those of open orders")
    available: int
    reserved: int = Field(description="of orders that are paid and not yet picked up")
    released: int = Field(description="of orders that were cancelled before they left")
    shipped: int = Field(description="of orders that a carrier has picked up, also those that came back")
    returned: int
    threshold: int | None = Field(description="at so many available the seller hears that it is low; null: at none")
    counted: int | None = Field(description="what the last count said")
    counted_at: Time | None
    stocked_at: Time | None = Field(description="the seller's last word on it")
    changed_at: Time


class Told(Shape):
    """A count or a receipt; the bytes that told it are at `/v1/events/{event_id}/raw`."""

    event_id: str
    type: Literal["stock_counted", "stock_received"]
    quantity: int
    threshold: int | None
    occurred_at: Time
    received_at: Time
    source: str
    evidence_topic: str
    evidence_partition: int
    evidence_offset: int


class Movement(Shape):
    """An order does something else with the article; its trail is at `/v1/orders/{order_id}/events`.

    The order's facts that say so are record `snapshot_offset` of partition `snapshot_partition` of `order.snapshots`.
    """

    movement_id: str
    order_id: str
    was_state: Text
    was_quantity: int
    state: Text = Field(description="reserved, shipped, returned or released; null: the order is not for it any more")
    quantity: int
    at: Time
    snapshot_partition: int
    snapshot_offset: int


class StockList(Shape):
    """One page of articles: oversold ones first, then low ones."""

    articles: list[Article]
    next: Annotated[str | None, Field(description="cursor of the page that follows; null on the last")] = None


class WholeArticle(Article):
    """An article with what made its numbers: the last hundred counts and receipts, and a page of movements."""

    told: list[Told]
    movements: list[Movement]
    next: Annotated[str | None, Field(description="cursor of the movements that follow; null on the last page")] = None


@router.get("", response_model=StockList, responses={200: {"content": FILES}, **told("not-acceptable")})
def list_stock(request: Request, viewer: SellerOrOperator, asked: Annotated[StockAsked, Query()]) -> Any:  # noqa: ANN401  # FastAPI shapes it
    """Lists articles, oversold ones first, then low ones; as a file, all of them."""
    ours, out = services.of(request), wanted(request, asked)
    if out.file:
        return out.export("stock", COLUMNS, islice(_every(ours, viewer, asked), asked.limit))
    limit = asked.limit or 50
    rows = ours.report("stock", viewer, **asked.filters(), cursor=asked.cursor, limit=limit + 1)
    return {"articles": rows[:limit], "next": rows[limit - 1]["cursor"] if len(rows) > limit else None}


@router.get(
    "/{sku:path}",
    response_model=WholeArticle,
    responses={200: {"content": FILES}, **told("not-found", "not-acceptable")},
)
def read_article(
    request: Request,
    viewer: SellerOrOperator,
    sku: Annotated[str, Path(max_length=300, examples=["KOP-GAYO-500"])],
    asked: Annotated[ArticleAsked, Query()],
) -> Any:  # noqa: ANN401  # as above
    """Gives one article with the counts, receipts and orders that make up its numbers; as a file, the movements."""
    ours, out = services.of(request), wanted(request, asked)
    article = find_article(ours, viewer, sku, asked.seller)
    whose = {"sku": sku, "seller": article["seller_id"]}
    limit = None if out.file else asked.limit or 50
    more = {"state": asked.state, "standing": asked.standing, "cursor": asked.cursor}
    rows = ours.report("stock_movements", viewer, **whose, **more, limit=limit and limit + 1)
    if out.file:
        return out.export("movements", MOVEMENT_COLUMNS, islice(rows, asked.limit))
    following = rows[limit - 1]["cursor"] if limit and len(rows) > limit else None
    return article | {"told": ours.report("stock_told", viewer, **whose), "movements": rows[:limit], "next": following}


def find_article(ours: services.Services, viewer: Viewer, sku: str, seller: str | None) -> dict[str, Any]:
    """Finds an article of this viewer. Another's is as absent as one that never was. Raises a Problem."""
    rows = ours.report("stock", viewer, sku=sku, seller=seller, limit=2)
    if not rows:
        raise Problem("not-found", f"You have no article {sku}.")
    if len(rows) > 1:
        raise Problem("invalid", f"seller: several have an article {sku}; say whose, such as {rows[0]['seller_id']}.")
    return rows[0]


def _every(ours: services.Services, viewer: Viewer, asked: StockAsked) -> Iterator[dict[str, Any]]:
    """Gives the articles of all pages from the cursor on."""
    cursor = asked.cursor
    while True:
        rows = ours.report("stock", viewer, **asked.filters(), cursor=cursor, limit=_PAGE)
        yield from rows
        if len(rows) < _PAGE:
            return
        cursor = rows[-1]["cursor"]
