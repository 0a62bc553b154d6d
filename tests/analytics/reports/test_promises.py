"""What waits, what is late, and the rates a seller is judged by, each with its orders."""

from collections.abc import Callable

import pytest

from analytics.access import OPERATOR, Viewer
from analytics.loading import Loading
from analytics.metrics import METRICS
from analytics.reports import run
from analytics.warehouse import Warehouse
from pipeline import codec
from schemas.facts import Case, Details, Order, Package, Refund, Review, Scan
from schemas.times import DAY, HOUR, parse
from tests.analytics.seed import Kafka

NOW = parse("2026-11-24T03:05:00Z")
PATH = ("unpaid", "new", "ready_to_ship", "awaiting_collection", "in_transit", "delivered", "completed")

Shop = Callable[..., None]


@pytest.fixture
def warehouse(tmp_path):
    made = Warehouse(tmp_path / "arus.duckdb")
    yield made
    made.close()


@pytest.fixture
def shop(warehouse) -> Shop:
    """Places orders: `shop(order, …)`."""
    kafka, loading = Kafka(), Loading(warehouse)

    def place(*orders: Order) -> None:
        for order in orders:
            kafka.add("order.snapshots", order.order_id, codec.encode(order), NOW)
        kafka.write(loading)

    return place


def an_order(name: str, status: str, **since: int) -> Order:
    """Gives an order that is in a status, since the given instants; what was before happened long ago."""
    long_ago = NOW - 20 * DAY
    reached = PATH[: PATH.index(status) + 1] if status in PATH else (*PATH[:2], status)
    history = [(since.get(step, long_ago + n), step) for n, step in enumerate(reached)]
    order = Order(f"shop:{name}", (2, 0, "", "a"), status=status, history=history, details=Details((1, 0, "e")))
    order.marks = {"placed": (history[0][0], "e")}
    order.reported = {"paid": (history[0][0], "e")}
    return order


def due(order: Order, **promises: int) -> Order:
    order.due |= promises
    return order


def kept(order: Order, **promises: int) -> Order:
    order.kept |= promises
    return order


def todo(warehouse: Warehouse) -> dict[str, int]:
    [row] = run(warehouse, "todo", OPERATOR, now=NOW)
    return {name: count for name, count in row.items() if count}


def due_of(warehouse: Warehouse, viewer: Viewer = OPERATOR) -> dict[str, tuple[int, int]]:
    """Gives late and soon of each kind of promise."""
    return {row["promise"]: (row["late"], row["soon"]) for row in run(warehouse, "due", viewer, now=NOW)}


def test_an_empty_shop_has_nothing_to_do(warehouse):
    """One row of noughts, not no row."""
    assert len(run(warehouse, "todo", Viewer("seller", "a"), now=NOW)) == 1
    assert todo(warehouse) == due_of(warehouse) == {}


def test_what_must_be_shipped(warehouse, shop):
    """Until the last parcel is with a carrier; the most urgent first, with the time that is left."""
    shop(
        due(an_order("soon", "ready_to_ship"), dispatch=NOW + HOUR),
        due(an_order("over", "awaiting_collection"), dispatch=NOW - HOUR),
        due(an_order("half", "new"), dispatch=NOW + 2 * HOUR),
        due(an_order("later", "new"), dispatch=NOW + 25 * HOUR),
        kept(due(an_order("sent", "in_transit"), dispatch=NOW - HOUR), dispatch=NOW - 2 * HOUR),
        due(an_order("held", "on_hold"), dispatch=NOW - HOUR),
        due(an_order("gone", "cancelled"), dispatch=NOW - HOUR),
    )
    rows = run(warehouse, "at_risk", OPERATOR, now=NOW)
    assert [(row["order_id"], row["left_ms"]) for row in rows] == [
        ("shop:over", -HOUR),
        ("shop:soon", HOUR),
        ("shop:half", 2 * HOUR),
    ]
    assert due_of(warehouse) == {"dispatch": (1, 2)}


def at_risk(warehouse: Warehouse, promise: str | None = None) -> list[tuple[str, str]]:
    rows = run(warehouse, "at_risk", OPERATOR, now=NOW, promise=promise)
    return [(row["order_id"].removeprefix("shop:"), row["promise"]) for row in rows]


def test_every_promise_may_be_at_risk(warehouse, shop):
    """Each order with its most urgent one of those that the seller has to see to; any kind if it is asked for."""
    silent = an_order("silent", "in_transit")
    silent.packages["jnt/1"] = Package(last=Scan((NOW, 0, "e"), "at_hub"))
    asked = an_order("asked", "return_requested")
    asked.returns["c"] = Case({"requested": (NOW, "e")})
    back = an_order("back", "return_in_progress")
    back.refunds["r"] = Refund({"approved": (NOW, "e")})
    claimed = an_order("claimed", "delivered")
    claimed.claims["c"] = Case({"opened": (NOW, "e")})
    shop(
        due(an_order("unpaid", "unpaid"), pay=NOW - HOUR),
        due(an_order("both", "new"), confirm=NOW + 3 * HOUR, dispatch=NOW + 2 * HOUR),
        due(an_order("slow", "in_transit"), deliver=NOW + HOUR),
        due(silent, **{"scan/jnt/1": NOW - 2 * HOUR}),
        due(asked, **{"answer_return/c": NOW + 4 * HOUR}),
        due(back, **{"refund/r": NOW + 5 * HOUR}),
        due(claimed, **{"answer_claim/c": NOW - 3 * HOUR}),
        due(an_order("there", "delivered"), receive=NOW),
    )
    assert at_risk(warehouse) == [
        ("claimed", "answer_claim"),
        ("silent", "scan"),
        ("slow", "deliver"),
        ("both", "dispatch"),
        ("asked", "answer_return"),
        ("back", "refund"),
    ]
    assert at_risk(warehouse, "confirm") == [("both", "confirm")]
    assert at_risk(warehouse, "pay") == [("unpaid", "pay")]
    assert at_risk(warehouse, "receive") == [("there", "receive")]
    [first, *_] = run(warehouse, "at_risk", OPERATOR, now=NOW, promise="scan")
    assert (first["subject"], first["due_by"], first["left_ms"]) == ("jnt/1", NOW - 2 * HOUR, -2 * HOUR)


def test_each_kind_counts_the_orders_that_are_listed_of_it(warehouse, shop):
    """Late or soon late, an order once for a kind, by what of it is due first; what is the buyer's counts nothing."""
    twice = an_order("twice", "return_requested")
    twice.returns |= {ref: Case({"requested": (NOW, "e")}) for ref in ("c", "d")}
    shop(
        due(an_order("both", "new"), confirm=NOW - HOUR, dispatch=NOW + 2 * HOUR),
        due(an_order("one", "new"), confirm=NOW, dispatch=NOW + 30 * HOUR),
        due(twice, **{"answer_return/c": NOW + HOUR, "answer_return/d": NOW - 1}),
        due(an_order("unpaid", "unpaid"), pay=NOW - HOUR),
        due(an_order("there", "delivered"), receive=NOW),
        due(an_order("held", "on_hold"), dispatch=NOW - HOUR),
    )
    told = due_of(warehouse)
    assert told == {"answer_return": (1, 0), "confirm": (1, 1), "dispatch": (0, 1)}
    for kind, (late, soon) in told.items():
        left = [row["left_ms"] < 0 for row in run(warehouse, "at_risk", OPERATOR, now=NOW, promise=kind)]
        assert (left.count(True), left.count(False)) == (late, soon), kind


def test_what_has_most_of_its_time_ahead_is_not_at_risk(warehouse, shop):
    """A day to confirm is not at risk from its first minute."""
    order = due(an_order("fresh", "new"), confirm=NOW + 13 * HOUR)
    order.begun["confirm"] = NOW - 11 * HOUR
    late = due(an_order("late", "new"), confirm=NOW + 11 * HOUR)
    late.begun["confirm"] = NOW - 13 * HOUR
    shop(order, late)
    assert at_risk(warehouse) == [("late", "confirm")]


def test_an_order_in_two_parcels_waits_for_the_second(warehouse, shop):
    """One parcel with a carrier is not the order."""
    order = due(an_order("half", "awaiting_collection"), dispatch=NOW + HOUR)
    order.status = "partially_shipped"
    order.history.append((NOW - HOUR, "partially_shipped"))
    shop(order)
    assert due_of(warehouse) == {"dispatch": (0, 1)}


def test_what_waits_for_an_answer(warehouse, shop):
    """A request to cancel, unless it was answered or the order is gone; a return, until its answer is urgent."""
    for name, marks in {
        "open": ("requested",),
        "rejected": ("requested", "rejected"),
        "taken": ("requested", "withdrawn"),
    }.items():
        order = an_order(name, "new")
        order.cancellations["c"] = Case(dict.fromkeys(marks, (NOW - HOUR, "e")))
        shop(order)
    cancelled = an_order("gone", "cancelled")
    cancelled.marks["cancelled"] = (NOW, "e")
    cancelled.cancellations["c"] = Case({"requested": (NOW - HOUR, "e")})
    urgent = an_order("urgent", "return_requested")
    urgent.returns["c"] = Case({"requested": (NOW, "e")})
    shop(cancelled, an_order("back", "return_requested"), due(urgent, **{"answer_return/c": NOW + HOUR}))
    assert todo(warehouse) == {"cancellation_asked": 1, "return_to_answer": 1}
    assert [row["order_id"] for row in run(warehouse, "waiting", OPERATOR, kind="cancellation_asked", now=NOW)] == [
        "shop:open"
    ]
    assert [row["order_id"] for row in run(warehouse, "waiting", OPERATOR, kind="return_to_answer", now=NOW)] == [
        "shop:back"
    ]


@pytest.mark.parametrize(("hours", "silent"), [(71, {}), (73, {"silent": 1})])
def test_a_parcel_is_silent_three_days_after_its_last_scan(warehouse, shop, hours, silent):
    """While it is under way, and unless a promise says when the next scan is due."""
    order = an_order("a", "in_transit")
    order.packages["jnt/1"] = Package(last=Scan((NOW - hours * HOUR, 0, "e"), "at_hub"), carrier="jnt", number="1")
    promised = due(an_order("c", "in_transit"), **{"scan/jnt/2": NOW + 30 * HOUR})
    promised.packages["jnt/2"] = Package(last=Scan((NOW - 80 * HOUR, 0, "e"), "at_hub"), carrier="jnt", number="2")
    shop(order, an_order("b", "delivered"), promised)
    assert todo(warehouse) == silent


def rate(warehouse: Warehouse, code: str, now: int = NOW) -> tuple[int, int]:
    [row] = [row for row in run(warehouse, "policy", OPERATOR, now=now) if row["code"] == code]
    for part in ("numerator", "denominator"):
        rows = run(warehouse, "policy_orders", OPERATOR, code=code, part=part, now=now, limit=None)
        assert len(rows) == row[part]
        assert part == "denominator" or all(found["counts"] for found in rows)
    return row["numerator"], row["denominator"]


def test_every_rate_is_there_without_orders(warehouse):
    """With its target and no rate; its nine days say nothing."""
    rows = run(warehouse, "policy", OPERATOR, now=NOW)
    assert [row["code"] for row in rows] == ["LDR", "OTDR", "SFCR", "NRR"]
    for row in rows:
        rule = max((rule for rule in METRICS if rule.code == row["code"]), key=lambda rule: rule.valid_from)
        assert (row["target"], row["penalty"], row["side"], row["days"]) == (
            rule.target,
            rule.penalty,
            rule.side,
            rule.days,
        )
        assert (row["numerator"], row["denominator"], row["trend"]) == (0, 0, [None] * 9)


def test_late_dispatch_counts_what_was_dispatched_in_the_week(warehouse, shop):
    """Late is later than promised, by the first scan of the last parcel."""
    shop(
        due(an_order("late", "in_transit", in_transit=NOW - DAY), dispatch=NOW - 2 * DAY),
        due(an_order("on time", "in_transit", in_transit=NOW - DAY), dispatch=NOW - DAY),
        due(an_order("long ago", "in_transit", in_transit=NOW - 8 * DAY), dispatch=NOW - 9 * DAY),
        due(an_order("not yet", "ready_to_ship"), dispatch=NOW - DAY),
        due(an_order("tomorrow's clock", "in_transit", in_transit=NOW + DAY), dispatch=NOW),
    )
    assert rate(warehouse, "LDR") == (1, 2)
    assert rate(warehouse, "LDR", NOW - 2 * DAY) == (1, 1)


@pytest.mark.parametrize(("day", "hits"), [("2026-02-20", 0), ("2026-03-20", 1)])
def test_what_dispatched_means_has_a_date(warehouse, shop, day, hits):
    """Until March 2026 a tracking number was enough; since then the carrier's scan counts."""
    day = parse(f"{day}T00:00:00Z")
    order = due(an_order("a", "in_transit", in_transit=day + 3 * DAY), dispatch=day + DAY)
    order.packages["jnt/1"] = Package({"arranged": (day, "e")}, carrier="jnt", number="1")
    shop(order)
    assert rate(warehouse, "LDR", day + 4 * DAY) == (hits, 1)


def test_on_time_delivery_counts_what_was_due_in_the_week(warehouse, shop):
    """Delivered by the promise is good; a cancelled order was never due."""
    cancelled = due(an_order("gone", "cancelled"), deliver=NOW - DAY)
    cancelled.marks["cancelled"] = (NOW - 2 * DAY, "e")
    shop(
        due(an_order("in time", "delivered", delivered=NOW - 2 * DAY), deliver=NOW - DAY),
        due(an_order("late", "delivered", delivered=NOW - HOUR), deliver=NOW - DAY),
        due(an_order("on its way", "in_transit"), deliver=NOW - DAY),
        due(an_order("not due", "in_transit"), deliver=NOW + DAY),
        cancelled,
    )
    assert rate(warehouse, "OTDR") == (1, 3)


def test_a_cancellation_is_the_sellers_fault(warehouse, shop):
    """When the seller did it, or the system because the order was not sent in time; not when nobody had paid."""
    for name, by, at in (
        ("seller", "seller", 0),
        ("buyer", "buyer", 0),
        ("late", "system", 2),
        ("unpaid too long", "system", 0),
    ):
        order = due(an_order(name, "cancelled", unpaid=NOW - 5 * DAY), dispatch=NOW - 4 * DAY)
        order.marks["cancelled"] = (NOW - 5 * DAY + at * DAY, "e")
        order.cancelled_by = (NOW - 5 * DAY + at * DAY, "e", by, "")
        if name == "unpaid too long":
            order.reported = {}
        shop(order)
    shop(an_order("fine", "new", unpaid=NOW - DAY), an_order("old", "new", unpaid=NOW - 31 * DAY))
    assert rate(warehouse, "SFCR") == (2, 4)


def test_a_bad_review_has_one_or_two_stars(warehouse, shop):
    """Of what was delivered in sixty days, reviewed or not."""
    for stars in (None, 1, 2, 3, 5):
        order = an_order(f"{stars} stars", "delivered", delivered=NOW - 50 * DAY)
        order.review = None if stars is None else Review((NOW, "e"), stars)
        shop(order)
    shop(an_order("long ago", "delivered", delivered=NOW - 61 * DAY))
    assert rate(warehouse, "NRR") == (2, 5)


def test_the_trend_is_the_rate_of_each_of_nine_days(warehouse, shop):
    """Oldest first; the last is the rate of now."""
    shop(due(an_order("late", "in_transit", in_transit=NOW - 5 * DAY - HOUR), dispatch=NOW - 6 * DAY))
    shop(due(an_order("fine", "in_transit", in_transit=NOW - 2 * DAY - HOUR), dispatch=NOW))
    [row] = [row for row in run(warehouse, "policy", OPERATOR, now=NOW) if row["code"] == "LDR"]
    assert row["trend"] == [None, None, None, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5]
