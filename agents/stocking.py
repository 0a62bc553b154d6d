"""Stock: what each order newly does with its articles, and how many of each article are left.

Both agents are a job of their own that reads `order.snapshots` like anybody else: tracking, the hottest step, does
nothing for it, and could not read its own changelog. An order is told apart in its own partition, where a repeated or
late event changes its facts or does not; an article only adds up what that says, so its row stays small however many
orders are for it.
"""

from collections.abc import Iterator
from typing import cast

import msgspec

from agents.rules.stock import levels as rules
from agents.rules.stock import news
from agents.rules.stock.news import Cause
from agents.rules.stock.standings import movements_of
from agents.rules.upgrades import upgrade
from pipeline import codec
from pipeline.streams.agent import Batch, Message, Rows, Table, agent
from schemas import stock as stock_rows
from schemas.facts import VERSION, Order
from schemas.ids import article_key
from schemas.stock import Level, Moved, Movement, StockTold
from schemas.times import DAY

KEPT = 400 * DAY
"""An order that has been silent for longer, and what it is told then, moves no stock any more."""

FRESH = DAY
"""What is told later than that after it happened is no news."""

moved: Table[Moved] = Table(
    "moved",
    changelog="stock.orders",
    decode=codec.reader(Moved, stock_rows.VERSION),
    encode=codec.encode,
    keep_ms=KEPT,
    written_at=lambda row: row.touched_at,
)

levels: Table[Level] = Table(
    "levels", changelog="stock.levels", decode=codec.reader(Level, stock_rows.VERSION), encode=codec.encode
)

_order = codec.reader(Order, VERSION, upgrade)
_movement = msgspec.json.Decoder(Movement).decode


@agent("order.snapshots", table=moved)
def move(batch: Batch, moved: Rows[Moved]) -> Iterator[Message]:
    """Tells each article what an order newly does with it: reserved, shipped, returned or released."""
    for record, order in batch.read(_order):
        key = record.key or b""
        known = moved.get(key)
        if known is None and order.history and order.history[0][0] < record.timestamp - KEPT:
            continue
        told = list(movements_of(order, known, (batch.partition, record.offset)))
        for movement in told:
            article = article_key(movement.seller_id, movement.sku).encode()
            yield Message("stock.movements", article, codec.encode(movement))
        if told:
            articles = {movement.sku: movement.after for movement in told if movement.seller_id == order.seller[3]}
            before = known.articles if known and known.seller_id == order.seller[3] else {}
            after = {sku: standing for sku, standing in {**before, **articles}.items() if standing.state}
            moved.put(key, Moved(order.seller[3], record.timestamp, after))


@agent("stock", "stock.movements", table=levels)
def stock(batch: Batch, levels: Rows[Level]) -> Iterator[Message]:
    """Adds up what came in and what orders do, article by article; tells the seller what is low or oversold."""
    take = _take_movements if batch.topic == "stock.movements" else _take_told
    touched: dict[bytes, Cause] = {}
    for key, cause in take(batch, levels):
        before = touched.get(key)
        touched[key] = cause._replace(fresh=cause.fresh or (before is not None and before.fresh))
    for key, cause in touched.items():
        level = cast("Level", levels.get(key))
        rules.settle(level)
        for notice in news.notices(level, cause):
            yield Message("notices", notice.audience.encode(), codec.encode(notice))
        for anomaly in news.anomalies(level, cause):
            yield Message("anomalies", anomaly.order_id.encode(), codec.encode(anomaly))
        levels.put(key, level)


def _take_movements(batch: Batch, levels: Rows[Level]) -> Iterator[tuple[bytes, Cause]]:
    for record, movement in batch.read(_movement):
        key = article_key(movement.seller_id, movement.sku).encode()
        if key != record.key:
            batch.bury(record, "wrong_key", f"a movement of article {key!r} under key {record.key!r}")
            continue
        level = levels.get(key) or Level(movement.seller_id, movement.sku)
        if rules.move(level, movement):
            level.movements_until = record.offset
            levels.put(key, level)
            at = movement.after.at or movement.before.at
            fresh = record.timestamp - at <= FRESH
            yield key, Cause(movement.movement_id, movement.order_id, at, fresh)


def _take_told(batch: Batch, levels: Rows[Level]) -> Iterator[tuple[bytes, Cause]]:
    for record, event in batch.events():
        told = cast("StockTold", event)
        if event.type not in rules.TAKES or not event.seller_id:
            batch.bury(record, "no_stock", f"{event.type} tells nothing of a seller's stock")
            continue
        key = article_key(event.seller_id, told.sku).encode()
        if key != record.key:
            batch.bury(record, "wrong_key", f"an event of article {key!r} under key {record.key!r}")
            continue
        level = levels.get(key) or Level(event.seller_id, told.sku)
        try:
            rules.TAKES[event.type](level, told)
        except rules.TooLate as error:
            batch.bury(record, "too_late", str(error))
        levels.put(key, level)
        yield key, Cause(event.event_id, "", event.occurred_at, record.timestamp - event.occurred_at <= FRESH)
