"""Lag: where every group stands, who reads what, and how long each hop takes."""

from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from analytics import exports
from analytics.access import OPERATOR
from analytics.api import services
from analytics.api.formats import FILES, NO_MORE, Asked, wanted
from analytics.api.problems import told
from analytics.api.session import viewer_for
from analytics.api.shapes import Counted, Shape, Time
from analytics.lag import Verdict, worst
from analytics.monitor import Standing, View, orders_at_most
from schemas.times import SECOND

router = APIRouter(prefix="/v1/ops", tags=["operators"], dependencies=[Depends(viewer_for("operator"))])

LAG_COLUMNS: exports.Columns = {
    "group": "text",
    "topic": "text",
    "partition": "number",
    "owner": "text",
    "committed": "number",
    "end": "number",
    "behind": "number",
    "behind_ms": "number",
    "still_ms": "number",
    "rate_in": "ratio",
    "rate_out": "ratio",
    "verdict": "text",
    "eta_ms": "number",
}


class Kafka(Shape):
    """What the last look at Kafka showed; while it is silent, what was last known."""

    looked_at: Time | None
    silent_since: Annotated[Time | None, Field(description="since when Kafka does not answer; null when it does")]
    reason: str


class PartitionLag(Shape):
    """How one partition of one group does."""

    group: str
    topic: str
    partition: int
    owner: str
    committed: int
    end: int
    behind: int = Field(description="records that wait")
    behind_seconds: float = Field(description="age of the oldest record that waits; at least as long as it has stood")
    still_seconds: float = Field(description="how long it has had work and not moved")
    rate_in: float = Field(description="records a second, over the last ten")
    rate_out: float
    verdict: Verdict
    eta_seconds: float | None
    history: list[int] = Field(description="records that waited at each of the last looks, one a second")
    hidden: int = Field(description="records behind a transaction that is still open: nobody can read them yet")
    held_seconds: float = Field(description="for how long a transaction that hangs has hidden them; 0 while none does")


class LagList(Counted, Kafka):
    """Lag of every group and partition, with one verdict over all."""

    verdict: Verdict
    behind: int
    orders_at_most: int = Field(description="orders that may wait: no more than events of orders wait")
    partitions: list[PartitionLag]


class Group(Shape):
    """One consumer group."""

    group: str
    verdict: Verdict
    owners: list[str]
    partitions: int
    behind: int
    behind_seconds: float


class GroupList(Kafka):
    """Every consumer group."""

    groups: list[Group]


class Move(Shape):
    """A partition changed hands, as two looks in a row saw it; an empty owner is nobody."""

    at: Time
    group: str
    topic: str
    partition: int
    before: str
    after: str


class MoveList(Kafka):
    """The last partitions that changed hands, newest first, since this process began to look."""

    watched_since: Time | None
    moves: list[Move]


class Hop(Shape):
    """One hop of the way from a webhook to the warehouse, over the last five minutes; milliseconds."""

    hop: str = Field(examples=["folded"])
    p50: float | None
    p95: float | None
    slow_share: float | None = Field(description="its part in the slowest twentieth of whole ways; p95s do not add up")
    changes: int
    series: list[float | None] = Field(description="p95 of each ten seconds, oldest first")


class Freshness(Counted):
    """How long each hop takes, and all together (`total`)."""

    hops: list[Hop]


@router.get("/freshness", responses=told(), dependencies=[NO_MORE])
def read_freshness(request: Request) -> Freshness:
    """Tells how long webhooks take to be seen, hop by hop, from real trails."""
    ours = services.of(request)
    hops = ours.report("freshness", OPERATOR, now=ours.now())
    return Freshness(hops=[Hop.model_validate(hop) for hop in hops], watermark=ours.watermark())


@router.get("/lag", response_model=LagList, responses={200: {"content": FILES}, **told("not-acceptable")})
def read_lag(request: Request, asked: Annotated[Asked, Query()]) -> Any:  # noqa: ANN401  # FastAPI shapes it
    """Tells where each group stands in each partition, and what that means."""
    view, out = services.of(request).monitor.view, wanted(request, asked)
    if out.file:
        return out.export("lag", LAG_COLUMNS, [standing._asdict() for standing in view.standings])
    return {
        **_kafka(view),
        "watermark": view.watermark,
        "verdict": worst(s.verdict for s in view.standings),
        "behind": sum(s.behind for s in view.standings),
        "orders_at_most": orders_at_most(view.standings),
        "partitions": [_partition(s) for s in view.standings],
    }


@router.get("/groups", responses=told(), dependencies=[NO_MORE])
def list_groups(request: Request) -> GroupList:
    """Sums up each consumer group."""
    view = services.of(request).monitor.view
    by_group = groupby(sorted(view.standings, key=lambda s: s.group), key=lambda s: s.group)
    return GroupList(**_kafka(view), groups=[_group(name, list(members)) for name, members in by_group])


@router.get("/rebalances", responses=told(), dependencies=[NO_MORE])
def list_rebalances(request: Request) -> MoveList:
    """Tells which partitions changed hands lately."""
    view = services.of(request).monitor.view
    moves = [Move.model_validate(move) for move in view.moves]
    return MoveList(**_kafka(view), watched_since=view.watched_since, moves=moves)


def _kafka(view: View) -> dict[str, Any]:
    return {"looked_at": view.at, "silent_since": view.silent_since, "reason": view.reason}


def _partition(standing: Standing) -> dict[str, Any]:
    return standing._asdict() | {
        "behind_seconds": standing.behind_ms / SECOND,
        "still_seconds": standing.still_ms / SECOND,
        "held_seconds": standing.held_ms / SECOND,
        "eta_seconds": None if standing.eta_ms is None else standing.eta_ms / SECOND,
    }


def _group(name: str, members: list[Standing]) -> Group:
    return Group(
        group=name,
        verdict=worst(s.verdict for s in members),
        owners=sorted({s.owner for s in members if s.owner}),
        partitions=len(members),
        behind=sum(s.behind for s in members),
        behind_seconds=max(s.behind_ms for s in members) / SECOND,
    )
