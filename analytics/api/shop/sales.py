"""Money and promises: sales by time, orders at risk, and the rates that a marketplace judges a seller by."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, Field

from analytics import exports
from analytics.api import services
from analytics.api.formats import FILES, Asked, Split, wanted
from analytics.api.problems import Problem, told
from analytics.api.session import SellerOrOperator
from analytics.api.shapes import Counted, Money, Shape, Since, Text, Time, Until, member, money
from analytics.api.shop import orders
from analytics.api.shop.whole_order import OrderLine
from schemas.promises import PROMISES
from schemas.times import DAY, HOUR

router = APIRouter(prefix="/v1", tags=["sales"])

SALES_COLUMNS: exports.Columns = {
    "bucket": "text",
    "starts_at": "time",
    "currency": "text",
    "orders": "number",
    "units": "number",
    "gross": "number",
    "discounts": "number",
    "refunds": "number",
    "net": "number",
    "cancelled": "number",
    "kept": "number",
}
"""What a file of sales holds; money in minor units."""

PLACE_COLUMNS: exports.Columns = {
    "source": "text",
    "channel": "text",
    "currency": "text",
    "orders": "number",
    "paid": "number",
    "gross": "number",
    "discounts": "number",
    "cancelled": "number",
    "kept": "number",
}
"""What a file of places holds; money in minor units."""

_MONEY = ("gross", "discounts", "refunds", "net", "cancelled", "kept")
_WIDTH = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 28 * DAY}
_MOST = 2_000  # buckets in one answer


RISK_COLUMNS: exports.Columns = {
    "promise": "text",
    "subject": "text",
    "due_by": "time",
    "left_ms": "number",
}
"""What a file of orders at risk holds besides."""


class SpanAsked(Split, Asked):
    """Of which time; without `from` and `to` the last 30 days."""

    since: Annotated[Since | None, Field(alias="from", description="paid at or after")] = None
    until: Annotated[Until | None, Field(alias="to", description="paid before; a day is meant to its end")] = None

    def span(self, now: int) -> tuple[int, int]:
        """Gives the time that is asked for. Raises a Problem when it is none."""
        until = now if self.until is None else self.until
        since = until - 30 * DAY if self.since is None else self.since
        if until <= since:
            raise Problem("invalid", "`to` must be after `from`.")
        return since, until


class SalesAsked(SpanAsked):
    """Which sales, and in which pieces."""

    by: Literal["hour", "day", "week", "month"] = "day"

    def span(self, now: int) -> tuple[int, int]:
        """Gives the time that is asked for. Raises a Problem when it is none, or in too many pieces."""
        since, until = super().span(now)
        if (until - since) // _WIDTH[self.by] > _MOST:
            raise Problem("invalid", f"That is more than {_MOST} {self.by}s: ask for a wider `by` or less time.")
        return since, until


class Bucket(Shape):
    """Sales of one hour, day, week or month. net = gross - discounts - refunds."""

    bucket: str = Field(description="on the seller's calendar", examples=["2026-11-24"])
    starts_at: Time
    orders: int
    units: int
    gross: Money = Field(description="what paid orders cost before discounts, also of those cancelled later")
    discounts: Money
    refunds: Money = Field(description="what was paid back in this time, whenever it was paid")
    net: Money
    cancelled: Money = Field(description="what these very orders gave back, or will")
    kept: Money = Field(description="gross - discounts - cancelled")


class Sales(Counted):
    """Sales bucket by bucket, also of buckets with none."""

    buckets: list[Bucket]


class Place(Shape):
    """What came from one marketplace and one of its channels. kept = gross - discounts - cancelled."""

    source: Text = Field(examples=["tiktok_shop"])
    channel: Text = Field(description="as the sender names it; empty where it tells none", examples=["live"])
    orders: int = Field(description="all there ever were")
    paid: int = Field(description="those paid in this time; the money is theirs")
    gross: Money
    discounts: Money
    cancelled: Money
    kept: Money


class Places(Counted):
    """Every marketplace and channel that orders came from, what brought most first."""

    places: list[Place]


class RiskAsked(Split, Asked):
    """Which promises; without `promise` those that the seller or the carrier has to keep."""

    promise: Annotated[str, AfterValidator(member(PROMISES)), Field(examples=["dispatch"])] | None = None


class AtRisk(OrderLine):
    """An order that may be late; negative `left_seconds` is how long it is over."""

    promise: str = Field(description="the most urgent one", examples=["dispatch"])
    subject: Text = Field(description="the parcel, return, refund or claim that it is about", examples=["jne/CGK1"])
    due_at: Time
    left_seconds: int


class AtRiskList(Counted):
    """Orders of which something must be done soon or should have been, the most urgent first."""

    orders: list[AtRisk]


@router.get("/sales", response_model=Sales, responses={200: {"content": FILES}, **told("not-acceptable")})
def read_sales(request: Request, viewer: SellerOrOperator, asked: Annotated[SalesAsked, Query()]) -> Any:  # noqa: ANN401  # FastAPI shapes it
    """Adds up sales by the time of payment, on the seller's calendar."""
    ours, out = services.of(request), wanted(request, asked)
    since, until = asked.span(ours.now())
    rows = ours.report("sales", viewer, since=since, until=until, by=asked.by, **asked.split())
    if out.file:
        return out.export("sales", SALES_COLUMNS, rows)
    buckets = [row | {name: money(row[name], row["currency"]) for name in _MONEY} for row in rows]
    return {"buckets": buckets, "watermark": out.watermark}


@router.get("/places", response_model=Places, responses={200: {"content": FILES}, **told("not-acceptable")})
def list_places(request: Request, viewer: SellerOrOperator, asked: Annotated[SpanAsked, Query()]) -> Any:  # noqa: ANN401  # FastAPI shapes it
    """Compares marketplaces and their channels: orders, and what those paid in a time brought."""
    ours, out = services.of(request), wanted(request, asked)
    since, until = asked.span(ours.now())
    rows = ours.report("places", viewer, since=since, until=until, **asked.split())
    if out.file:
        return out.export("places", PLACE_COLUMNS, rows)
    places = [
        row | {name: money(row[name], row["currency"]) for name in PLACE_COLUMNS if name in _MONEY} for row in rows
    ]
    return {"places": places, "watermark": out.watermark}


@router.get("/at-risk", response_model=AtRiskList, responses={200: {"content": FILES}, **told("not-acceptable")})
def list_at_risk(request: Request, viewer: SellerOrOperator, asked: Annotated[RiskAsked, Query()]) -> Any:  # noqa: ANN401  # as above
    """Lists orders with a promise that is due soon or broken, each with its most urgent one."""
    ours, out = services.of(request), wanted(request, asked)
    rows = ours.report("at_risk", viewer, now=ours.now(), promise=asked.promise, limit=None, **asked.split())
    if out.file:
        return out.export("at-risk", {**orders.COLUMNS, **RISK_COLUMNS}, rows)
    lines = [AtRisk.of(row, left_seconds=row["left_ms"] // 1_000, due_at=row["due_by"]) for row in rows]
    return {"orders": lines, "watermark": out.watermark}
