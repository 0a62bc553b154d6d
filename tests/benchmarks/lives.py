"""Events for load: lives of orders as canonical events of about 300 bytes, packed into Kafka batches."""

import asyncio
from collections.abc import Iterable, Iterator

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from pipeline import codec
from schemas.events import Event, Evidence
from schemas.ids import digest
from schemas.orders import Line, OrderMarked, OrderPlaced
from schemas.payments import PaymentMoved
from schemas.shipments import PackageScanned, ShippingArranged

BEGIN = 1_767_225_600_000
STEPS = 10

Packed = tuple[str, bytes, bytes, list[tuple[str, bytes]]]


def event(order: int, step: int) -> Event:
    """Gives one step (0 to 9) of an order's life, from placed to delivered."""
    order_id = f"tiktok_shop:57648{order:013d}"
    base = {
        "event_id": digest(order_id, str(step)),
        "order_id": order_id,
        "occurred_at": BEGIN + order * 1_000 + step * 3_600_000,
        "received_at": BEGIN + order * 1_000 + step * 3_600_000 + 900,
        "source": "tiktok_shop",
        "seller_id": f"toko-{order % 1_000}",
        "evidence": Evidence("webhooks.received", order % 8, order * STEPS + step, BEGIN),
    }
    parcel = {"carrier": "ninjavan", "tracking_number": f"NVID{order:09d}"}
    if step == 0:
        lines = (Line(sku="KOPI-500", name="Kopi Gayo 500 g", quantity=1, unit_price=115_000),)
        return OrderPlaced(type="order_placed", buyer_id=f"tiktok_shop:{order}", lines=lines, total=115_000, **base)
    if step in (1, 2):
        kind = ("payment_requested", "payment_paid")[step - 1]
        return PaymentMoved(type=kind, payment_id="p1", amount=115_000, method="qris", **base)
    if step == 3:
        return OrderMarked(type="order_confirmed", by="seller", **base)
    if step == 4:
        return ShippingArranged(type="shipping_arranged", package_id=f"k{order}", **parcel, **base)
    milestone = ("picked_up", "in_transit", "at_hub", "out_for_delivery", "delivered")[step - 5]
    return PackageScanned(type="package_scanned", milestone=milestone, code="S", location="Bandung", **parcel, **base)


def wave(orders: range, step: int) -> Iterator[tuple[str, bytes, bytes, bytes]]:
    """Gives (topic, key, value, type) of one step of every order."""
    for order in orders:
        told = event(order, step)
        topic = "orders" if step in (0, 3) else "payments" if step in (1, 2) else "shipments"
        yield topic, told.order_id.encode(), codec.encode_event(told), told.type.encode()


async def produce(bootstrap: str, orders: range, steps: range, partitions: int = 8) -> tuple[int, int]:
    """Writes every step of every order, step by step, so that an order comes back only after all others.

    Gives the number of records and of bytes in their values.
    """
    records = size = 0
    async with writer(bootstrap) as producer:
        for step in steps:
            lives = ((topic, key, value, [(codec.TYPE, kind)]) for topic, key, value, kind in wave(orders, step))
            more, larger = await pack(producer, lives, partitions)
            records, size = records + more, size + larger
    return records, size


def writer(bootstrap: str) -> AIOKafkaProducer:
    """Gives a producer for `pack`."""
    return AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=900_000, linger_ms=0)


async def pack(producer: AIOKafkaProducer, records: Iterable[Packed], partitions: int = 8) -> tuple[int, int]:
    """Writes (topic, key, value, headers) in batches as large as Kafka takes; gives their number and bytes."""
    count = size = 0
    batches, sent = {}, []
    for topic, key, value, headers in records:
        place = topic, (murmur2(key) & 0x7FFFFFFF) % partitions
        batch = batches.get(place) or batches.setdefault(place, producer.create_batch())
        if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
            sent.append(await producer.send_batch(batch, place[0], partition=place[1]))
            batch = batches[place] = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None, headers=headers)
        count, size = count + 1, size + len(value)
    sent += [await producer.send_batch(batch, topic, partition=part) for (topic, part), batch in batches.items()]
    await asyncio.gather(*sent)
    return count, size
