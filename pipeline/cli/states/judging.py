"""Judging: which states are not what their orders' webhooks tell. Plain data in, plain data out."""

from collections.abc import Mapping
from typing import NamedTuple

from agents.tracking import orders as table
from pipeline import codec
from pipeline.broker.reader import Stored
from schemas.corrections import stamp
from schemas.facts import Order


class Suspect(NamedTuple):
    """An order whose state differs from what was folded anew in these fields.

    live: None where it has none. was: `stamp` of that state, as it stands in Kafka.
    """

    live: Order | None
    anew: Order
    fields: list[str]
    was: str


class Judged(NamedTuple):
    """What a comparison found.

    moving: something was told of them meanwhile. older: than what is kept of webhooks. untold: by any webhook.
    """

    same: int
    suspects: list[Suspect]
    moving: int
    older: int
    untold: int


def judge(live: Mapping[str, Stored], anew: Mapping[str, Order], began: int, reach: int) -> Judged:
    """Compares states as they lie in Kafka with those folded anew.

    began: a state that was written later may hold more than was read. reach: older webhooks may be gone.
    """
    same = moving = older = 0
    suspects = []
    for order_id, order in anew.items():
        stored = live.get(order_id)
        known = table.decode(stored.value) if stored and stored.value else None
        if known:
            order.answers = known.answers  # facts that no webhook tells
        fields = _differing(known, order)
        if not fields:
            same += 1
        elif stored and stored.timestamp >= began:
            moving += 1
        elif reach and min(_begins(one) for one in (known, order) if one) <= reach:
            older += 1
        else:
            suspects.append(Suspect(known, order, fields, stamp(codec.encode(known) if known else b"")))
    return Judged(same, suspects, moving, older, len(live.keys() - anew.keys()))


def _differing(live: Order | None, anew: Order) -> list[str]:
    """Names the fields that differ; a state of an older version that says the same is right."""
    if live is None:
        return ["order_id"]
    told = (name for name in Order.__struct_fields__ if name != "version")
    return [name for name in told if getattr(live, name) != getattr(anew, name)]


def _begins(order: Order) -> int:
    return order.history[0][0] if order.history else order.last_at
