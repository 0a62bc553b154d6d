"""Gateways: what they accepted and rejected since they started, by account and reason."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from analytics import exports, gateways
from analytics.api import services
from analytics.api.formats import FILES, Asked, wanted
from analytics.api.problems import told
from analytics.api.session import viewer_for
from analytics.api.shapes import Shape, Text, Time

router = APIRouter(prefix="/v1/ops/gateways", tags=["operators"], dependencies=[Depends(viewer_for("operator"))])

COLUMNS: exports.Columns = {
    "source": "text",
    "account": "text",
    "outcome": "text",
    "count": "number",
    "last_minute": "number",
}


class Gateway(Shape):
    """One gateway; while it is silent, its counts are the last known."""

    name: str = Field(examples=["gateway-1:8600"])
    looked_at: Annotated[Time | None, Field(validation_alias="at")]
    started_at: Time | None
    silent_since: Annotated[Time | None, Field(description="since when it does not answer; null when it does")]
    reason: str


class Account(Shape):
    """What became of one account's webhooks; without a source, of requests to addresses that nobody owns."""

    source: Text
    account: Text
    accepted: int
    rejected: dict[str, int] = Field(description="by reason", examples=[{"bad_signature": 3}])
    rejected_last_minute: dict[str, int] = Field(validation_alias="lately")
    last_rejected_at: Annotated[Time | None, Field(description="as seen from here; null when not since we look")]


class Trouble(Shape):
    """What needs a hand: a gateway that is `silent`, or an account whose webhooks are rejected for this reason."""

    reason: str = Field(examples=["bad_signature"])
    gateway: Text
    since: Time | None
    source: Text
    account: Text
    webhooks: int = Field(description="rejected in the last minute")


class GatewayList(Shape):
    """Every gateway that the settings name, each account's counts at all of them, and what needs a hand."""

    verdict: Literal["ok", "attention"]
    troubles: list[Trouble]
    gateways: list[Gateway]
    accounts: list[Account]


@router.get("", response_model=GatewayList, responses={200: {"content": FILES}, **told("not-acceptable")})
def list_gateways(request: Request, asked: Annotated[Asked, Query()]) -> Any:  # noqa: ANN401  # FastAPI shapes it
    """Counts webhooks that were accepted and rejected since the gateways started."""
    ours, out = services.of(request), wanted(request, asked)
    seen = ours.scraper.view
    accounts = gateways.accounts(seen)
    if out.file:
        return out.export("gateways", COLUMNS, [row for account in accounts for row in _rows(account)])
    troubles = gateways.troubles(seen, ours.now())
    return GatewayList(
        verdict="attention" if troubles else "ok",
        troubles=[Trouble.model_validate(one) for one in troubles],
        gateways=[Gateway.model_validate(one) for one in seen],
        accounts=[Account.model_validate(one) for one in accounts],
    )


def _rows(one: gateways.Account) -> list[exports.Row]:
    """Gives an account's counts as rows of a table, each outcome one."""
    counts = {gateways.ACCEPTED: one.accepted} if one.source else {}
    return [
        {
            "source": one.source or None,
            "account": one.account or None,
            "outcome": outcome,
            "count": count,
            "last_minute": None if outcome == gateways.ACCEPTED else one.lately.get(outcome, 0),
        }
        for outcome, count in {**counts, **one.rejected}.items()
    ]
