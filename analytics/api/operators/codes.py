"""Codes of scans that no table knows: how often each came, and giving one a meaning, tried out first."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from analytics import exports
from analytics.access import OPERATOR
from analytics.api import services
from analytics.api.formats import FILES, Asked, wanted
from analytics.api.problems import told
from analytics.api.session import viewer_for
from analytics.api.shapes import Counted, Shape, Text, Time
from schemas.codes import CodeMapped
from schemas.shipments import Milestone

router = APIRouter(prefix="/v1/ops/codes", tags=["operators"], dependencies=[Depends(viewer_for("operator"))])

COLUMNS: exports.Columns = {
    "source": "text",
    "carrier": "text",
    "code": "text",
    "words": "text",
    "scans": "number",
    "unmapped": "number",
    "orders": "number",
    "means": "text",
    "first_at": "time",
    "last_at": "time",
    "last_event_id": "text",
}


def _known(milestone: Milestone) -> Milestone:
    if milestone == "unknown":
        raise ValueError("it must be a milestone that is known")
    return milestone


class CodesAsked(Asked):
    """How many of them."""

    limit: Annotated[int, Field(ge=1, le=10_000)] = 1_000


class CodeRow(Shape):
    """One code of a sender that our tables do not know, of the parcels of one carrier."""

    source: str = Field(examples=["ninjavan"])
    carrier: str = Field(examples=["ninjavan"])
    code: str = Field(examples=["Teleported"])
    words: Text = Field(description="what the carrier said with it last")
    scans: int
    unmapped: int = Field(description="of them, those that have no meaning yet")
    orders: int
    means: Text = Field(description="the milestone that somebody gave it; null when nobody has")
    first_at: Time
    last_at: Time
    last_event_id: str


class CodeList(Counted):
    """Codes of scans of orders, those without a meaning and the frequent first."""

    rows: list[CodeRow]


class MeaningGiven(BaseModel):
    """What a code means; without a carrier, whoever carries the parcel."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(description="only tell which orders it would change")
    source: Annotated[str, Field(min_length=1, max_length=64)]
    code: Annotated[str, Field(min_length=1, max_length=200, description="to the letter")]
    milestone: Annotated[Milestone, AfterValidator(_known)]
    carrier: Annotated[str, Field(max_length=64)] = ""


class ChangedOrder(Shape):
    """One order that has such scans: its status before and after."""

    order_id: str
    before: str
    after: str
    scans: int


class MeaningTaken(Shape):
    """What was done, or would be."""

    dry_run: bool
    was: str = Field(description="what it meant before; another meaning is for scans to come alone")
    scans: int = Field(description="told once more with their meaning")
    orders: list[ChangedOrder]


@router.get("", response_model=CodeList, responses={200: {"content": FILES}, **told("not-acceptable")})
def list_codes(request: Request, asked: Annotated[CodesAsked, Query()]) -> Any:  # noqa: ANN401  # FastAPI shapes it
    """Counts the codes of scans that no table knows, with their carriers' words."""
    ours, out = services.of(request), wanted(request, asked)
    rows = ours.report("codes", OPERATOR, limit=asked.limit)
    if out.file:
        return out.export("codes", COLUMNS, rows)
    return {"rows": rows, "watermark": out.watermark}


@router.post("", responses=told("unavailable"))
def map_code(request: Request, given: MeaningGiven) -> MeaningTaken:
    """Gives a code a meaning: for scans that come, and for those of the last weeks, which are told once more."""
    ours = services.of(request)
    mapping = CodeMapped(given.source, given.carrier, given.code, given.milestone, ours.now())
    done = ours.give_meaning(mapping, dry_run=given.dry_run)
    orders = [ChangedOrder.model_validate(change) for change in done.orders]
    return MeaningTaken(dry_run=given.dry_run, was=done.was, scans=done.scans, orders=orders)
