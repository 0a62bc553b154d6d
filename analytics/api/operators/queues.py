"""QUEUES: the operator's tables that are a report and nothing more: what waits, what could not be taken."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, create_model

from analytics import exports
from analytics.access import OPERATOR
from analytics.api import services
from analytics.api.formats import FILES, Asked, wanted
from analytics.api.problems import told
from analytics.api.session import viewer_for
from analytics.api.shapes import Counted, Shape, Text, Time
from analytics.reports import REPORTS

router = APIRouter(prefix="/v1/ops", tags=["operators"], dependencies=[Depends(viewer_for("operator"))])

_TYPES: dict[exports.Kind, Any] = {
    "text": Text,
    "number": int | None,
    "ratio": float | None,
    "yes": bool,
    "time": Time | None,
}


class Queue(NamedTuple):
    """One table: its door, its report and its columns."""

    name: str
    report: str
    columns: exports.Columns


_PIECES = tuple(of + name for name in ("reserved", "released", "shipped", "returned") for of in ("", "orders_"))

QUEUES = (
    Queue(
        "unmapped",
        "unmapped",
        {
            "source": "text",
            "kind": "text",
            "code": "text",
            "words": "text",
            "events": "number",
            "orders": "number",
            "first_at": "time",
            "last_at": "time",
            "last_event_id": "text",
        },
    ),
    Queue(
        "parked",
        "parked",
        {
            "carrier": "text",
            "tracking_number": "text",
            "scans": "number",
            "first_at": "time",
            "last_at": "time",
            "waiting_ms": "number",
        },
    ),
    Queue(
        "unreadable",
        "unreadable",
        {"topic": "text", "part": "number", "kafka_offset": "number", "reason": "text", "loaded_at": "time"},
    ),
    Queue(
        "endpoints",
        "endpoints",
        {
            "seller_id": "text",
            "host": "text",
            "state": "text",
            "failing_since": "time",
            "paused_at": "time",
            "why": "text",
            "waiting": "number",
            "failed": "number",
            "missed": "number",
        },
    ),
    Queue(
        "stock-check",
        "stock_check",
        {"seller_id": "text", "sku": "text", **dict.fromkeys(_PIECES, "number")},
    ),
    Queue("rates", "rates", {"at": "time", "incoming": "number", "applied": "number"}),
)


class QueueAsked(Asked):
    """How much of a table."""

    limit: Annotated[int, Field(ge=1, le=10_000)] = 1_000


def _open(queue: Queue) -> None:
    """Makes the door of a table; its description is the sentence of its report."""
    title = queue.name.title().replace("-", "")
    cells: dict[str, Any] = {name: (_TYPES[kind], ...) for name, kind in queue.columns.items()}
    row = create_model(f"{title}Row", __base__=Shape, **cells)
    answer = create_model(title, __base__=Counted, rows=(list[row], ...))
    router.add_api_route(
        f"/{queue.name}",
        _reader(queue),
        name=f"list_{queue.report}",
        description=REPORTS[queue.report].promise.capitalize() + ".",
        response_model=answer,
        responses={200: {"content": FILES}, **told("not-acceptable")},
    )


def _reader(queue: Queue) -> Callable[..., Any]:
    report = REPORTS[queue.report]

    def read(request: Request, asked: Annotated[QueueAsked, Query()]) -> Any:  # noqa: ANN401  # FastAPI shapes it
        ours, out = services.of(request), wanted(request, asked)
        known = {"now": ours.now(), "limit": asked.limit}
        rows = ours.report(report.name, OPERATOR, **{name: known[name] for name in known.keys() & report.parameters})
        if out.file:
            return out.export(queue.name, queue.columns, rows)
        return {"rows": rows[: asked.limit], "watermark": out.watermark}

    return read


for _queue in QUEUES:
    _open(_queue)
