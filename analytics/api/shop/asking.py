"""Asking something of an order: the command goes into Kafka, and its answer is awaited where the order is loaded."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from starlette.concurrency import run_in_threadpool

from analytics.access import OPERATOR, Viewer
from analytics.api.problems import Problem
from analytics.api.services import Services
from pipeline import codec
from schemas.commands import REFUSALS, Answer, Command, Terms, command_id, order_of
from schemas.facts import Order
from schemas.sellers import BUYER_CANCELS

PATIENCE = 5.0
"""Seconds that whoever asked waits for the answer."""

PAUSE = 0.1
"""Seconds between two looks for it."""

PARTIES = ("seller", "buyer")

UNCOUNTED = {"state": "uncounted", "available": None}

_order = msgspec.json.Decoder(Order).decode


class Wish(NamedTuple):
    """What is asked of which order, and the asker's key for it."""

    order_id: str
    name: str
    payload: Mapping[str, Any]
    key: str


def new_key() -> str:
    """Gives a key that nobody has used."""
    return secrets.token_urlsafe(12)


async def ask(ours: Services, viewer: Viewer, wish: Wish) -> tuple[str, Answer | None]:
    """Gives the command's id and its answer; None while the stream has none. The same key has the same answer.

    Raises a Problem: 404 for an order that is not the viewer's, 422 for a key of another matter, 503 without Kafka.
    """
    if viewer.role == "operator":
        raise Problem("forbidden", "A seller or a buyer asks; an operator looks.")
    order = await run_in_threadpool(find_order, ours, viewer, wish.order_id)
    command = Command(
        command_id=command_id(wish.order_id, viewer.role, viewer.id, wish.key),
        order_id=wish.order_id,
        name=wish.name,
        by=viewer.role,
        who=viewer.id,
        asked_at=ours.now(),
        payload=dict(wish.payload),
        terms=await run_in_threadpool(terms_of, ours, viewer, wish.order_id),
    )
    answer = order.answers.get(command.command_id)
    if answer is None:
        await run_in_threadpool(ours.write_record, "commands", wish.order_id.encode(), codec.encode(command))
        answer = await _wait(ours, viewer, command.command_id)
    if answer and answer.matter != command.matter:
        raise Problem("invalid", "This Idempotency-Key was used for something else; take a new one.")
    return command.command_id, answer


def find_answer(ours: Services, viewer: Viewer, command: str) -> Answer | None:
    """Gives the answer to a command as far as it is loaded. Raises a Problem when the order is not the viewer's."""
    return find_order(ours, viewer, order_of(command)).answers.get(command)


def find_order(ours: Services, viewer: Viewer, order_id: str) -> Order:
    """Gives the facts of an order of this viewer. Raises a Problem when there is none."""
    rows = ours.report("order", viewer, order_id=order_id)
    if not rows:
        raise Problem("not-found", f"You have no order {order_id}.")
    return _order(rows[0]["facts"])


def asked_by(order: Order, viewer: Viewer) -> list[Answer]:
    """Gives the answers to what a viewer has asked, the latest first; an operator sees everybody's."""
    mine = [a for a in order.answers.values() if viewer == OPERATOR or (a.by, a.who) == (viewer.role, viewer.id)]
    return sorted(mine, key=lambda answer: (answer.decided_at, answer.command_id), reverse=True)


def terms_of(ours: Services, viewer: Viewer, order_id: str) -> Terms:
    """Gives the terms of an order's shop, as they now stand."""
    return terms_in(ours.report("terms", viewer, order_id=order_id))


def terms_in(rows: Sequence[Mapping[str, Any]]) -> Terms:
    """Reads the row of report `terms`; a shop that has set nothing has the usual ones."""
    return Terms(BUYER_CANCELS[rows[0]["buyer_cancels"]]) if rows else Terms()


def stock_of(ours: Services, viewer: Viewer, order: Order) -> list[dict[str, Any]]:
    """Gives each article of an order with how many are left, as far as its seller has told."""
    lines = order.details.lines if order.details else []
    return [{**_level(ours, viewer, order, line.sku), "sku": line.sku, "quantity": line.quantity} for line in lines]


def _level(ours: Services, viewer: Viewer, order: Order, sku: str) -> dict[str, Any]:
    rows = ours.report("stock", viewer, sku=sku, seller=order.seller[3]) if sku else []
    is_known = bool(rows) and rows[0]["state"] != "uncounted"
    return {"state": rows[0]["state"], "available": rows[0]["available"]} if is_known else dict(UNCOUNTED)


async def _wait(ours: Services, viewer: Viewer, command: str) -> Answer | None:
    """Looks until the order is loaded with the answer, so that whoever reads on finds what it led to."""
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while loop.time() < until and not ours.closing.is_set():
        answer = await run_in_threadpool(find_answer, ours, viewer, command)
        if answer:
            return answer
        await asyncio.sleep(PAUSE)
    return None


PROBLEMS = {403: "forbidden", 404: "not-found", 409: "conflict", 422: "invalid", 429: "too-many"}
"""HTTP status of a refusal → kind of problem."""


def refusal(answer: Answer) -> Problem:
    """Gives the problem that tells a refusal: which rule, and what it names."""
    rule = REFUSALS[answer.refused]
    more: dict[str, Any] = {"command_id": answer.command_id, "rule": answer.refused, "values": answer.values}
    return Problem(PROBLEMS[rule.http_status], rule.says, **more)
