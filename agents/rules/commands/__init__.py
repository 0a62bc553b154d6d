"""`judge`: what a command leads to as things stand, or the rule that refuses it. RULES: one judgement a command.

A judgement is a pure question to the facts. Its events are told once and kept; it is not made again when they are read.
"""

from collections.abc import Callable, Sequence
from typing import Any

from agents.rules.commands import parcels, requests
from agents.rules.commands.saying import Refused, Told, marked_at, told_at
from schemas.commands import COMMANDS, MOST, PATIENCE, Command
from schemas.events import Event, Evidence
from schemas.facts import Order
from schemas.ids import digest
from schemas.registry import EVENTS
from schemas.times import MINUTE

AHEAD = 5 * MINUTE
"""How far a sender's clock may be ahead of ours."""

Judgement = Callable[[Order, Command, Any], Sequence[Told]]


def confirm(order: Order, command: Command, _: Any) -> Sequence[Told]:  # noqa: ANN401  # of any shape
    """The seller takes a new order whose articles are known."""
    details = order.details
    if details is None or not any(line.quantity > 0 for line in details.lines):
        raise Refused("missing", what="articles")
    return [Told("order_confirmed", {"by": command.by})]


def cancel(_: Order, command: Command, asked: Any) -> Sequence[Told]:  # noqa: ANN401  # as above
    """An order ends before a carrier has it."""
    return [Told("order_cancelled", {"by": command.by, "reason": asked.reason})]


def confirm_receipt(_: Order, command: Command, __: Any) -> Sequence[Told]:  # noqa: ANN401  # as above
    """The buyer has it."""
    return [Told("receipt_confirmed", {"by": command.by})]


def complete(_: Order, command: Command, __: Any) -> Sequence[Told]:  # noqa: ANN401  # as above
    """The time to object is over."""
    return [Told("order_completed", {"by": command.by})]


def ask_review(order: Order, command: Command, _: Any) -> Sequence[Told]:  # noqa: ANN401  # as above
    """The buyer is asked how it was, unless that was said."""
    if order.review:
        raise Refused("already", **marked_at(order, order.review.at))
    return [Told("review_asked", {"by": command.by})]


RULES: dict[str, Judgement] = {
    "confirm": confirm,
    "arrange_shipping": parcels.arrange,
    "cancel": cancel,
    "request_cancellation": requests.ask("cancellations", "cancellation_requested"),
    "withdraw_cancellation": requests.withdraw("cancellations", "cancellation_withdrawn"),
    "decide_cancellation": requests.decide_cancellation,
    "confirm_receipt": confirm_receipt,
    "complete": complete,
    "ask_review": ask_review,
    "open_claim": requests.ask("claims", "claim_opened"),
    "resolve_claim": requests.resolve_claim,
    "request_return": requests.ask("returns", "return_requested"),
    "withdraw_return": requests.withdraw("returns", "return_withdrawn"),
    "decide_return": requests.decide_return,
    "ship_return": requests.ship_return,
    "receive_return": requests.receive_return,
    "request_refund": requests.request_refund,
    "decide_refund": requests.decide_refund,
}

DONE: dict[str, str] = {
    "confirm": "confirmed",
    "cancel": "cancelled",
    "decide_cancellation": "cancelled",
    "confirm_receipt": "received",
    "complete": "completed",
    "ask_review": "review_asked",
}
"""Command → the milestone of the order that says that it was done before."""


def judge(order: Order, command: Command, asked: Any, now: int) -> Sequence[Told]:  # noqa: ANN401  # as above
    """Gives what a command leads to; `asked` is its payload. Raises Refused when a rule says no."""
    if not order.history:
        raise Refused("unknown_order")
    _may_ask(order, command)
    if now - command.asked_at > PATIENCE:
        raise Refused("too_late", asked_at=str(command.asked_at))
    if sum(now - answer.decided_at <= PATIENCE for answer in order.answers.values()) >= MOST:
        raise Refused("too_many", most=str(MOST))
    _fits(order, command)
    return RULES[command.name](order, command, asked)


def _may_ask(order: Order, command: Command) -> None:
    """Refuses whoever is no party of the order, or not the party that this is for."""
    owners = {"seller": order.seller[3], "buyer": order.details.buyer_id if order.details else ""}
    if command.by in owners and command.who != owners[command.by]:
        raise Refused("not_yours")
    if command.by not in COMMANDS[command.name].by:
        raise Refused("role", by=command.by)


def _fits(order: Order, command: Command) -> None:
    """Refuses what was done before, and what the order's status does not allow."""
    done = DONE.get(command.name, "")
    if mark := order.marks.get(done) or order.reported.get(done):
        raise Refused("already", **marked_at(order, mark))
    if order.status not in COMMANDS[command.name].statuses:
        raise Refused("status", status=order.status, **told_at(order.history[-1][0]))
    if command.name == "cancel" and command.by == "buyer" and order.status not in command.terms.buyer_cancels:
        raise Refused("terms", status=order.status)


def events_of(order: Order, command: Command, told: Sequence[Told], evidence: Evidence) -> list[Event]:
    """Gives the events of an accepted command; `evidence` is where the command lies.

    They happen after all that it was judged against, though a sender's clock may be a little ahead of ours.
    """
    at = max(command.asked_at, min(order.last_at, command.asked_at + AHEAD))
    return [
        EVENTS[kind].shape(
            event_id=digest(command.command_id, kind),
            type=kind,
            order_id=command.order_id,
            occurred_at=at,
            received_at=evidence.written_at,
            source="automation" if command.by == "system" else "arus",
            evidence=evidence,
            rank=rank,
            **fields,
        )
        for rank, (kind, fields) in enumerate(told)
    ]
