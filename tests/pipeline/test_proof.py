"""The proof finds what is wrong, and nothing else."""

import json
from collections import Counter

import msgspec
import pytest

from pipeline.broker.reader import Stored
from pipeline.cli.proof.reference import Reference, Seen, as_taken, reference, seen
from pipeline.cli.proof.told import compare_levels, compare_notices
from pipeline.settings import Account, Settings
from schemas.deliveries import Delivery
from schemas.ids import digest
from schemas.notices import Notice
from schemas.times import DAY, rfc3339
from tests.agents.river import River

START = 1_764_000_000_000
ACCOUNT = Account(source="standard_webhooks", name="toko", seller="toko", orders="kios,other")


def told(kind: str, at: int, **data: object) -> Delivery:
    """Gives a webhook of the seller's own system; a second one of the same words is another webhook."""
    body = json.dumps({"type": kind, "timestamp": rfc3339(at), "data": data}).encode()
    return Delivery("standard_webhooks", "toko", digest(body), body, at, written_at=at)


def order(order_id: str, at: int = START) -> list[Delivery]:
    """Gives an order of two pieces, paid and sent with a number."""
    placed = {"buyer_id": "siti", "total": 50_000, "lines": [{"sku": "KOPI", "name": "Kopi", "quantity": 2}]}
    return [
        told("order_placed", at, order_id=order_id, **placed),
        told("payment_paid", at + 1, order_id=order_id, payment_id=f"p-{order_id}", amount=50_000),
        told("shipping_arranged", at + 2, order_id=order_id, package_id="k", carrier="jne", tracking_number="N1"),
    ]


def scan(at: int, milestone: str = "picked_up") -> Delivery:
    """Gives a scan that names no order."""
    return told("package_scanned", at, carrier="jne", tracking_number="N1", milestone=milestone)


def flowed(deliveries: list[Delivery], seed: int = 1) -> tuple[River, Reference]:
    """Gives what the agents make of deliveries, and what the proof says that they must."""
    settings = Settings(accounts=(ACCOUNT,))
    placed = [msgspec.structs.replace(d, partition=0, offset=n) for n, d in enumerate(deliveries)]
    river = River.of(settings, seed)
    river.pour(placed)
    river.run()
    return river, reference(settings, placed)


@pytest.mark.parametrize("days", [-20, -13, 0, 74, 76, 200])
def test_a_scan_falls_to_an_order_in_the_time_that_its_number_is_bound(days):
    """A scan long before or long after the binding reaches no order; the proof takes that for no error."""
    river, wanted = flowed([*order("1"), scan(START + days * DAY)])
    states = {key.decode(): state.status for key, state in river.states().items()}
    assert {order_id: state.status for order_id, state in wanted.orders.items()} == states
    assert (len(wanted.events["kios:1"]) == 4) is (-14 <= days <= 75)


@pytest.mark.parametrize("backwards", [False, True])
def test_of_a_webhook_that_was_repeated_the_first_counts(backwards):
    """Also where the first lies in another partition, as there were fewer; within one no clock is believed."""
    (webhook,) = order("1")[:1]
    places = [(5, 90, 10_000), (5, 91, 9_000), (0, 2, 20_000), (0, 3, 9_500)]
    first, late, after, last = (
        msgspec.structs.replace(webhook, partition=part, offset=offset, written_at=at) for part, offset, at in places
    )
    read = [after, last, first, late] if backwards else [first, late, after, last]
    assert as_taken(read) == [first, late, after, last]


def test_only_webhooks_of_the_asked_time_are_counted():
    """What was received before it, or is dated in the future, is not; of each webhook the first is the one."""
    life = [msgspec.structs.replace(scan(START + n * DAY), offset=n) for n in range(4)]
    again = msgspec.structs.replace(life[1], offset=9, received_at=START + 2 * DAY)
    assert seen([*life, again], START, START + 2 * DAY) == Seen(2, 1)


def test_a_repeat_is_one_at_whatever_offset_of_another_partition():
    """Of two deliveries at the same offset in two partitions the later is the repeat."""
    first = order("1")[0]
    again = msgspec.structs.replace(first, partition=3, received_at=START + 1, written_at=START + 1)
    assert seen([again, first], 0, START + DAY) == Seen(1, 1)


def notices_of(river: River) -> list[Notice]:
    return [msgspec.json.decode(record.value or b"", type=Notice) for record in river.sent("notices")]


def faults(notices: list[Notice], rows: list[str], wanted: Reference, news: int = 0) -> list[str]:
    """Gives what the proof does not like; so many notices at the end were told while it asked the warehouse."""
    before = {notice.notice_id for notice in notices[: len(notices) - news]}
    return [verdict.detail for verdict in compare_notices(notices, rows, wanted, before) if not verdict.holds]


@pytest.mark.parametrize("seed", range(5))
def test_notices_that_the_agents_tell_are_those_of_the_proof(seed):
    """Whatever comes first, each that is still news was told."""
    river, wanted = flowed([*order("1"), scan(START + 5), scan(START + DAY, "delivered")], seed)
    notices = notices_of(river)
    assert Counter(notice.kind for notice in notices)["delivered"] == 2
    assert faults(notices, [notice.notice_id for notice in notices], wanted) == []


def test_a_lost_doubled_or_made_up_notice_is_found():
    """In Kafka as in the warehouse."""
    river, wanted = flowed([*order("1"), scan(START + 5)])
    notices = notices_of(river)
    rows = [notice.notice_id for notice in notices]
    lost = next(notice for notice in notices if notice.kind == "payment_received")
    strange = msgspec.structs.replace(lost, notice_id="kios:1/payment_received/paid/x/b", event_id="nobody")
    assert len(faults([n for n in notices if n is not lost], rows, wanted)) == 2
    assert len(faults([*notices, lost], rows, wanted)) == 1
    assert len(faults([*notices, strange], [*rows, strange.notice_id], wanted)) == 1
    assert len(faults(notices, rows[1:], wanted)) == 1
    assert not faults(notices, rows, wanted, news=1)
    assert not faults(notices, rows[:-1], wanted, news=1)
    assert len(faults(notices, [*rows, rows[0]], wanted)) == 1


def test_an_article_has_the_pieces_of_its_orders_or_the_proof_says_which_differ():
    """Two orders of two pieces, one of them on its way."""
    river, wanted = flowed([*order("1"), *order("2", START + DAY)[:2], scan(START + 5)])
    levels = [
        Stored("stock.levels", 0, 0, 0, key, msgspec.json.encode(level), []) for key, level in river.levels().items()
    ]
    assert compare_levels(levels, wanted.orders).holds
    one = dict(list(wanted.orders.items())[:1])
    assert not compare_levels(levels, one).holds
    assert not compare_levels([], wanted.orders).holds
