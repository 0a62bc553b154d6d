"""A seller's settings: what goes on by itself, and how long a buyer may cancel alone."""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from analytics.access import Viewer
from analytics.api import services
from analytics.api.formats import NO_MORE
from analytics.api.problems import told
from analytics.api.services import Services
from analytics.api.session import viewer_for
from pipeline import codec
from schemas.sellers import Settings

router = APIRouter(prefix="/v1/settings", tags=["settings"])

Seller = Annotated[Viewer, Depends(viewer_for("seller"))]


class Set(BaseModel):
    """What a seller has set; what is left out has its default."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    confirms: bool = Field(False, description="confirm a new order when all of it is in stock")
    completes: bool = Field(False, description="complete a delivered order when the buyer's time to object is over")
    cancels: bool = Field(False, description="cancel an unpaid order when the time to pay is over")
    asks_review: int = Field(
        0, ge=0, le=60, description="ask the buyer for a review so many days after an order is completed; 0 = never"
    )
    buyer_cancels: Literal["unpaid", "new", "ready_to_ship", "awaiting_collection"] = Field(
        "new", description="the last status in which a buyer may cancel without asking"
    )


@router.get("", responses=told(), dependencies=[NO_MORE])
def read_settings(request: Request, viewer: Seller) -> Set:
    """Gives the seller's settings as far as they are loaded."""
    return Set.model_validate(find(services.of(request), viewer.id))


@router.put("", responses=told("unavailable"), dependencies=[NO_MORE])
def change_settings(request: Request, viewer: Seller, asked: Set) -> Set:
    """Changes the seller's settings, all at once; they hold from the moment that they are loaded, a second later."""
    keep(services.of(request), viewer.id, asked.model_dump())
    return asked


def find(ours: Services, seller_id: str) -> Settings:
    """Gives the settings of a seller; of one who has set nothing the defaults."""
    rows = ours.report("settings", Viewer("seller", seller_id)) if seller_id else []
    return msgspec.convert(rows[0], Settings) if rows else Settings(seller_id)


def keep(ours: Services, seller_id: str, changed: dict[str, Any]) -> None:
    """Tells what a seller has set. Raises a Problem when Kafka does not take it."""
    settings = msgspec.convert({**changed, "seller_id": seller_id, "changed_at": ours.now()}, Settings)
    ours.write_record("sellers", seller_id.encode(), codec.encode(settings))
