"""The rates that a marketplace judges a seller by: as they stand now, what they mean, and the orders behind them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import AfterValidator, Field

from analytics import exports
from analytics.api import services
from analytics.api.formats import FILES, Asked, Split, wanted
from analytics.api.problems import Problem, told
from analytics.api.session import SellerOrOperator
from analytics.api.shapes import Counted, Shape, Time, member
from analytics.api.shop import orders
from analytics.api.shop.whole_order import OrderLine
from analytics.metrics import METRICS

router = APIRouter(prefix="/v1/metrics", tags=["metrics"])

CODES = tuple(dict.fromkeys(metric.code for metric in METRICS))

COLUMNS: exports.Columns = {**orders.COLUMNS, "counted_at": "time", "counts": "yes"}

_MOST = 500  # orders in one answer; a file holds them all

Code = Annotated[str, AfterValidator(member(CODES)), Path(examples=["LDR"], max_length=40)]


class Definition(Shape):
    """What a rate means since when: marketplaces change their rules."""

    valid_from: Time
    definition: str
    target: float
    penalty: float | None
    days: int


class Metric(Shape):
    """One rate as it stands now: numerator / denominator of the last `days`."""

    code: str = Field(examples=["LDR"])
    name: str = Field(examples=["late dispatch rate"])
    definition: str
    side: Literal["max", "min"] = Field(description="whether the rate should be at most, or at least, its target")
    target: float
    penalty: float | None = Field(description="past it the marketplace acts; null where it names none")
    days: int
    numerator: int
    denominator: int
    rate: float | None = Field(description="null while nothing counts")
    trend: list[float | None] = Field(description="the rate at the end of each of the last nine days, oldest first")
    definitions: list[Definition] = Field(description="every version of the rule, oldest first")

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Metric":
        """Reads a row of report `policy`."""
        rate = row["numerator"] / row["denominator"] if row["denominator"] else None
        versions = [metric for metric in METRICS if metric.code == row["code"]]
        return cls.model_validate(row | {"rate": rate, "definitions": versions})


class MetricList(Counted):
    """Every rate."""

    metrics: list[Metric]


class OneMetric(Counted, Metric):
    """One rate."""


class Counting(OrderLine):
    """An order behind a rate; `counts` when it is in the numerator."""

    counted_at: Time
    counts: bool


class CountingList(Counted):
    """The orders behind a rate, newest case first."""

    orders: list[Counting]


class PartAsked(Split, Asked):
    """Which orders: those that count, or all that could."""

    part: Literal["numerator", "denominator"] = "numerator"
    limit: Annotated[int, Field(ge=1, le=_MOST)] | None = None


@router.get("", responses=told())
def list_metrics(request: Request, viewer: SellerOrOperator, asked: Annotated[Split, Query()]) -> MetricList:
    """Gives every rate as it stands now."""
    ours = services.of(request)
    watermark = ours.watermark()
    rows = ours.report("policy", viewer, now=ours.now(), **asked.split())
    return MetricList(metrics=[Metric.of(row) for row in rows], watermark=watermark)


@router.get("/{name}", responses=told())
def read_metric(request: Request, viewer: SellerOrOperator, name: Code, asked: Annotated[Split, Query()]) -> OneMetric:
    """Gives one rate as it stands now."""
    ours = services.of(request)
    watermark = ours.watermark()
    rows = ours.report("policy", viewer, now=ours.now(), **asked.split())
    row = next((row for row in rows if row["code"] == name), None)
    if row is None:
        raise Problem("not-found", f"{name} is not valid now.")
    return OneMetric(**dict(Metric.of(row)), watermark=watermark)


@router.get(
    "/{name}/orders", response_model=CountingList, responses={200: {"content": FILES}, **told("not-acceptable")}
)
def list_orders_behind(
    request: Request, viewer: SellerOrOperator, name: Code, asked: Annotated[PartAsked, Query()]
) -> Any:  # noqa: ANN401  # FastAPI shapes it
    """Lists the orders that a rate is made of."""
    ours, out = services.of(request), wanted(request, asked)
    limit = asked.limit or (2**31 if out.file else _MOST)
    rows = ours.report(
        "policy_orders", viewer, now=ours.now(), code=name, part=asked.part, limit=limit, **asked.split()
    )
    if out.file:
        return out.export(f"{name}-{asked.part}", COLUMNS, rows)
    lines = [Counting.of(row, counted_at=row["counted_at"], counts=row["counts"]) for row in rows]
    return {"orders": lines, "watermark": out.watermark}
