"""Stock of the seed's shops: counted before their orders, and moved by the very agents that move it in the stream."""

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import msgspec

from agents.stocking import move, stock
from analytics.rows import TABLES
from pipeline import codec
from pipeline.streams import testing
from pipeline.streams.agent import Agent
from pipeline.streams.testing import Given
from schemas.deliveries import Delivery
from schemas.events import Evidence
from schemas.ids import article_key, digest
from schemas.stock import Movement, StockTold
from schemas.times import DAY

if TYPE_CHECKING:
    from tests.analytics.seed import Kafka

LEFT = (-2, 3, 40, 25, 60, 18, 9, None)
"""What is available of each article in the end: the first is oversold, the second low, the last was never counted."""

LOW_AT = 5


def shelve(kafka: "Kafka", sellers: tuple[str, ...], skus: tuple[str, ...], now: int) -> None:
    """Tells what orders do with articles, and a count of each that leaves what LEFT says."""
    _work(kafka, move, "order.snapshots")
    taken = _taken(kafka)
    for seller in sellers:
        for sku, left in zip(skus, LEFT, strict=True):
            if left is not None:
                _count(kafka, seller, sku, left + taken[seller, sku], now - 60 * DAY)
    _work(kafka, stock, "stock", "stock.movements")


def _taken(kafka: "Kafka") -> Counter[tuple[str, str]]:
    """Gives how many of each article are reserved or gone."""
    taken: Counter[tuple[str, str]] = Counter()
    for (topic, _), records in kafka.records.items():
        for record in records if topic == "stock.movements" else ():
            movement = msgspec.json.decode(record.value, type=Movement)
            for standing, sign in ((movement.before, -1), (movement.after, 1)):
                if standing.state in {"reserved", "shipped"}:
                    taken[movement.seller_id, movement.sku] += sign * standing.quantity
    return taken


def _count(kafka: "Kafka", seller: str, sku: str, quantity: int, at: int) -> None:
    name = f"{seller}-{sku}"
    headers = Delivery("standard_webhooks", "", "", b"", at).record_headers()
    part, offset = kafka.add("webhooks.received", f"standard_webhooks/shelf/{name}", b"{}", at, headers)
    told = StockTold(
        event_id=digest("count", name),
        type="stock_counted",
        order_id="",
        seller_id=seller,
        occurred_at=at,
        received_at=at,
        source="standard_webhooks",
        evidence=Evidence("webhooks.received", part, offset, at),
        sku=sku,
        quantity=quantity,
        low_at=LOW_AT,
    )
    kafka.add("stock", article_key(seller, sku), codec.encode_event(told), at, codec.headers(told))


def _work(kafka: "Kafka", agent: Agent, *topics: str) -> None:
    """Has an agent work off its topics, each partition as one batch, and writes what it tells."""
    rows, at = defaultdict[int, dict](dict), 0
    for topic in topics:
        for number in sorted(part for name, part in kafka.records if name == topic):
            records = kafka.records[topic, number]
            given = [Given(r.key, r.value, r.headers, r.offset, r.timestamp) for r in records]
            outcome = testing.run(agent, given, rows=rows[number], topic=topic, partition=number)
            rows[number], at = outcome.rows, records[-1].timestamp + 20
            for message in outcome.messages:
                kafka.add(message.topic, message.key.decode(), message.value, at, message.headers)
    if agent.table.changelog in TABLES:
        for key, row in ((key, row) for known in rows.values() for key, row in known.items()):
            kafka.add(agent.table.changelog, key.decode(), agent.table.encode(row), at)
