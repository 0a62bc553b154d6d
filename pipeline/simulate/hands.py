"""Hands: what people do in Arus itself: of a step of an order's life, the commands by which it is asked for.

Sellers work in Arus for orders from everywhere; buyers for those of the shop's own site, as a marketplace has an app of
its own. Some ask for what a rule refuses, as people do.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Literal, NamedTuple

from pipeline.simulate.lives import Step
from pipeline.simulate.purchases import Purchase
from schemas.commands import command_id
from schemas.ids import digest
from schemas.times import MINUTE, SECOND

Role = Literal["seller", "buyer"]
"""People: what a system asks is not theirs."""

OWN = "standard_webhooks"

MISTAKEN = 0.35
"""The share of orders by hand of which somebody asks what is refused."""

Payload = dict[str, Any]


class Ask(NamedTuple):
    """A command that somebody gives: when, of which order, who, and by which key. refuses: the rule that says no."""

    due: int
    order_id: str
    by: Role
    who: str
    name: str
    payload: Payload
    key: str
    refuses: str = ""


class Wanted(NamedTuple):
    """What a step is asked by; `opens`: the field by which later steps name the case or refund that it begins."""

    by: Role
    name: str
    payload: Payload
    opens: str = ""


class Mistake(NamedTuple):
    """After which step somebody asks what, and the rule that refuses it."""

    after: str
    by: Role
    name: str
    payload: Payload
    rule: str


MISTAKES = (
    Mistake("order_confirmed", "seller", "confirm", {}, "already"),
    Mistake("shipping_arranged", "buyer", "confirm", {}, "role"),
    Mistake("shipping_arranged", "buyer", "cancel", {"reason": "ordered twice"}, "terms"),
    Mistake("in_transit", "seller", "cancel", {"reason": "out of stock"}, "status"),
    Mistake("delivered", "seller", "resolve_claim", {"outcome": "delivered"}, "no_case"),
    Mistake("delivered", "seller", "request_refund", {"reason": "a gift", "amount": 10**9}, "amount"),
)


def _reason(step: Step) -> Payload:
    return {"reason": step.told["reason"]}


def _shipping(step: Step) -> Payload:
    parcel = step.parcel
    if parcel is None:
        return {}
    named = {"carrier": parcel.carrier, "tracking_number": parcel.number, "package_id": parcel.package_id}
    return {**named, "service": "REG", "skus": list(parcel.skus)}


def _return(step: Step) -> Payload:
    return {"kind": step.told["kind"], "reason": step.told["reason"]}


def _sent_back(step: Step) -> Payload:
    return {"carrier": "jne", "tracking_number": f"JNE{step.at}"}


def _cancelled(step: Step) -> Wanted | None:
    """A buyer's wish is granted; a seller cancels; whatever else cancels an order nobody does here."""
    if "case_id" in step.told:
        return Wanted("seller", "decide_cancellation", {"accept": True})
    return Wanted("seller", "cancel", _reason(step)) if step.told["by"] == "seller" else None


ASKED: dict[str, Callable[[Step], Wanted | None]] = {
    "order_confirmed": lambda _: Wanted("seller", "confirm", {}),
    "shipping_arranged": lambda step: Wanted("seller", "arrange_shipping", _shipping(step)),
    "cancellation_requested": lambda step: Wanted("buyer", "request_cancellation", _reason(step), "case_id"),
    "cancellation_rejected": lambda step: Wanted("seller", "decide_cancellation", {"accept": False, **_reason(step)}),
    "order_cancelled": _cancelled,
    "receipt_confirmed": lambda _: Wanted("buyer", "confirm_receipt", {}),
    "claim_opened": lambda step: Wanted("buyer", "open_claim", _reason(step), "case_id"),
    "claim_resolved": lambda _: Wanted("seller", "resolve_claim", {"outcome": "delivered"}),
    "return_requested": lambda step: Wanted("buyer", "request_return", _return(step), "case_id"),
    "return_approved": lambda _: Wanted("seller", "decide_return", {"accept": True}),
    "return_rejected": lambda step: Wanted("seller", "decide_return", {"accept": False, **_reason(step)}),
    "return_shipped": lambda step: Wanted("buyer", "ship_return", _sent_back(step)),
    "return_received": lambda _: Wanted("seller", "receive_return", {"outcome": "refunded"}),
    "refund_requested": lambda _: Wanted("buyer", "request_refund", {"reason": "money back"}, "refund_id"),
    "refund_approved": lambda _: Wanted("seller", "decide_refund", {"accept": True}),
}
"""Step → the command that asks for it."""


class Hands:
    """Those of one order's seller and buyer. A case that they open has the name that Arus gives it."""

    def __init__(self, bought: Purchase, pace: float, mistake: Mistake | None) -> None:
        self._bought, self._pace, self._mistake = bought, pace, mistake
        self._names: dict[str, str] = {}
        self._asked: list[str] = []

    def asks(self, step: Step) -> Iterator[Ask]:
        """Gives the commands by which a step is asked for; none if it happens elsewhere."""
        told = ASKED[step.what](step) if step.what in ASKED else None
        if told and self._works_here(told.by):
            ask = self._ask(step.at, told)
            if told.opens and told.opens in step.told:
                self._names[step.told[told.opens]] = digest(command_id(ask.order_id, ask.by, ask.who, ask.key))
            yield ask

    def mistakes(self, step: Step) -> Iterator[Ask]:
        """Gives what somebody asks after a step and a rule refuses."""
        mistake = self._mistake
        if mistake and mistake.after == step.what and self._works_here(mistake.by):
            self._mistake = None
            at = step.at + max(2 * SECOND, round(10 * MINUTE / self._pace))
            yield self._ask(at, Wanted(*mistake[1:4]))._replace(refuses=mistake.rule)

    def named(self, step: Step) -> Step:
        """Gives a step as others tell it, who know of a case by the name that it has here."""
        names = {name: self._names.get(str(value), value) for name, value in step.told.items()}
        return step._replace(told=names)

    def _works_here(self, who: Role) -> bool:
        return who == "seller" or self._bought.place == OWN

    def _ask(self, at: int, wanted: Wanted) -> Ask:
        order = self._bought.order_id
        buyer = f"{order.partition(':')[0]}:{self._bought.buyer_id}"
        who = self._bought.shop.seller if wanted.by == "seller" else buyer
        key = f"{wanted.name}-{len(self._asked)}"
        self._asked.append(key)
        return Ask(at, order, wanted.by, who, wanted.name, wanted.payload, key)


def draw_mistake(seed: str) -> Mistake | None:
    """Draws what somebody asks wrongly of an order, if anything."""
    dice = Random(f"{seed}/mistake")
    return dice.choice(MISTAKES) if dice.random() < MISTAKEN else None
