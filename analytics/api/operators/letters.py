"""Dead letters: what could not be taken, by step and cause, and once more to where it came from."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from analytics import exports
from analytics.api import services
from analytics.api.formats import FILES, Asked, wanted
from analytics.api.problems import told
from analytics.api.session import viewer_for
from analytics.api.shapes import Shape, Time
from pipeline.broker import letters

router = APIRouter(prefix="/v1/ops/dead-letters", tags=["operators"], dependencies=[Depends(viewer_for("operator"))])

COLUMNS: exports.Columns = {
    "step": "text",
    "cause": "text",
    "letters": "number",
    "redriven": "number",
    "first_at": "time",
    "last_at": "time",
    "detail": "text",
    "partition": "number",
    "offset": "number",
}


class Pile(Shape):
    """The letters of one step and cause; detail and position are those of the newest."""

    step: str = Field(examples=["intake"])
    cause: str = Field(examples=["malformed"])
    letters: int
    redriven: int = Field(description="of them, sent once more already")
    first_at: Time
    last_at: Time
    detail: str
    partition: int
    offset: int


class PileList(Shape):
    """Dead letters by step and cause, the newest first."""

    piles: list[Pile]


class Redrive(BaseModel):
    """Which letters to send once more; without step and cause, all that are left."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(description="only tell what would be sent")
    step: Annotated[str, Field(max_length=40)] = ""
    cause: Annotated[str, Field(max_length=80)] = ""


class Redriven(PileList):
    """What was sent, or would be."""

    dry_run: bool
    letters: int


@router.get("", response_model=PileList, responses={200: {"content": FILES}, **told("not-acceptable", "unavailable")})
def list_letters(request: Request, asked: Annotated[Asked, Query()]) -> Any:  # noqa: ANN401  # FastAPI shapes it
    """Counts dead letters by step and cause; asks Kafka, so 503 when it does not answer."""
    ours, out = services.of(request), wanted(request, asked)
    with ours.asking_kafka():
        piles = letters.piles(ours.settings.kafka)
    if out.file:
        return out.export("dead-letters", COLUMNS, [{name: getattr(pile, name) for name in COLUMNS} for pile in piles])
    return {"piles": piles}


@router.post("/redrive", responses=told("unavailable"))
def redrive_letters(request: Request, asked: Redrive) -> Redriven:
    """Sends dead letters once more to the topics they came from; a second time none of them is left."""
    ours, choice = services.of(request), letters.Choice(asked.step, asked.cause)
    with ours.asking_kafka():
        piles = letters.redrive(ours.settings.kafka, choice, now=ours.now(), dry_run=asked.dry_run)
    counted = [Pile.model_validate(pile) for pile in piles]
    return Redriven(dry_run=asked.dry_run, letters=sum(pile.letters for pile in counted), piles=counted)
