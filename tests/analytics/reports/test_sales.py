"""Sales: sums held against a plain model in Python, and the definitions one by one."""

from collections import defaultdict
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from analytics.access import OPERATOR, Viewer
from analytics.loading import Loading
from analytics.reports import run
from analytics.rows.orders import read
from analytics.warehouse import Warehouse
from pipeline import codec
from schemas.facts import Article, Case, Details, Order, Package, Payment, Refund
from schemas.times import DAY, HOUR, MINUTE, parse
from tests.analytics.seed import Kafka, Record

SINCE, UNTIL = parse("2026-10-05T10:30:00Z"), parse("2026-12-01T02:00:00Z")
FORMATS = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m"}
SUMS = ("orders", "units", "gross", "discounts", "refunds", "net", "cancelled", "kept")


def an_order(number: int = 1, *, total: int = 90_000, discount: int = 0, cod: bool = False, quantity: int = 1) -> Order:
    lines = [Article("sku", "Kopi", quantity, total // quantity)]
    details = Details((SINCE, 0, "e"), lines=lines, total=total, discount=discount, cod=cod)
    return Order(f"shop:{number}", (2, 0, "", "a"), {"placed": (SINCE, "e")}, details=details, status="new")


def paid(order: Order, at: int) -> Order:
    order.payments[f"p{len(order.payments)}"] = Payment({"paid": (at, "e")}, amount=order.details.total)
    return order


def delivered(order: Order, at: int) -> Order:
    order.status, order.history = "delivered", [(SINCE, "new"), (at, "delivered")]
    return order


def sold(path, *orders: Order, viewer: Viewer = OPERATOR, by: str = "day", zone: str = "Asia/Jakarta") -> list[dict]:
    """Loads the orders and gives the sales of the whole time."""
    warehouse, kafka = Warehouse(path / "arus.duckdb"), Kafka()
    for order in orders:
        kafka.add("order.snapshots", order.order_id, codec.encode(order), SINCE)
    kafka.write(Loading(warehouse))
    rows = run(warehouse, "sales", viewer, since=SINCE, until=UNTIL, by=by, zone=zone)
    warehouse.close()
    return rows


def bucket(at: int, by: str, zone: str) -> str:
    local = datetime.fromtimestamp(at / 1_000, ZoneInfo(zone))
    if by == "week":
        local -= timedelta(days=local.weekday())
    return local.strftime(FORMATS[by])


def model(orders: list[Order], by: str, zone: str) -> dict[tuple[str, str], dict[str, int]]:
    """Adds up by hand what `random_order` made."""
    sums: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(SUMS, 0))
    for order in orders:
        details = order.details
        at = min([p.marks["paid"][0] for p in order.payments.values() if "paid" in p.marks], default=None)
        if details.cod and order.history:
            at = min(at or UNTIL, order.history[-1][0])
        settled = [(r.marks["settled"][0], r.amount) for r in order.refunds.values() if "settled" in r.marks]
        back = details.total if "cancelled" in order.marks else min(details.total, sum(amount for _, amount in settled))
        if at is not None and SINCE <= at < UNTIL:
            row = sums[details.currency, bucket(at, by, zone)]
            row["orders"] += 1
            row["units"] += sum(line.quantity for line in details.lines)
            row["gross"] += details.total + details.discount
            row["discounts"] += details.discount
            row["net"] += details.total
            row["cancelled"] += back
            row["kept"] += details.total - back
        for when, amount in settled:
            if SINCE <= when < UNTIL:
                row = sums[details.currency, bucket(when, by, zone)]
                row["refunds"] += amount
                row["net"] -= amount
    return sums


def random_order(dice: Random, number: int) -> Order:
    def at() -> int:
        return dice.randrange(SINCE - 3 * DAY, UNTIL + 3 * DAY)

    order = an_order(
        number, total=dice.randrange(1_000, 900_000), discount=dice.choice((0, 5_000)), cod=dice.random() < 0.3
    )
    order.details.lines = [Article(f"s{n}", "", dice.randrange(1, 5)) for n in range(dice.randrange(3))]
    order.details.currency = dice.choice(("IDR", "IDR", "IDR", "USD"))
    for _ in range(dice.randrange(3)):
        order.payments[f"p{len(order.payments)}"] = Payment({dice.choice(("paid", "failed")): (at(), "e")})
    for n in range(dice.choice((0, 0, 0, 1, 2))):
        order.refunds[f"r{n}"] = Refund(
            {dice.choice(("settled", "requested")): (at(), "e")}, amount=dice.randrange(500_000)
        )
    if order.details.cod and dice.random() < 0.7:
        delivered(order, at())
    if dice.random() < 0.2:
        order.marks["cancelled"] = (at(), "e")
    return order


@pytest.mark.parametrize(
    ("by", "zone"),
    [
        ("hour", "Asia/Jakarta"),
        ("day", "Asia/Jayapura"),
        ("week", "Asia/Makassar"),
        ("month", "UTC"),
        ("day", "America/New_York"),
    ],
)
def test_the_sums_are_those_of_a_plain_model(tmp_path, by, zone):
    """Bucket by bucket and currency by currency, on the seller's calendar; empty buckets are there too."""
    dice = Random(by + zone)
    orders = [random_order(dice, number) for number in range(300)]
    rows = sold(tmp_path, *orders, by=by, zone=zone)
    expected = model(orders, by, zone)
    got = {(row["currency"], row["bucket"]): {name: row[name] for name in SUMS} for row in rows}
    assert len(got) == len(rows)
    assert {key: sums for key, sums in got.items() if any(sums.values())} == {
        k: v for k, v in expected.items() if any(v.values())
    }
    every = {bucket(at, by, zone) for at in range(SINCE, UNTIL, HOUR // 2)}
    assert {key[1] for key in got} == every
    assert [row["starts_at"] for row in rows] == sorted({row["starts_at"] for row in rows}) * 2


def total(rows: list[dict]) -> dict[str, int]:
    return {name: sum(row[name] for row in rows) for name in SUMS}


def test_gmv_counts_cancelled_orders_too(tmp_path):
    """Gross is what was paid for; discounts, what came back and what stays make it up."""
    order = paid(an_order(total=90_000, discount=10_000), SINCE + HOUR)
    order.marks["cancelled"] = (SINCE + DAY, "e")
    sums = total(sold(tmp_path, order))
    assert (sums["orders"], sums["gross"], sums["discounts"], sums["net"]) == (1, 100_000, 10_000, 90_000)
    assert (sums["cancelled"], sums["kept"]) == (90_000, 0)


def test_a_refund_counts_on_its_own_day(tmp_path):
    """Net falls on the day the money went back; the day of payment says how much of it did not stay."""
    order = paid(an_order(), SINCE + HOUR)
    order.refunds["r"] = Refund({"settled": (SINCE + 3 * DAY, "e")}, amount=30_000)
    rows = {row["bucket"]: row for row in sold(tmp_path, order)}
    assert (rows["2026-10-05"]["net"], rows["2026-10-05"]["kept"], rows["2026-10-05"]["cancelled"]) == (
        90_000,
        60_000,
        30_000,
    )
    assert (rows["2026-10-08"]["net"], rows["2026-10-08"]["refunds"], rows["2026-10-08"]["orders"]) == (
        -30_000,
        30_000,
        0,
    )


def test_a_day_is_the_sellers_day(tmp_path):
    """Five minutes before midnight in Jakarta is yesterday there, though not in London."""
    midnight = parse("2026-10-10T00:00:00+07:00")
    rows = sold(tmp_path, paid(an_order(1), midnight - 5 * MINUTE), paid(an_order(2), midnight))
    assert {row["bucket"]: row["orders"] for row in rows if row["orders"]} == {"2026-10-09": 1, "2026-10-10": 1}


def test_without_any_order_there_are_buckets(tmp_path):
    """A chart of nothing is a line at nothing."""
    rows = sold(tmp_path, viewer=Viewer("seller", "new-here"))
    assert len(rows) == 58
    assert total(rows) == dict.fromkeys(SUMS, 0)


def paid_at(order: Order) -> int | None:
    return read(Record(b"", codec.encode(order), 0, 0)).paid_at


def test_an_order_is_paid_by_its_first_payment():
    """A second attempt that succeeds later, or a failed one before it, changes nothing."""
    order = paid(paid(an_order(), SINCE + HOUR), SINCE + MINUTE)
    order.payments["failed"] = Payment({"failed": (SINCE, "e")})
    assert paid_at(order) == SINCE + MINUTE


def test_a_shops_word_proves_a_payment():
    """A thin webhook that says "to be shipped" says that it was paid by then."""
    order = an_order()
    order.reported["paid"] = (SINCE + HOUR, "e")
    assert paid_at(order) == SINCE + HOUR


def test_cash_on_delivery_is_paid_at_the_door():
    """The shop's "to be shipped" proves no payment there; a payment that is told of does."""
    order = an_order(cod=True)
    order.reported["paid"] = (SINCE + HOUR, "e")
    assert paid_at(order) is None
    assert paid_at(delivered(order, SINCE + DAY)) == SINCE + DAY
    assert paid_at(paid(order, SINCE + 2 * HOUR)) == SINCE + 2 * HOUR


def test_cash_on_delivery_is_paid_also_where_its_return_was_asked_for_too_early():
    """The history has no delivery then, but the parcel has."""
    order = an_order(cod=True)
    order.returns = {"c": Case({"requested": (SINCE, "e"), "approved": (SINCE + DAY, "e2")})}
    assert paid_at(order) is None
    order.packages = {"jne/1": Package(marks={"delivered": (SINCE + HOUR, "s")})}
    assert paid_at(order) == SINCE + HOUR


def test_what_came_back_and_was_replaced_stays_sold():
    """Of a return that was closed all is given back, unless the goods were replaced, or a refund says how much."""
    order = paid(an_order(), SINCE)
    order.status, order.returns = "returned", {"c": Case(outcome="refunded")}
    assert read(Record(b"", codec.encode(order), 0, 0)).given_back == 90_000
    order.returns["c"].outcome = "replaced"
    assert read(Record(b"", codec.encode(order), 0, 0)).given_back == 0
    order.refunds["r"] = Refund({"settled": (SINCE, "e")}, amount=20_000)
    assert read(Record(b"", codec.encode(order), 0, 0)).given_back == 20_000


def test_a_refund_that_shop_and_provider_both_tell_counts_once():
    """Of several senders the one that tells of most is believed: each may tell of every refund under its own id."""
    order = Order("shopee:1", details=Details((1, 0, "e"), total=90_000), status="delivered")
    order.refunds["shop-1"] = Refund({"settled": (SINCE, "a")}, amount=20_000, source="shopee")
    order.refunds["pay-1"] = Refund({"settled": (SINCE + 5, "b")}, amount=20_000, source="midtrans")
    order.refunds["pay-2"] = Refund({"settled": (SINCE + 9, "c")}, amount=10_000, source="midtrans")
    row = read(Record(b"", codec.encode(order), 0, 0))
    assert [refund["amount"] for refund in row.refunds] == [20_000, 10_000]
    assert row.given_back == 30_000
