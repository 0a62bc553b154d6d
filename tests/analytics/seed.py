"""Plausible shops in a warehouse, put there through the loading sink: for tests of reports, API and pages."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from msgspec import structs

from agents.rules.promises import renew
from analytics.loading import Loading
from analytics.warehouse import Warehouse
from pipeline import codec
from pipeline.streams.agent import Batch
from pipeline.streams.work.partitions import partition_of
from schemas.deliveries import Delivery
from schemas.events import Evidence
from schemas.facts import Article, Case, Details, Order, Package, Payment, Refund, Review, Scan, Transition
from schemas.ids import digest
from schemas.notices import NOTICES, Notice
from schemas.orders import Line
from schemas.registry import EVENTS
from schemas.times import DAY, HOUR, MINUTE, SECOND, parse
from tests.analytics.shelves import shelve

NOW = parse("2026-11-24T03:05:00Z")
"""10:05 in Jakarta, on a Tuesday."""

SELLERS = ("toko-melati", "toko-kopi-gayo", "shopee:220871")
PARTITIONS = 8

ITEMS = (
    ("HJB-VOAL", "Kerudung voal motif melati", 68_000),
    ("SMB-BWG-3", "Sambal bawang 180 g, isi 3", 84_000),
    ("BTK-CAP-L", "Batik cap lengan panjang", 239_000),
    ("SRM-NIA-20", "Serum niacinamide 20 ml", 99_000),
    ("KOP-GAYO-500", "Kopi Gayo bubuk 500 g", 115_000),
    ("SDL-KLT", "Sandal kulit anyam", 175_000),
    ("TAS-RTN", "Tas anyam rotan", 310_000),
    ("KRP-TMP-5", "Keripik tempe 250 g, isi 5", 72_000),
)
BUYERS = (
    *("Siti Rahma", "Budi Santoso", "Dewi Lestari", "Agus Pratama", "Putri Ayu", "Rizky Hidayat", "Nur Aisyah"),
    *("Andi Wijaya", "Made Suarta", "Yohana Sinaga", "Fajar Nugroho", "Intan Permata"),
)
CITIES = ("Jakarta Selatan", "Bandung", "Surabaya", "Medan", "Makassar", "Denpasar", "Semarang", "Bekasi", "Palembang")
CARRIERS = (("jnt", "JP"), ("jne", "CGK"), ("sicepat", "00"), ("ninjavan", "NVID"), ("anteraja", "1000"))
HUBS = ("Jakarta DC Cakung", "Bandung DC Gedebage", "Surabaya DC Rungkut", "Semarang DC Tugu", "Medan DC Amplas")

PATHS = {
    "unpaid": ("unpaid",),
    "new": ("unpaid", "new"),
    "ready_to_ship": ("unpaid", "new", "ready_to_ship"),
    "awaiting_collection": ("unpaid", "new", "ready_to_ship", "awaiting_collection"),
    "in_transit": ("unpaid", "new", "ready_to_ship", "awaiting_collection", "in_transit"),
    "delivered": ("unpaid", "new", "ready_to_ship", "awaiting_collection", "in_transit", "delivered"),
    "completed": ("unpaid", "new", "ready_to_ship", "awaiting_collection", "in_transit", "delivered", "completed"),
    "cancelled": ("unpaid", "new", "cancelled"),
    "return_requested": (
        *("unpaid", "new", "ready_to_ship", "awaiting_collection", "in_transit", "delivered", "return_requested"),
    ),
}
"""Status an order ends in → the statuses it went through."""

STEPS = {
    "new": 0.02 * DAY,
    "ready_to_ship": 0.2 * DAY,
    "awaiting_collection": 0.3 * DAY,
    "in_transit": 0.5 * DAY,
    "delivered": 2.0 * DAY,
    "completed": 1.5 * DAY,
    "cancelled": 0.4 * DAY,
    "return_requested": 0.7 * DAY,
}
"""How long after the status before it each status comes, about."""

TYPES = {
    "ready_to_ship": "order_confirmed",
    "awaiting_collection": "shipping_arranged",
    "in_transit": "package_scanned",
    "delivered": "package_scanned",
    "completed": "order_completed",
    "cancelled": "order_cancelled",
    "return_requested": "return_requested",
}
"""Status → the event that brings it."""

SCANNED = {"in_transit": "picked_up", "delivered": "delivered"}
WORDS = {"picked_up": "Paket telah diambil kurir", "delivered": "Paket telah diterima"}
NOTICE = {"new": "payment_received", "in_transit": "shipped", "delivered": "delivered", "cancelled": "cancelled"}


class Record(NamedTuple):
    """One record as the stream layer gives it."""

    key: bytes | None
    value: bytes | None
    offset: int
    timestamp: int
    headers: tuple[tuple[str, bytes], ...] = ()


class Kafka:
    """Records by partition, with the offsets they would have; `write` hands what is new to a sink."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self._handed: dict[tuple[str, int], int] = defaultdict(int)

    def add(
        self, topic: str, key: str, value: bytes | None, at: int, headers: Iterable[tuple[str, bytes]] = ()
    ) -> tuple[int, int]:
        """Appends a record to its key's partition and gives (partition, offset)."""
        place = (topic, partition_of(key.encode(), PARTITIONS))
        rows = self.records[place]
        rows.append(Record(key.encode(), value, len(rows), at, tuple(headers)))
        return place[1], len(rows) - 1

    def batches(
        self, most: int = 5_000, until: int | None = None
    ) -> Iterator[tuple[Batch, dict[tuple[str, int], int]]]:
        """Gives what was written before an instant and not handed out yet, batch by batch, each with where it ends."""
        for place, rows in sorted(self.records.items()):
            ready = self._handed[place]
            while ready < len(rows) and (until is None or rows[ready].timestamp < until):
                ready += 1
            while (start := self._handed[place]) < ready:
                end = self._handed[place] = min(start + most, ready)
                yield Batch(*place, rows[start:end]), {place: end}

    def write(self, loading: Loading, until: int | None = None) -> None:
        """Hands to the loading sink, as one write, what was written before an instant."""
        found = list(self.batches(until=until))
        if found:
            loading.write([batch for batch, _ in found], {place: n for _, ends in found for place, n in ends.items()})


def seed(
    warehouse: Warehouse, *, orders: int = 400, sellers: tuple[str, ...] = SELLERS, now: int = NOW, number: int = 1
) -> list[Order]:
    """Fills the warehouse with lives of orders up to `now` and gives them; the same arguments give the same rows.

    What happened in the last five minutes was loaded second by second; all before it counts as loaded long ago.
    """
    kafka, lives = told(orders, sellers, now, number)
    dice = Random(number)
    loaded_at = 0
    loading = Loading(warehouse, clock=lambda: loaded_at)
    kafka.write(loading, until=now - 5 * MINUTE)
    for loaded_at in range(now - 5 * MINUTE, now + SECOND, SECOND):
        kafka.write(loading, until=loaded_at - dice.randrange(40, 400))
    kafka.write(loading)
    return [life.order for life in lives]


def told(
    orders: int, sellers: tuple[str, ...] = SELLERS, now: int = NOW, number: int = 1
) -> tuple[Kafka, list["Life"]]:
    """Gives what the topics hold after the lives of so many orders, and the lives."""
    kafka, dice = Kafka(), Random(number)
    shares = range(len(sellers) * 3, 0, -3)
    lives = [Life(dice, kafka, n, dice.choices(sellers, shares)[0], now) for n in range(orders)]
    for at, n, status in sorted((at, n, status) for n, life in enumerate(lives) for at, status in life.path):
        lives[n].step(status, at)
    shelve(kafka, sellers, tuple(sku for sku, _, _ in ITEMS), now)
    return kafka, lives


class Life:
    """The life of one order, told to Kafka step by step, and its facts."""

    def __init__(self, dice: Random, kafka: Kafka, number: int, seller: str, now: int) -> None:
        self.dice, self.kafka, self.number, self.now = dice, kafka, number, now
        self.source = seller.split(":", 1)[0] if ":" in seller else "tiktok_shop"
        self.seller = seller
        fresh = dice.random() < 0.12
        at = now - int(dice.random() * 5 * MINUTE if fresh else dice.random() ** 1.4 * 45 * DAY)
        self.order = Order(f"{self.source}:{576_461_413_000_000_000 + number * 104_729}", (2, -at, "", seller))
        self.buyer, self.cod = dice.choice(BUYERS), dice.random() < 0.15
        self.carrier, prefix = dice.choice(CARRIERS)
        self.tracking_number = f"{prefix}{40_000_000 + number * 7}"
        self.money = self._details(at)
        self.path = list(self._plan(at, fresh=fresh))

    def _plan(self, at: int, *, fresh: bool) -> Iterator[tuple[int, str]]:
        """Gives the statuses that the order comes to, and when."""
        path = PATHS[self.dice.choices(list(PATHS), weights=(3, 2, 2, 1, 2, 2, 20, 3, 1))[0]]
        for status in path[1:] if self.cod and len(path) > 1 else path:
            wait = STEPS.get(status, 0) * (0.3 + 1.6 * self.dice.random())
            at += int(wait / 500 if fresh else wait)
            if at > self.now - 2 * SECOND:
                return
            yield at, status

    def _details(self, at: int) -> Details:
        dice = self.dice
        sku, name, price = dice.choice(ITEMS)
        quantity = dice.choices((1, 2, 3), (7, 2, 1))[0]
        discount, fee = dice.choice((0, 0, 5_000, 10_000)), dice.choice((0, 9_000, 12_000))
        return Details(
            (at, 0, self._id("order_placed")),
            buyer_id=f"buyer-{BUYERS.index(self.buyer) + 1}",
            buyer_name=self.buyer,
            city=CITIES[self.number % len(CITIES)],
            lines=[Article(sku, name, quantity, price)],
            discount=discount,
            shipping_fee=fee,
            total=quantity * price - discount + fee,
            cod=self.cod,
            channel=("", "live", "video")[self.number % 3],
        )

    def _id(self, *parts: str) -> str:
        return digest(self.order.order_id, *parts)

    def step(self, status: str, at: int) -> None:
        """Brings the order into a status: the event, the facts and the transition."""
        if status == "unpaid" or (self.cod and status == "new"):
            self.happen("order_placed", at)
        if status == "new" and not self.cod:
            self.happen("payment_paid", at)
        elif status in TYPES:
            self.happen(TYPES[status], at, SCANNED.get(status, ""))
        order, before = self.order, self.order.status
        order.status, order.last_at = status, at
        order.history.append((at, status))
        renew(order)
        change = Transition(
            self._id("change", status), order.order_id, self.seller, before, status, at, "", "", self.source, 0, 0, 0
        )
        change.event_type, change.event_id = self.told.type, self.told.event_id
        change.received_at, change.raw_written_at = self.told.received_at, self.told.evidence.written_at
        change.event_written_at = change.raw_written_at + self.dice.randrange(8, 90)
        written_at = change.event_written_at + self.dice.randrange(12, 200)
        self.kafka.add("order.transitions", order.order_id, codec.encode(change), written_at)
        self.kafka.add("order.snapshots", order.order_id, codec.encode(order), written_at)
        if status in NOTICE:
            self.notify(NOTICE[status], at)

    def happen(self, kind: str, at: int, milestone: str = "") -> None:
        """Tells an event, as a webhook that arrived and as the event that intake made of it, and folds it."""
        late = milestone and self.now - at > HOUR
        received_at = at + self.dice.choice((300, 500, 900, 45 * MINUTE if late else 700))
        event_id = self._id(kind, milestone)
        entry = EVENTS[kind]
        source = self.carrier if milestone and self.carrier == "ninjavan" else self.source
        part, offset = self.kafka.add(
            "webhooks.received",
            f"{source}/{self.seller.replace(':', '-')}/{event_id}",
            b"{}",
            received_at + 6,
            Delivery(source, "", "", b"", received_at).record_headers(),
        )
        evidence = Evidence("webhooks.received", part, offset, received_at + 6)
        fields = self._fold(kind, event_id, at, milestone)
        self.told = entry.shape(
            event_id=event_id,
            type=kind,
            order_id=self.order.order_id,
            seller_id=self.seller,
            occurred_at=at,
            received_at=received_at,
            source=source,
            evidence=evidence,
            **fields,
        )
        value = codec.encode_event(self.told)
        self.kafka.add(entry.topic, self.order.order_id, value, received_at + 30, codec.headers(self.told))

    def _fold(self, kind: str, event_id: str, at: int, milestone: str) -> dict[str, Any]:  # noqa: PLR0911  # one per kind
        """Changes the facts and gives what the event of this kind says besides."""
        order, mark, stamp, total = self.order, (at, event_id), (at, 0, event_id), self.money.total
        match kind:
            case "order_placed":
                order.marks["placed"], order.details = mark, self.money
                lines = tuple(Line(**structs.asdict(line)) for line in self.money.lines)
                same = {name: getattr(self.money, name) for name in ("buyer_id", "buyer_name", "city", "total", "cod")}
                return {
                    **same,
                    "lines": lines,
                    "discount": self.money.discount,
                    "shipping_fee": self.money.shipping_fee,
                }
            case "payment_paid":
                order.payments["pay"] = Payment({"paid": mark}, stamp, total, method="qris")
                order.marks["paid"] = mark
                return {"payment_id": "pay", "amount": total, "method": "qris"}
            case "shipping_arranged":
                key = f"{self.carrier}/{self.tracking_number}"
                order.packages[key] = Package(
                    {"arranged": mark}, "pkg", self.carrier, self.tracking_number, arranged=stamp
                )
                return {"package_id": "pkg", "carrier": self.carrier, "tracking_number": self.tracking_number}
            case "package_scanned":
                words, place = WORDS[milestone], self.dice.choice(HUBS)
                package = order.packages[f"{self.carrier}/{self.tracking_number}"]
                package.marks[milestone], package.last = mark, Scan(stamp, milestone, "100", words, place)
                told = {"milestone": milestone, "code": "100", "words": words, "location": place}
                return {"carrier": self.carrier, "tracking_number": self.tracking_number, **told}
            case "return_requested":
                order.returns["r1"] = Case({"requested": mark}, stamp, "buyer", "refund", "Barang tidak sesuai")
                return {"case_id": "r1", "by": "buyer", "kind": "refund", "reason": "Barang tidak sesuai"}
            case "order_cancelled":
                by = self.dice.choice(("buyer", "seller", "system"))
                order.marks["cancelled"], order.cancelled_by = mark, (at, event_id, by, "Stok habis")
                order.refunds["rf1"] = Refund({"settled": (min(at + DAY, self.now), event_id)}, stamp, total)
                return {"by": by, "reason": "Stok habis"}
        order.marks[kind.removeprefix("order_")] = mark
        if kind == "order_completed" and self.dice.random() < 0.4:
            order.review = Review(mark, self.dice.choices((1, 2, 3, 4, 5), (1, 1, 2, 6, 20))[0])
        return {}

    def notify(self, kind: str, at: int) -> None:
        """Tells those whom a kind of notice is for."""
        roles = (
            ("seller", self.seller, NOTICES[kind].to_seller),
            ("buyer", self.money.buyer_id, NOTICES[kind].to_buyer),
        )
        for role, who, wanted in roles:
            if wanted:
                audience = f"{role}:{who}"
                values = {"tracking_number": self.tracking_number, "carrier": self.carrier}
                notice = Notice(
                    self._id(audience, kind), audience, kind, self.order.order_id, at, self.told.event_id, values
                )
                self.kafka.add("notices", audience, codec.encode(notice), at + 100)


def filled(path: Path, **kwargs: Any) -> Warehouse:
    """Opens a warehouse at a path and seeds it."""
    warehouse = Warehouse(path)
    seed(warehouse, **kwargs)
    return warehouse
