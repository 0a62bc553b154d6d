"""The proof: what the stream made of a load equals what the same webhooks give when they are folded in one go.

Read from outside: Kafka as it lies there, and the warehouse through the API that everybody uses. Nothing of the
stream's own state is believed.
"""

import csv
import io
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import httpx
import msgspec

from agents.rules.fold import fold
from agents.rules.history import settle
from pipeline import codec
from pipeline.broker import BrokerError, admin
from pipeline.broker.reader import records
from pipeline.settings import Kafka, Settings
from pipeline.simulate.sending.record import fingerprint
from pipeline.sources import Untranslatable, translate
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.facts import Order
from schemas.ids import tracking_key
from schemas.shipments import PackageScanned, ShippingArranged
from schemas.stock import StockTold
from schemas.times import DAY, HOUR

JOBS = ("arus-intake", "arus-tracking", "arus-stock", "arus-loading")
QUIET_LOOKS = 3
"""How often in a row nothing may wait before the stream counts as drained."""


class Verdict(NamedTuple):
    """One thing that must hold, and whether it does."""

    what: str
    holds: bool
    detail: str


class Reference(NamedTuple):
    """What must have become of the webhooks that Kafka holds."""

    untranslatable: int
    events: dict[str, set[str]]
    """order → ids of its events."""
    orders: dict[str, bytes]
    """order → its state, encoded."""


def drain(kafka: Kafka, patience: float) -> float:
    """Waits until nothing waits to be read and gives the seconds it took. Raises BrokerError if it takes longer."""
    started, quiet, last = time.monotonic(), 0, ""
    while quiet < QUIET_LOOKS:
        try:
            behind = _behind(kafka)
            quiet, last = (0, f"{behind:,} records still wait") if behind else (quiet + 1, "")
        except BrokerError as error:  # it may just be coming back
            quiet, last = 0, str(error)
        if time.monotonic() - started > patience:
            raise BrokerError(f"not drained after {patience:g} s: {last}")
        time.sleep(0.3)
    return time.monotonic() - started


def _behind(kafka: Kafka) -> int:
    with admin.connect(kafka) as door:
        rows = door.lag(JOBS)
    missing = set(JOBS) - {row.group for row in rows}
    return sum(row.behind for row in rows) or len(missing)


def reference(settings: Settings, kept: Iterable[Delivery]) -> Reference:
    """Folds every webhook anew, with no stream, no batch and no order of arrival."""
    taken: dict[bytes, list[Event]] = {}
    untranslatable = 0
    for delivery in kept:
        if delivery.key in taken:
            continue
        try:
            taken[delivery.key] = _translated(settings, delivery)
        except Untranslatable:  # not remembered as taken: each copy is a dead letter of its own
            untranslatable += 1
    by_order = _bound(list(chain.from_iterable(taken.values())))
    orders = {order_id: codec.encode(_folded(order_id, told.values())) for order_id, told in by_order.items()}
    return Reference(untranslatable, {order_id: set(told) for order_id, told in by_order.items()}, orders)


def _deliveries(kafka: Kafka) -> Iterator[Delivery]:
    for record in records(kafka, "webhooks.received"):
        at = (record.partition, record.offset, record.timestamp)
        yield Delivery.read(record.key or b"", record.value or b"", dict(record.headers), at=at)


def _translated(settings: Settings, delivery: Delivery) -> list[Event]:
    account = settings.account(delivery.source, delivery.account)
    if account is None:
        raise Untranslatable("unknown_account", f"no account {delivery.source}/{delivery.account}")
    events = translate(delivery, account)
    if not all(event.order_id or isinstance(event, (PackageScanned, StockTold)) for event in events):
        raise Untranslatable("no_order", "it names no order")
    return events


def _bound(events: Sequence[Event]) -> dict[str, dict[str, Event]]:
    """Gives each order its events by id: scans to every order of their number, and to the one they name."""
    numbers: dict[str, set[str]] = {}
    for event in events:
        if isinstance(event, ShippingArranged) and event.tracking_number:
            numbers.setdefault(tracking_key(event.carrier, event.tracking_number), set()).add(event.order_id)
    orders: dict[str, dict[str, Event]] = {}
    for event in events:
        owners = {event.order_id} if event.order_id else set()
        if isinstance(event, PackageScanned):
            owners |= numbers.get(tracking_key(event.carrier, event.tracking_number), set())
        for owner in owners:
            orders.setdefault(owner, {}).setdefault(event.event_id, event)
    return orders


def _folded(order_id: str, events: Iterable[Event]) -> Order:
    order = Order(order_id)
    for event in events:
        fold(order, event)
    settle(order)
    return order


def compare(settings: Settings, api: str, token: str, accepted: Collection[str]) -> Iterator[Verdict]:
    """Compares webhooks, states, the warehouse's orders and some trails with the reference."""
    kept = list(_deliveries(settings.kafka))
    there = {fingerprint(delivery.source, delivery.account, delivery.body) for delivery in kept}
    lost = [one for one in accepted if one not in there]
    yield Verdict("accepted webhooks are in Kafka", not lost, _count(len(accepted), "lost", len(lost)))

    told = reference(settings, kept)
    letters = sum(1 for record in records(settings.kafka, "dead-letters") if ("dead.step", b"intake") in record.headers)
    detail = f"{told.untranslatable:,} cannot be translated, {letters:,} dead letters"
    yield Verdict("what cannot be translated is a dead letter", letters == told.untranslatable, detail)

    snapshots = {
        record.key.decode(): record.value for record in records(settings.kafka, "order.snapshots") if record.key
    }
    wrong = [order for order, state in told.orders.items() if snapshots.get(order) != state]
    odd = snapshots.keys() - told.orders.keys()
    yield Verdict("states equal the reference fold", not wrong and not odd, _difference(told, wrong, odd))

    with httpx.Client(base_url=api, headers={"authorization": f"Bearer {token}"}, timeout=60) as http:
        yield from _compare_intake(http, kept)
        yield from _compare_warehouse(http, told)


def _compare_intake(http: httpx.Client, kept: Sequence[Delivery]) -> Iterator[Verdict]:
    """Compares how many webhooks the warehouse counts; it counts those of the last day."""
    oldest = min((delivery.received_at for delivery in kept), default=0)
    if oldest < time.time_ns() // 1_000_000 - DAY + HOUR:
        return
    rows = http.get("/v1/ops/sources").json()["rows"]
    once, again = (sum(row[name] for row in rows) for name in ("accepted", "duplicates"))
    keys = len({delivery.key for delivery in kept})
    holds = (once, again) == (keys, len(kept) - keys)
    detail = f"{once:,} and {again:,} repeats, in Kafka {keys:,} and {len(kept) - keys:,}"
    yield Verdict("the warehouse counts each webhook once", holds, detail)


def _compare_warehouse(http: httpx.Client, told: Reference) -> Iterator[Verdict]:
    listed = list(csv.DictReader(io.StringIO(http.get("/v1/orders", params={"format": "csv"}).text)))
    states = {row["order_id"]: row["status"] for row in listed}
    wanted = {order: msgspec.json.decode(state, type=Order).status for order, state in told.orders.items()}
    wrong = [order for order, status in wanted.items() if states.get(order) != status]
    doubled = len(listed) - len(states)
    holds = not wrong and not doubled and states.keys() == wanted.keys()
    detail = f"{len(listed):,} rows, {len(wrong):,} wrong or missing, {doubled:,} doubled"
    yield Verdict("the warehouse lists each order once, as it is", holds, detail)

    sample = sorted(told.events)[:: max(1, len(told.events) // 200)]
    off = [order for order in sample if not _same_trail(http, order, told.events[order])]
    detail = f"{len(sample):,} orders looked at" + (f", wrong: {', '.join(off[:3])}" if off else "")
    yield Verdict("trails tell each event once", not off, detail)


def _same_trail(http: httpx.Client, order: str, events: set[str]) -> bool:
    trail = [event["event_id"] for event in http.get(f"/v1/orders/{order}/events").json()["events"]]
    return len(trail) == len(events) and set(trail) == events


def _difference(told: Reference, wrong: list[str], odd: Collection[str]) -> str:
    detail = _count(len(told.orders), "differ", len(wrong))
    if wrong:
        detail += f" ({', '.join(wrong[:3])})"
    return detail + (f", {len(odd):,} that nobody told of" if odd else "")


def _count(all_: int, what: str, some: int) -> str:
    return f"{all_:,}, {some:,} {what}"
