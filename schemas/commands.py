"""COMMANDS: what people and automation may ask of an order; REFUSALS: every way in which that is said no to.

A command is a wish, not a fact: tracking judges it once, against the order as it then stands. What it leads to are
events like any other and one Answer, and those are the facts. So `commands` is no input of a replay.
"""

from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import Struct, field

from schemas.ids import digest
from schemas.payloads import (
    Amount,
    Because,
    Decision,
    Nothing,
    OfCase,
    Received,
    Resolution,
    Return,
    SentBack,
    Shipping,
)
from schemas.statuses import implying
from schemas.times import DAY

Role = Literal["seller", "buyer", "system"]

PATIENCE = DAY
"""A command that could not be judged for longer is refused: whoever asked has long done something else."""

MOST = 100
"""Commands of one order within PATIENCE; their answers are kept in its state, so that none has an effect twice."""


class Kind(NamedTuple):
    """One command: what it carries, who may ask it, in which statuses, and the events that it may lead to."""

    shape: type
    by: tuple[Role, ...]
    statuses: tuple[str, ...]
    events: tuple[str, ...]
    says: str


_BEFORE = ("unpaid", "on_hold", "new", "ready_to_ship", "awaiting_collection")
_ARRIVED = ("delivered", "completed")
_RETURNING = ("return_requested", "return_in_progress")
_PAID = tuple(status for status in implying("placed") if status != "unpaid")
_ANY = implying("placed")

COMMANDS: dict[str, Kind] = {
    "confirm": Kind(
        Nothing, ("seller", "system"), ("new",), ("order_confirmed",), "The seller takes the order: it can be sent."
    ),
    "arrange_shipping": Kind(
        Shipping,
        ("seller", "system"),
        ("ready_to_ship", "awaiting_collection", "partially_shipped"),
        ("shipping_arranged",),
        "A parcel has a carrier, and its tracking number is bound to the order.",
    ),
    "cancel": Kind(
        Because,
        ("seller", "buyer", "system"),
        _BEFORE,
        ("order_cancelled",),
        "The order ends before a carrier has it; a buyer may do so alone as far as the shop's terms allow.",
    ),
    "request_cancellation": Kind(
        Because, ("buyer",), _BEFORE, ("cancellation_requested",), "The buyer asks the seller to cancel."
    ),
    "withdraw_cancellation": Kind(
        OfCase, ("buyer",), _ANY, ("cancellation_withdrawn",), "The buyer no longer wants it cancelled."
    ),
    "decide_cancellation": Kind(
        Decision,
        ("seller",),
        _BEFORE,
        ("order_cancelled", "cancellation_rejected"),
        "The seller cancels as the buyer asked, or says no.",
    ),
    "confirm_receipt": Kind(
        Nothing, ("buyer",), ("in_transit", "delivered"), ("receipt_confirmed",), "The buyer has it."
    ),
    "complete": Kind(Nothing, ("system",), ("delivered",), ("order_completed",), "The time to object is over."),
    "ask_review": Kind(
        Nothing, ("system",), ("completed",), ("review_asked",), "The buyer is asked how it was, once, if nobody knows."
    ),
    "open_claim": Kind(
        Because,
        ("buyer",),
        _ARRIVED,
        ("claim_opened",),
        "It is shown as delivered, and the buyer does not have it.",
    ),
    "resolve_claim": Kind(
        Resolution, ("seller",), _ANY, ("claim_resolved",), "The seller ends a claim, with what the tracking shows."
    ),
    "request_return": Kind(
        Return,
        ("buyer",),
        (*_ARRIVED, *_RETURNING),
        ("return_requested",),
        "The buyer wants money back or other goods.",
    ),
    "withdraw_return": Kind(OfCase, ("buyer",), _ANY, ("return_withdrawn",), "The buyer keeps it after all."),
    "decide_return": Kind(
        Decision, ("seller",), _ANY, ("return_approved", "return_rejected"), "The seller says yes or no to a return."
    ),
    "ship_return": Kind(
        SentBack, ("buyer",), _ANY, ("return_shipped",), "The buyer has sent the goods of an approved return back."
    ),
    "receive_return": Kind(
        Received, ("seller",), _ANY, ("return_received", "return_closed"), "The goods are back at the seller's."
    ),
    "request_refund": Kind(
        Amount,
        ("buyer", "seller"),
        _PAID,
        ("refund_requested", "refund_approved"),
        "Money is to go back, all or a part; of the seller's own accord it is approved at once.",
    ),
    "decide_refund": Kind(
        Decision, ("seller",), _ANY, ("refund_approved", "refund_failed"), "The seller says yes or no to a refund."
    ),
}


class Refusal(NamedTuple):
    """One rule by which a command is refused: the HTTP status that fits it, and the rule in a sentence."""

    http_status: int
    says: str


REFUSALS: dict[str, Refusal] = {
    "unknown_order": Refusal(404, "Nothing is known of this order."),
    "not_yours": Refusal(404, "Only the order's own seller or buyer may ask something of it."),
    "role": Refusal(403, "This is for another party of the order to do."),
    "already": Refusal(409, "It was done before: the first one counts."),
    "status": Refusal(409, "It is not possible in the order's present status."),
    "terms": Refusal(409, "The shop's terms do not let the buyer cancel alone any more; the seller can be asked."),
    "no_case": Refusal(409, "There is no open request of this kind."),
    "which": Refusal(422, "There are several open requests: `case_id` must say which one is meant."),
    "missing": Refusal(409, "The order's details are not complete."),
    "amount": Refusal(409, "No more can go back than was paid and has not gone back yet."),
    "too_late": Refusal(409, "It could not be judged within a day, and so was not done."),
    "too_many": Refusal(429, "So many commands of one order within a day are a mistake."),
}


class Terms(Struct, omit_defaults=True, frozen=True, gc=False):
    """The seller's policy as it was shown to whoever asked."""

    buyer_cancels: tuple[str, ...] = ("unpaid", "on_hold", "new")
    """Statuses in which a buyer may cancel without asking."""


class Command(Struct, omit_defaults=True, gc=False):
    """What somebody asks of an order: the value of topic `commands`; id = order_id/digest of who asks and their key.

    who: the seller or buyer; of the system the part of it. payload: the fields of the command's shape.
    """

    command_id: str
    order_id: str
    name: str
    by: Role
    who: str
    asked_at: int
    payload: dict[str, Any] = field(default_factory=dict)
    terms: Terms = Terms()

    @property
    def matter(self) -> str:
        """A digest of what is asked: one key is for one matter."""
        return digest(self.name, msgspec.json.encode(self.payload, order="deterministic"))


class Answer(Struct, omit_defaults=True, gc=False):
    """What became of a command: the value of topic `command.answers`, and a fact of its order. The first one counts.

    refused: why not, one of REFUSALS; empty: it was done. values: what the refusal's sentence names.
    events: ids of the events that it led to. status: of the order, afterwards.
    """

    command_id: str
    order_id: str
    name: str
    by: Role
    who: str
    matter: str
    asked_at: int
    decided_at: int
    refused: str = ""
    values: dict[str, str] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    status: str = ""


def command_id(order_id: str, by: Role, who: str, key: str) -> str:
    """Names a command: the same key of the same asker is the same command."""
    return f"{order_id}/{digest(by, who, key)}"


def order_of(command: str) -> str:
    """Gives the order that a command's id names."""
    return command.rpartition("/")[0]
