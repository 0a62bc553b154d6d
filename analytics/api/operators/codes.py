"""Codes and words that no table knows: how often each came, and giving one a meaning, tried out first."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from analytics import exports
from analytics.access import OPERATOR
from analytics.api import services
from analytics.api.formats import FILES, Asked, wanted
from analytics.api.problems import told
from analytics.api.session import viewer_for
from analytics.api.shapes import Counted, Shape, Text, Time
from schemas.codes import MEANINGS, Kind, Unknown, mapped
from schemas.shipments import Milestone

router = APIRouter(prefix="/v1/ops/codes", tags=["operators"], dependencies=[Depends(viewer_for("operator"))])

COLUMNS: exports.Columns = {
    "kind": "text",
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


class CodesAsked(Asked):
    """How many of them."""

    limit: Annotated[int, Field(ge=1, le=10_000)] = 1_000


class CodeRow(Shape):
    """One code of a sender that our tables do not know, of the parcels of one carrier; or its word for a status."""

    kind: Kind = Field(description="a carrier's code of scans, or a marketplace's word for a status of orders")
    source: str = Field(examples=["ninjavan"])
    carrier: str = Field(examples=["ninjavan"], description="empty for a status")
    code: str = Field(examples=["Teleported"])
    words: Text = Field(description="what the carrier said with it last")
    scans: int = Field(description="events that said it")
    unmapped: int = Field(description="of them, those that have no meaning yet")
    orders: int
    means: Text = Field(description="the milestone or status that somebody gave it; null when nobody has")
    first_at: Time
    last_at: Time
    last_event_id: str


class CodeList(Counted):
    """Codes and words of events of orders, those without a meaning and the frequent first."""

    rows: list[CodeRow]


class MeaningGiven(BaseModel):
    """What a code means, a milestone: without a carrier, whoever carries the parcel. Or a word: a status of orders."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(description="only tell which orders it would change")
    source: Annotated[str, Field(min_length=1, max_length=64)]
    code: Annotated[str, Field(min_length=1, max_length=200, description="to the letter")]
    milestone: Milestone | None = None
    status: str | None = Field(None, description=f"one of {', '.join(MEANINGS['status'])}")
    carrier: Annotated[str, Field(max_length=64)] = ""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        """Raises ValueError unless it is one of both, and known: a word for a status is no code of a parcel."""
        if (self.milestone is None) == (self.status is None):
            raise ValueError("it must be a milestone or a status")
        if self.means not in MEANINGS[self.unknown.kind]:
            raise ValueError("it must be one that is known")
        if self.status and self.carrier:
            raise ValueError("a word for a status has no carrier")
        return self

    @property
    def unknown(self) -> Unknown:
        """What gets the meaning."""
        return Unknown("status" if self.status is not None else "scan", self.source, self.carrier, self.code)

    @property
    def means(self) -> str:
        """The meaning."""
        return self.status or self.milestone or ""


class ChangedOrder(Shape):
    """One order that has such events: its status before and after."""

    order_id: str
    before: str
    after: str
    scans: int


class MeaningTaken(Shape):
    """What was done, or would be."""

    dry_run: bool
    was: str = Field(description="what it meant before; another meaning is for events to come alone")
    scans: int = Field(description="told once more with their meaning")
    orders: list[ChangedOrder]


@router.get("", response_model=CodeList, responses={200: {"content": FILES}, **told("not-acceptable")})
def list_codes(request: Request, asked: Annotated[CodesAsked, Query()]) -> Any:  # noqa: ANN401  # FastAPI shapes it
    """Counts the codes and words that no table knows, with what was said beside them."""
    ours, out = services.of(request), wanted(request, asked)
    rows = ours.report("codes", OPERATOR, limit=asked.limit)
    if out.file:
        return out.export("codes", COLUMNS, rows)
    return {"rows": rows, "watermark": out.watermark}


@router.post("", responses=told("unavailable"))
def map_code(request: Request, given: MeaningGiven) -> MeaningTaken:
    """Gives a code or word a meaning: for events to come, and for those of the last weeks, which are told once more."""
    ours = services.of(request)
    mapping = mapped(given.unknown, given.means, ours.now())
    done = ours.give_meaning(mapping, dry_run=given.dry_run)
    orders = [ChangedOrder.model_validate(change) for change in done.orders]
    return MeaningTaken(dry_run=given.dry_run, was=done.was, scans=done.scans, orders=orders)
