"""The rows of stock: what sellers told of their articles, what orders did with them, and where each stands."""

import msgspec
from msgspec import Struct

from analytics.rows.events import Where
from analytics.rows.owners import of_seller
from analytics.rows.table import Table
from pipeline import codec
from pipeline.streams.agent import Record
from schemas.facts import NEVER
from schemas.stock import Level, Movement


class StockTold(Struct, gc=False):
    """A count or a receipt, as an event of topic `stock` tells it."""

    event_id: str
    type: str
    seller_id: str
    sku: str
    quantity: int
    occurred_at: int
    received_at: int
    source: str
    evidence: Where
    low_at: int | None = None


class StockToldRow(Struct, gc=False):
    """A count or a receipt, with the way down to the bytes that were sent."""

    event_id: str
    type: str
    seller_id: str
    sku: str
    quantity: int
    low_at: int | None
    occurred_at: int
    received_at: int
    source: str
    evidence_topic: str
    evidence_partition: int
    evidence_offset: int


class MovementRow(Struct, gc=False):
    """An order does something else with an article; `is_` what it does now, `was_` what it did before."""

    movement_id: str
    order_id: str
    seller_id: str
    sku: str
    snapshot_partition: int
    snapshot_offset: int
    was_state: str
    was_quantity: int
    was_at: int
    was_shipped_at: int
    is_state: str
    is_quantity: int
    is_at: int
    is_shipped_at: int


class LevelRow(Struct, gc=False):
    """Where one article stands. came_in: what was received since the count; low_at: None where nobody set it."""

    seller_id: str
    sku: str
    name: str
    counted: int | None
    counted_at: int | None
    came_in: int
    low_at: int | None
    on_hand: int
    available: int
    reserved: int
    released: int
    shipped: int
    returned: int
    stocked_at: int | None
    movements_until: int


_told = msgspec.json.Decoder(StockTold).decode
_movement = msgspec.json.Decoder(Movement).decode
_level = codec.reader(Level, 1 << 30)


def _read_told(record: Record) -> StockToldRow:
    told = _told(record.value or b"")
    evidence = told.evidence
    return StockToldRow(
        told.event_id,
        told.type,
        told.seller_id,
        told.sku,
        told.quantity,
        told.low_at,
        told.occurred_at,
        told.received_at,
        told.source,
        evidence.topic,
        evidence.partition,
        evidence.offset,
    )


def _read_movement(record: Record) -> MovementRow:
    told = _movement(record.value or b"")
    was, now = told.before, told.after
    return MovementRow(
        told.movement_id,
        told.order_id,
        told.seller_id,
        told.sku,
        told.snapshot[0],
        told.snapshot[1],
        was.state,
        was.quantity,
        was.at,
        was.shipped_at,
        now.state,
        now.quantity,
        now.at,
        now.shipped_at,
    )


def _read_level(record: Record) -> LevelRow | None:
    if not record.value:
        return None
    level = _level(record.value)
    return LevelRow(
        level.seller_id,
        level.sku,
        level.named[2],
        level.counted.quantity if level.counted else None,
        level.counted.stamp[0] if level.counted else None,
        level.receipts_older + sum(receipt.quantity for receipt in level.receipts.values()),
        level.low_at[1] if level.low_at[0] != NEVER else None,
        level.on_hand,
        level.available,
        level.reserved,
        level.released,
        level.shipped,
        level.returned,
        level.stocked[0] if level.stocked != NEVER else None,
        level.movements_until,
    )


_ARTICLE = {"article_key": "key_of(article_of(seller_id, sku))", "seller_key": "key_of(seller_id)"}

STOCK_TOLD = Table(
    "stock_told",
    StockToldRow,
    _read_told,
    {**_ARTICLE, "event_key": "key_of(event_id)"},
    owners=of_seller,
    owner_key="seller_key",
)

MOVEMENTS = Table(
    "movements",
    MovementRow,
    _read_movement,
    {**_ARTICLE, "order_key": "key_of(order_id)"},
    owners=of_seller,
    owner_key="seller_key",
)

LEVELS = Table("levels", LevelRow, _read_level, _ARTICLE, newest="article_key", owners=of_seller)
