"""What sellers' own systems tell of their stock: a count when the story begins, and goods that come in each week."""

import heapq
from collections.abc import Iterator, Sequence
from itertools import count
from operator import attrgetter
from random import Random

from pipeline.simulate.senders.voice import write
from pipeline.simulate.shops import Shop
from pipeline.simulate.traffic import Webhook
from pipeline.simulate.world import Item
from schemas.times import DAY, HOUR, MINUTE, SECOND, rfc3339

PIECES = 2.1
"""How many of all articles together an order takes, on average."""

DAYS_COUNTED, DAYS_RECEIVED = (8, 20), (4, 8)
"""For how many days the first count lasts, and what comes in each week: some articles run out, as they do."""

DAYS_LOW = 2
"""So many days before the shelf is empty the seller wants to hear of it."""

SHORTAGE: tuple[tuple[int, str, int, dict[str, str | int]], ...] = (
    (30 * SECOND, "stock_counted", 0, {"quantity": 25, "low_at": 25}),
    (45 * SECOND, "stock_counted", 1, {"quantity": 0, "low_at": 5}),
    (4 * MINUTE, "stock_received", 1, {"quantity": 80}),
)
"""How long after a start, what is told, of which article of each shop."""


def shelves(shops: Sequence[Shop], start: int, per_day: float, seed: str) -> Iterator[Webhook]:
    """Gives, without end and in the order of arrival, what the shops tell of their stock; `per_day`: orders of all."""
    telling = [shop for shop in shops if shop.has("standard_webhooks")]
    articles = ((shop, item) for shop in telling for item in shop.catalogue)
    return heapq.merge(
        *(_article(shop, item, start, per_day / len(shops), f"{seed}/stock") for shop, item in articles),
        key=attrgetter("due"),
    )


def shortage(shops: Sequence[Shop], start: int) -> Iterator[Webhook]:
    """Gives what the shops tell within minutes of a start: one article is low, one is oversold, and then more comes."""
    for after, kind, article, told in SHORTAGE:
        for shop in shops:
            if shop.has("standard_webhooks"):
                item = shop.catalogue[article]
                yield _told(shop, kind, start + after, {"sku": item.sku, "name": item.name, **told})


def _article(shop: Shop, item: Item, start: int, per_day: float, seed: str) -> Iterator[Webhook]:
    dice = Random(f"{seed}/{shop.seller}/{item.sku}")
    taken = per_day * PIECES / len(shop.catalogue)
    article: dict[str, str | int] = {"sku": item.sku, "name": item.name}
    first = {**article, "quantity": round(taken * dice.uniform(*DAYS_COUNTED)) + 1, "low_at": round(taken * DAYS_LOW)}
    yield _told(shop, "stock_counted", start, first)
    for week in count(1):
        at = start + week * 7 * DAY + dice.randrange(12 * HOUR)
        yield _told(
            shop, "stock_received", at, {**article, "quantity": round(taken * dice.uniform(*DAYS_RECEIVED)) + 1}
        )


def _told(shop: Shop, kind: str, at: int, data: dict[str, str | int]) -> Webhook:
    body = write({"type": kind, "timestamp": rfc3339(at), "data": data})
    return Webhook(at, shop.accounts["standard_webhooks"], body)
