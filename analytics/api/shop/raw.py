"""The bytes that a sender sent, exactly, for one event: read from Kafka where they lie."""

from collections.abc import Collection, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from analytics.access import OPERATOR, Viewer
from analytics.api import services
from analytics.api.problems import Problem, told
from analytics.api.session import SellerOrOperator
from pipeline import sources
from schemas.deliveries import Delivery

router = APIRouter(prefix="/v1/events", tags=["orders"])

_SHOWN_AS_SENT = frozenset({"application/json", "application/x-www-form-urlencoded", "text/plain", "text/csv"})
"""Content types that no browser runs; anything else goes out as plain bytes."""

COMMANDS = "commands"
"""The topic that an event lies behind which nobody sent: somebody asked for it here."""

Row = dict[str, Any]


@router.get(
    "/{event_id}/raw",
    response_class=Response,
    responses={
        200: {"description": "the body as it arrived", "content": {"*/*": {}}},
        **told("not-found", "gone", "unavailable"),
    },
)
def read_raw(
    request: Request, viewer: SellerOrOperator, event_id: Annotated[str, Path(max_length=64, pattern=r"^[\w-]+$")]
) -> Response:
    """Gives the webhook or the command that told this event, byte for byte.

    A seller may read those that speak of no other's order.
    """
    ours = services.of(request)
    rows = [row for row in _told(ours, [event_id]) if viewer == OPERATOR or row["seller_id"] == viewer.id]
    if not rows:
        raise Problem("not-found", f"You have no event {event_id}.")
    place = rows[0]["evidence_topic"], rows[0]["evidence_partition"], rows[0]["evidence_offset"]
    if place[0] == COMMANDS:  # of one order, whose seller this is
        return _bytes(ours.read_record(*place).value or b"", "application/json")
    delivery = ours.read_delivery(*place)
    if viewer != OPERATOR and not _speaks_only_of(ours, viewer, delivery):
        raise Problem("forbidden", "This webhook speaks of more than your own orders; an operator can read it.")
    return _answer(delivery)


def _told(ours: services.Services, event_ids: Collection[str]) -> list[Row]:
    return ours.report("told", OPERATOR, event_ids=list(event_ids))


def _speaks_only_of(ours: services.Services, viewer: Viewer, delivery: Delivery) -> bool:
    """Tells whether each event in a delivery is known, and known of this seller's orders alone."""
    try:
        events = sources.translate(delivery, sources.account_of(delivery, ours.settings))
    except sources.Untranslatable:
        return False
    return all_of_one(viewer.id, [event.event_id for event in events], _told(ours, [e.event_id for e in events]))


def all_of_one(seller_id: str, event_ids: Sequence[str], rows: Sequence[Row]) -> bool:
    """Tells whether each of these events was told, of orders of this seller and of nobody else."""
    known = {row["event_id"] for row in rows}
    return bool(event_ids) and known.issuperset(event_ids) and all(row["seller_id"] == seller_id for row in rows)


def _answer(delivery: Delivery) -> Response:
    sent = delivery.headers.get("content-type", "")
    shown = sent if sent.partition(";")[0].strip().lower() in _SHOWN_AS_SENT else "application/octet-stream"
    return _bytes(delivery.body, shown)


def _bytes(body: bytes, shown: str) -> Response:
    headers = {
        "Content-Type": shown,
        "Content-Disposition": 'attachment; filename="webhook"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(body, headers=headers)
