"""The reference: every webhook and what counts beside it folded in one go: no stream, no batch, no order of arrival."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import NamedTuple, cast

from agents.rules.bindings import Teller, belongs, strangers, teller
from agents.rules.fold import fold
from agents.rules.history import settle
from agents.rules.joins import answers
from agents.rules.stock.standings import articles_of
from pipeline import codec
from pipeline.broker.codes import meaning
from pipeline.cli.proof.beside import Beside
from pipeline.settings import Settings
from pipeline.sources import Untranslatable, account_of, translate
from pipeline.sources.telling import with_meaning
from schemas.codes import CodeMapped, unknown_in
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.facts import Order
from schemas.ids import article_key, tracking_key
from schemas.shipments import PackageScanned, ShippingArranged
from schemas.stock import StockTold

Orders = dict[str, dict[str, Event]]
"""order → event id → event."""

NOTHING = Beside()


class Reference(NamedTuple):
    """What must have become of webhooks."""

    untranslatable: int
    events: Orders
    orders: dict[str, Order]


class Seen(NamedTuple):
    """Of some webhooks: how many are the first of their kind, and how many tell what another told before."""

    once: int
    again: int


def reference(settings: Settings, kept: Iterable[Delivery], besides: Beside = NOTHING) -> Reference:
    """Folds all deliveries, of those with one key the first, and what else counts."""
    taken: dict[bytes, list[Event]] = {}
    untranslatable = 0
    for delivery in as_taken(kept):
        if delivery.key in taken:
            continue
        try:
            taken[delivery.key] = translated(settings, delivery, besides.meanings)
        except Untranslatable:  # not remembered as taken: each copy is a dead letter of its own
            untranslatable += 1
    by_order = bound([*chain.from_iterable(taken.values()), *besides.events])
    orders = {id_: folded(id_, told.values()) for id_, told in by_order.items()}
    for answer in besides.answers:
        answers.keep(orders.setdefault(answer.order_id, Order(answer.order_id)), answer)
    return Reference(untranslatable, by_order, orders)


def as_taken(kept: Iterable[Delivery]) -> list[Delivery]:
    """Puts deliveries in the order that intake had them: each partition in its own, of several the earlier first.

    What came before topics had as many partitions as now lies in another one than its repeats.
    """
    return [delivery for _, delivery in sorted(taken_at(kept), key=itemgetter(0))]


def taken_at(kept: Iterable[Delivery]) -> Iterator[tuple[int, Delivery]]:
    """Gives each delivery with the instant that puts it in its place among all: within a partition no clock counts."""
    latest: dict[int, int] = {}
    for delivery in kept:
        latest[delivery.partition] = max(latest.get(delivery.partition, 0), delivery.written_at)
        yield latest[delivery.partition], delivery


def translated(settings: Settings, delivery: Delivery, meanings: Sequence[CodeMapped]) -> list[Event]:
    """Gives the events that a delivery tells, as the stream reads them. Raises Untranslatable."""
    events = translate(delivery, account_of(delivery, settings))
    if not all(event.order_id or isinstance(event, (PackageScanned, StockTold)) for event in events):
        raise Untranslatable("no_order", "it names no order")
    return [_with_meaning(codec.decode(event.type.encode(), codec.encode_event(event)), meanings) for event in events]


def _with_meaning(event: Event, meanings: Iterable[CodeMapped]) -> Event:
    unknown = unknown_in(event)
    means = meaning(meanings, unknown) if unknown else ""
    return with_meaning(event, means) if means else event


def bound(events: Sequence[Event]) -> Orders:
    """Gives each order its events: scans to the order they name, and to those that their number was bound to then."""
    bindings: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.type == "shipping_arranged" and (number := number_of(event)):
            bindings[number].append(event)
    orders: Orders = {}
    for event in events:
        owners = {event.order_id} - {""}
        if event.type == "package_scanned":
            owners |= {one.order_id for one in bindings.get(number_of(event), ()) if meets(sight(one), sight(event))}
        for owner in owners:
            orders.setdefault(owner, {}).setdefault(event.event_id, event)
    return orders


class Sight(NamedTuple):
    """That somebody told of a tracking number: when it happened, and whose account told it."""

    at: int
    teller: Teller


def sight(event: Event) -> Sight:
    """Gives what of an event its tracking number's orders depend on."""
    return Sight(event.occurred_at, teller(event))


def meets(bound: Sight, scanned: Sight) -> bool:
    """Tells whether a scan falls to an order that its number was ever bound to."""
    return belongs(bound.at, scanned.at) and not strangers(bound.teller, scanned.teller)


def number_of(event: Event) -> str:
    """Gives the tracking number of an event that has one, with its carrier; "" where it has none."""
    if event.type not in ("shipping_arranged", "package_scanned"):
        return ""
    told = cast("PackageScanned | ShippingArranged", event)
    return tracking_key(told.carrier, told.tracking_number) if told.tracking_number else ""


def folded(order_id: str, events: Iterable[Event]) -> Order:
    """Folds all events of an order in one go."""
    order = Order(order_id)
    for event in events:
        fold(order, event)
    settle(order)
    return order


def seen(kept: Sequence[Delivery], since: int, until: int) -> Seen:
    """Counts the deliveries that were received after `since` and not after `until`."""
    first: dict[bytes, Delivery] = {}
    for delivery in as_taken(kept):
        first.setdefault(delivery.key, delivery)
    counted = [delivery is first[delivery.key] for delivery in kept if since < delivery.received_at <= until]
    return Seen(counted.count(True), counted.count(False))


def standings(orders: Iterable[Order]) -> dict[str, Counter[str]]:
    """Gives for each article how many pieces of all orders are reserved, released, shipped and returned."""
    articles: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for order in orders:
        for sku, standing in articles_of(order).items():
            pieces = articles[article_key(order.seller[3], sku)]
            pieces["shipped" if standing.state == "returned" else standing.state] += standing.quantity
            pieces["returned"] += standing.quantity * (standing.state == "returned")
    return dict(articles)
