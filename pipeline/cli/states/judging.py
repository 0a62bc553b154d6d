"""Judging: which states are not what their orders' webhooks tell. Plain data in, plain data out."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from agents.tracking import orders as table
from pipeline import codec
from pipeline.cli.proof.reference import folded
from pipeline.cli.states.gathering import Known
from schemas.corrections import stamp
from schemas.events import Event
from schemas.facts import Order


class Suspect(NamedTuple):
    """An order whose state differs from what was folded anew in these fields.

    live: None where it has none. was: `stamp` of that state, as it stands in Kafka. told: what its webhooks tell.
    """

    live: Order | None
    anew: Order
    fields: list[str]
    was: str
    told: Mapping[str, Event]


class Judged(NamedTuple):
    """What a comparison found.

    moving: something was told of them meanwhile. older: than what is kept of webhooks. untold: by any webhook.
    """

    same: int
    suspects: list[Suspect]
    moving: int
    older: int
    untold: int


def judge(orders: Iterable[Known], began: int, reach: int) -> Judged:
    """Compares states as they lie in Kafka with those folded anew.

    began: a state that was written later may hold more than was read. reach: older webhooks may be gone.
    """
    same = moving = older = untold = 0
    suspects = []
    for order_id, state, written_at, told in orders:
        if not told:
            untold += 1
            continue
        live, anew = table.decode(state) if state else None, folded(order_id, told.values())
        if live:
            anew.answers = live.answers  # facts that no webhook tells
        fields = _differing(live, anew)
        if not fields:
            same += 1
        elif live and written_at >= began:
            moving += 1
        elif reach and min(_begins(one) for one in (live, anew) if one) <= reach:
            older += 1
        else:
            suspects.append(Suspect(live, anew, fields, stamp(codec.encode(live) if live else b""), told))
    return Judged(same, suspects, moving, older, untold)


def _differing(live: Order | None, anew: Order) -> list[str]:
    """Names the fields that differ; a state of an older version that says the same is right."""
    if live is None:
        return ["order_id"]
    told = (name for name in Order.__struct_fields__ if name != "version")
    return [name for name in told if getattr(live, name) != getattr(anew, name)]


def _begins(order: Order) -> int:
    return order.history[0][0] if order.history else order.last_at
