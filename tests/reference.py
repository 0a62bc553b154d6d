"""What must have become of webhooks: every delivery folded in one go, with no stream, no batch and no order of arrival.

states = reference(deliveries, settings)
assert states["tiktok_shop:1"] == the value of order.snapshots under that key
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator

from agents.rules.bindings import AFTER, BEFORE
from agents.rules.fold import fold
from agents.rules.history import settle
from pipeline import codec
from pipeline.settings import Settings
from pipeline.sources import Untranslatable, translate
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.facts import Order
from schemas.ids import tracking_key
from schemas.shipments import PackageScanned, ShippingArranged

Orders = dict[str, dict[str, Event]]
"""order → event id → event."""


def reference(deliveries: Iterable[Delivery], settings: Settings, seed: int = 0) -> dict[str, bytes]:
    """Gives the encoded state of every order that deliveries tell of; the seed shuffles what is folded."""
    return {
        order_id: _state(order_id, told.values(), seed) for order_id, told in orders_in(deliveries, settings).items()
    }


def orders_in(deliveries: Iterable[Delivery], settings: Settings) -> Orders:
    """Gives each order the events that deliveries tell of it; the first of each delivery counts."""
    first = {delivery.key: delivery for delivery in reversed(list(deliveries))}
    events = [event for delivery in first.values() for event in _events(delivery, settings)]
    bindings = [event for event in events if isinstance(event, ShippingArranged) and event.tracking_number]
    orders: Orders = defaultdict(dict)
    for event in events:
        for order_id in {event.order_id, *_bound(event, bindings)} - {""}:
            orders[order_id].setdefault(event.event_id, event)
    return dict(orders)


def _events(delivery: Delivery, settings: Settings) -> list[Event]:
    account = settings.account(delivery.source, delivery.account)
    try:
        return translate(delivery, account) if account else []
    except Untranslatable:
        return []


def _bound(event: Event, bindings: list[ShippingArranged]) -> Iterator[str]:
    """Gives the orders of a scan: whatever was bound to its number not long after it or before it."""
    if isinstance(event, PackageScanned):
        number = tracking_key(event.carrier, event.tracking_number)
        for binding in bindings:
            near = -AFTER <= binding.occurred_at - event.occurred_at <= BEFORE
            if near and tracking_key(binding.carrier, binding.tracking_number) == number:
                yield binding.order_id


def _state(order_id: str, events: Iterable[Event], seed: int) -> bytes:
    shuffled, order = list(events), Order(order_id=order_id)
    random.Random(f"{seed} {order_id}").shuffle(shuffled)
    for event in shuffled:
        fold(order, event)
    settle(order)
    return codec.encode(order)
