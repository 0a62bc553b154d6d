"""REASONS: why a state is not what its order's webhooks tell; the first that holds is said."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, cast

import msgspec
from msgspec import Struct

from analytics.rows.orders import read
from pipeline import codec
from pipeline.broker.reader import Stored
from pipeline.cli.states.judging import Suspect
from pipeline.streams.agent import Record
from schemas.events import Event
from schemas.facts import Order

PROMISED = frozenset(("due", "begun", "kept"))
DERIVED = PROMISED | {"status", "history", "anomalies"}
"""Fields of an order that follow from the facts in its others."""

Heard = Mapping[str, Collection[bytes]]
"""Of one order, event id → each form in which the stream told that event."""


class Wrong(Struct):
    """A state that is not what its order's webhooks tell.

    report: column of the seller's reports → what it says, and what it should say.
    """

    order_id: str
    seller_id: str
    why: str
    before: str
    after: str
    fields: list[str]
    report: dict[str, tuple[Any, Any]]


class Case(NamedTuple):
    """A suspect, the events that the stream told of it, and those that its webhooks tell now."""

    suspect: Suspect
    heard: Heard
    told: Mapping[str, bytes]


REASONS: dict[str, Callable[[Case], bool]] = {
    "no state": lambda case: case.suspect.live is None,
    "events missing": lambda case: case.heard.keys() < case.told.keys(),
    "told otherwise": lambda case: (
        any({*case.heard.get(id_, ())} != {form} for id_, form in case.told.items())
        or case.heard.keys() != case.told.keys()
    ),
    "policy": lambda case: PROMISED.issuperset(case.suspect.fields),
    "rules": lambda case: DERIVED.issuperset(case.suspect.fields),
    "error": lambda _: True,
}
"""Reason → whether it holds.

told otherwise: senders' codes or words mean something else now. policy: promises by other times. rules: the same facts
lead to something else now. error: the same events gave other facts, which must never be.
"""


def explain(suspect: Suspect, heard: Heard) -> Wrong:
    """Says why a state is wrong, and what of it sellers see."""
    order_id = suspect.anew.order_id
    forms = {id_: _form(event, order_id) for id_, event in suspect.told.items()}
    case = Case(suspect, heard, forms)
    before, after = _row(suspect.live or Order(order_id)), _row(suspect.anew)
    return Wrong(
        order_id,
        suspect.anew.seller[3],
        next(why for why, holds in REASONS.items() if holds(case)),
        suspect.live.status if suspect.live else "",
        suspect.anew.status,
        suspect.fields,
        {name: (before[name], value) for name, value in after.items() if before[name] != value},
    )


def _form(event: Event, order_id: str) -> bytes:
    """Writes an event as the order's topic holds it: matching names the order of a scan."""
    return codec.encode(msgspec.structs.replace(cast("Any", event), order_id=order_id))


def _row(order: Order) -> dict[str, Any]:
    row = read(cast("Record", Stored("", 0, 0, 0, order.order_id.encode(), codec.encode(order), [])))
    return {name: value for name, value in msgspec.structs.asdict(row).items() if name != "facts"} if row else {}
