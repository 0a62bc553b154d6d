"""Matching: carriers know tracking numbers, not orders. A scan finds its orders, or waits until they are known.

What has no meaning gets here the one that operators gave it: scans, and statuses on their way to their orders.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import msgspec
from msgspec import Raw, Struct, field

from agents.rules.bindings import Teller, belongs, strangers, teller
from pipeline import codec
from pipeline.sources.telling import with_meaning
from pipeline.streams.agent import Batch, Message, Record, Rows, Table, agent
from schemas.codes import CodeMapped, unknown_in
from schemas.events import Event
from schemas.facts import Anomaly
from schemas.ids import digest
from schemas.shipments import PackageScanned, ShippingArranged
from schemas.times import DAY

REUSED_AFTER = 90 * DAY
"""A number that is bound again after more than this is another parcel's: no scan falls to both."""

MOST_SCANS = 200
"""How many scans of one number may wait, and how many are remembered once they found an order."""

KEPT = 400 * DAY

FOREVER = 1 << 62
"""When a row was touched that is never forgotten."""

VERSION = 2
"""Of what is known of a number; see facts.VERSION. 2: whose account told a scan, and which bindings shops told."""


class Binding(NamedTuple):
    """A tracking number belongs to an order since then."""

    at: int
    event_id: str
    order_id: str
    seller_id: str


class Seen(Struct, gc=False):
    """A scan that is kept: waiting, or so that an order bound later gets it too. `named`: by the sender itself."""

    event_id: str
    occurred_at: int
    rank: int
    received_at: int
    named: list[str]
    event: Raw
    seller_id: str = ""
    is_own: bool = False
    """As rules.bindings.Teller."""


class Number(Struct):
    """All that is known of one tracking number: what it is bound to, and its scans without and with an order."""

    bindings: list[Binding] = field(default_factory=list)
    parked: list[Seen] = field(default_factory=list)
    matched: list[Seen] = field(default_factory=list)
    touched_at: int = 0
    version: int = 1
    means: str = ""
    """Of the row of a sender's code or word (see codes.Unknown): what operators say that it means."""
    own: list[str] = field(default_factory=list)
    """Event ids of the bindings that a shop's own system told."""

    def orders_of(self, scan: Seen) -> set[str]:
        """Gives the orders that a scan tells of: those that its time is bound to, and those that its sender named."""
        by = Teller(scan.seller_id, scan.is_own)
        near = (binding for binding in self.bindings if belongs(binding.at, scan.occurred_at))
        return {*scan.named, *(one.order_id for one in near if not strangers(by, self._teller(one)))}

    def _teller(self, binding: Binding) -> Teller:
        return Teller(binding.seller_id, binding.event_id in self.own)

    def reused(self) -> dict[str, tuple[Binding, Binding]]:
        """Gives each order whose number had belonged to another long before, and the two bindings that show it."""
        pairs = ((late, early) for late in self.bindings for early in self.bindings)
        return {
            late.order_id: (late, early)
            for late, early in pairs
            if late.at - early.at > REUSED_AFTER and late.order_id != early.order_id
        }


numbers: Table[Number] = Table(
    "numbers",
    changelog="matching.numbers",
    decode=codec.reader(Number, VERSION),
    encode=codec.encode,
    keep_ms=KEPT,
    written_at=lambda number: number.touched_at,
)


_mapping = msgspec.json.Decoder(CodeMapped).decode


@agent("scans", "codes", table=numbers)
def match(batch: Batch, numbers: Rows[Number]) -> Iterator[Message]:
    """Gives each scan the orders that its tracking number is bound to; parks it until there is one."""
    if batch.topic == "codes":
        _learn(batch, numbers)
        return
    for record, event in batch.events():
        if event.type == "status_reported":
            told = _with_meaning(event, numbers)
            yield Message("orders", told.order_id.encode(), codec.encode(told), record.headers)
            continue
        if event.type not in ("package_scanned", "shipping_arranged"):
            batch.bury(record, "no_scan", f"{event.type} neither scans nor binds a tracking number")
            continue
        key = record.key or b""
        number = numbers.get(key) or Number()
        number.touched_at, number.version = max(number.touched_at, record.timestamp), VERSION
        if event.type == "package_scanned":
            scan = cast("PackageScanned", _with_meaning(event, numbers))
            raw = record.value or b"" if scan is event else codec.encode(scan)
            yield from _see(batch, record, number, scan, Raw(raw))
        else:
            yield from _bind(key.decode(), number, cast("ShippingArranged", event))
        numbers.put(key, number)


def _learn(batch: Batch, numbers: Rows[Number]) -> None:
    """Keeps what operators say that codes and words mean."""
    for _, told in batch.read(_mapping):
        numbers.put(told.of.key, Number(means=told.means, touched_at=FOREVER))


def _with_meaning(event: Event, numbers: Rows[Number]) -> Event:
    """Gives the event with the meaning that its code or word was given, where our tables have none."""
    unknown = unknown_in(event)
    for key in unknown.keys if unknown else ():
        row = numbers.get(key)
        if row is not None and row.means:
            return with_meaning(event, row.means)
    return event


def _see(batch: Batch, record: Record, number: Number, event: PackageScanned, raw: Raw) -> Iterator[Message]:
    """Sends a scan to the orders that have not had it, and keeps it."""
    named = [event.order_id] if event.order_id else []
    seen = next((scan for scan in (*number.matched, *number.parked) if scan.event_id == event.event_id), None)
    had = number.orders_of(seen) if seen else set()
    if seen is None:
        by = teller(event)
        seen = Seen(event.event_id, event.occurred_at, event.rank, event.received_at, named, raw, *by)
        if number.orders_of(seen):
            # One that found its order need not be kept for ever: only an order bound much later would miss it.
            number.matched = [*number.matched, seen][-MOST_SCANS:]
        elif len(number.parked) < MOST_SCANS:
            number.parked.append(seen)
        else:
            batch.bury(record, "too_many_parked", f"{MOST_SCANS} scans of this number wait for an order already")
    else:
        if event.order_id and event.order_id not in seen.named:
            seen.named = sorted([*seen.named, event.order_id])
            _unpark(number)
        if event.rank > seen.rank:
            seen.event, seen.rank, had = raw, event.rank, set()
    yield from _tell(seen, number.orders_of(seen) - had)


def _bind(key: str, number: Number, event: ShippingArranged) -> Iterator[Message]:
    """Binds the number to an order and sends it every scan that it should have had."""
    binding = Binding(event.occurred_at, event.event_id, event.order_id, event.seller_id or "")
    if binding in number.bindings:
        return
    scans = sorted((*number.matched, *number.parked), key=lambda scan: (scan.occurred_at, scan.rank, scan.event_id))
    had, flagged = [number.orders_of(scan) for scan in scans], number.reused()
    number.bindings = sorted([*number.bindings, binding])
    if teller(event).is_own:
        number.own.append(event.event_id)
    _unpark(number)
    for scan, orders in zip(scans, had, strict=True):
        yield from _tell(scan, number.orders_of(scan) - orders)
    for order_id, (late, early) in number.reused().items():
        if order_id not in flagged:
            yield Message("anomalies", order_id.encode(), codec.encode(_reuse(key, late, early)))


def _unpark(number: Number) -> None:
    """Moves the scans that have an order now."""
    number.matched += [scan for scan in number.parked if number.orders_of(scan)]
    number.parked = [scan for scan in number.parked if not number.orders_of(scan)]


def _tell(scan: Seen, orders: set[str]) -> Iterator[Message]:
    """Writes a scan once for each order, as the event that it is."""
    for order_id in sorted(orders):
        event: Any = codec.decode(b"package_scanned", bytes(scan.event))
        told = msgspec.structs.replace(event, order_id=order_id)
        yield Message("shipments", order_id.encode(), codec.encode(told), codec.headers(told))


def _reuse(key: str, late: Binding, early: Binding) -> Anomaly:
    return Anomaly(
        anomaly_id=digest(late.order_id, "tracking_number_reused", key),
        order_id=late.order_id,
        seller_id=late.seller_id,
        kind="tracking_number_reused",
        occurred_at=late.at,
        event_id=late.event_id,
        against_event_id=early.event_id,
        detail=key,
    )
