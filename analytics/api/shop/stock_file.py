"""Stock as a file: today's to take away, which can be imported again, and a file to bring in."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import Field

from analytics import exports
from analytics.access import OPERATOR, Viewer
from analytics.api import services
from analytics.api.formats import NO_MORE, Plain
from analytics.api.problems import Problem, told
from analytics.api.session import SellerOrOperator
from analytics.api.shapes import Shape
from pipeline.importing import import_stock
from pipeline.sources.files.stock_csv import MOST_BYTES, TEMPLATE

router = APIRouter(prefix="/v1/stock-file", tags=["stock"])

CSV: dict[int | str, dict[str, Any]] = {
    200: {"description": "a CSV file that can be imported", "content": {"text/csv": {}}}
}
KINDS: exports.Columns = {
    "sku": "text",
    "name": "text",
    "quantity": "number",
    "kind": "text",
    "at": "time",
    "threshold": "number",
}
"""The columns of an import."""


class Whose(Plain):
    """Whose stock it is."""

    seller: Annotated[
        str, Field(max_length=200, description="an operator must say it; a seller's own is the only one")
    ] = ""


class Importing(Whose):
    """How to import."""

    dry_run: Annotated[bool, Field(description="only tell what the file says")] = False


class WrongLine(Shape):
    """A line that cannot be taken."""

    line: int
    why: str


class Import(Shape):
    """What an import did, or would do. If any line is wrong, nothing of the file was taken."""

    file: str = Field(description="the file's digest: the same file again counts once")
    counted: int
    received: int
    silent: int = Field(description="lines without a quantity, which say nothing")
    wrong: list[WrongLine]
    sent: bool


@router.get("", response_class=Response, responses={**CSV, **told()})
def read_file(request: Request, viewer: SellerOrOperator, asked: Annotated[Whose, Query()]) -> Response:
    """Gives today's stock as a file that can be imported again; an article that was never counted has no quantity."""
    ours, seller = services.of(request), _whose(viewer, asked.seller)
    file, _ = exports.make(exports.EXPORTS["csv"], KINDS, _lines(ours, viewer, seller))
    with file:
        return _csv(file.read(), "stock.csv")


@router.get("/template", response_class=Response, responses={**CSV, **told()}, dependencies=[NO_MORE])
def read_template(viewer: SellerOrOperator) -> Response:
    """Gives a file to begin with."""
    del viewer
    return _csv(TEMPLATE.encode(), "stock-template.csv")


@router.post("", responses=told("too-large", "unavailable"), max_body_size=MOST_BYTES)
def import_file(
    request: Request,
    viewer: SellerOrOperator,
    asked: Annotated[Importing, Query()],
    body: Annotated[bytes, Body(media_type="text/csv", description="the file, UTF-8")],
) -> Import:
    """Imports a file of counts and receipts, all of it or nothing; bad lines are told by their numbers."""
    ours, seller = services.of(request), _whose(viewer, asked.seller)
    with ours.asking_kafka():
        done = import_stock(ours.settings.kafka, seller, body, ours.now(), dry_run=asked.dry_run)
    return Import.model_validate(done)


def _whose(viewer: Viewer, asked: str) -> str:
    if viewer == OPERATOR and not asked:
        raise Problem("invalid", "seller: say whose stock it is.")
    if viewer != OPERATOR and asked not in ("", viewer.id):
        raise Problem("forbidden", "You have your own stock alone.")
    return asked or viewer.id


def _lines(ours: services.Services, viewer: Viewer, seller: str) -> Iterator[dict[str, Any]]:
    """Gives what a count now would say. Less than nothing cannot lie on a shelf: that is to be counted."""
    now = ours.now()
    for row in ours.report("stock", viewer, seller=seller, limit=None):
        known = row["state"] != "uncounted" and row["on_hand"] >= 0
        quantity = row["on_hand"] if known else None
        yield row | {"quantity": quantity, "kind": "count", "at": now if known else None}


def _csv(body: bytes, name: str) -> Response:
    return Response(body, media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})
