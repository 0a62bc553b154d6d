"""When an article is low or oversold: told once until there is plenty again, and an anomaly as long as it lasts."""

from collections.abc import Iterator
from typing import NamedTuple

from schemas.facts import NEVER, Anomaly
from schemas.ids import article_key, digest
from schemas.notices import Notice
from schemas.stock import Level


class Cause(NamedTuple):
    """What a level took last: the event or movement, the order if it was one, when it happened, and if it is news."""

    ref: str
    order_id: str
    at: int
    fresh: bool


def notices(level: Level, cause: Cause) -> Iterator[Notice]:
    """Gives what the seller is to hear of a level, and remembers it. Of old events nobody hears."""
    if level.available > level.low_at[1]:
        level.told = []
    if not cause.fresh or level.stocked == NEVER:
        return
    for kind, holds in (("low_stock", level.available <= level.low_at[1]), ("oversold", level.available < 0)):
        if holds and kind not in level.told:
            level.told.append(kind)
            yield _notice(level, kind, cause)


def anomalies(level: Level, cause: Cause) -> Iterator[Anomaly]:
    """Gives the anomaly of an article of which more is promised than is there, or takes it back."""
    oversold = level.available < 0 and level.stocked != NEVER
    if level.oversold_by and not oversold:
        yield _anomaly(level, level.oversold_by, cause, withdrawn=True)
        level.oversold_by = ""
    elif oversold and not level.oversold_by and level.last_order:
        level.oversold_by = level.last_order
        yield _anomaly(level, level.last_order, cause)


def _notice(level: Level, kind: str, cause: Cause) -> Notice:
    values = {"sku": level.sku, "item": level.named[2] or level.sku, "available": str(level.available)}
    return Notice(
        notice_id=f"{article_key(level.seller_id, level.sku)}/{kind}/{cause.ref}",
        audience=f"seller:{level.seller_id}",
        kind=kind,
        order_id=cause.order_id,
        occurred_at=cause.at,
        event_id=cause.ref,
        values=values,
    )


def _anomaly(level: Level, order_id: str, cause: Cause, *, withdrawn: bool = False) -> Anomaly:
    return Anomaly(
        anomaly_id=digest(order_id, "oversold", level.sku),
        order_id=order_id,
        seller_id=level.seller_id,
        kind="oversold",
        occurred_at=cause.at,
        event_id=cause.ref,
        detail=f"{level.sku}: {level.available} available",
        withdrawn=withdrawn,
    )
