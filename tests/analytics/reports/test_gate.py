"""The gate: nobody sees a row, or a number, that another's orders have a part in."""

from pathlib import Path
from random import Random

import pytest

from analytics.access import OPERATOR, Viewer
from analytics.loading import Loading
from analytics.reports import REPORTS, ForbiddenError, read, run
from analytics.warehouse import Warehouse
from pipeline import codec
from schemas.facts import Anomaly, Order
from schemas.ids import article_key
from schemas.times import DAY
from tests.analytics.seed import BUYERS, ITEMS, NOW, SELLERS, Kafka, told

VIEWERS = [
    *(Viewer("seller", seller) for seller in (*SELLERS, "nobody")),
    Viewer("buyer", "buyer-1"),
    Viewer("buyer", "x"),
]
OURS = sorted(name for name, report in REPORTS.items() if not report.operators_only)
THEIRS = sorted(REPORTS.keys() - set(OURS))


def topics(number: int) -> tuple[Kafka, list[Order]]:
    """Gives what the topics hold: orders that changed hands, and contradictions."""
    kafka, lives = told(80, number=number)
    dice = Random(number)
    for order in [life.order for life in lives]:
        if dice.random() < 0.3:
            told_as = order.seller[3]
            order.seller = (3, 0, "", dice.choice(SELLERS))
            kafka.add("order.snapshots", order.order_id, codec.encode(order), NOW)
            anomaly = Anomaly(f"a-{order.order_id}", order.order_id, told_as, "shipped_unpaid", NOW, "e")
            kafka.add("anomalies", order.order_id, codec.encode(anomaly), NOW)
    return kafka, [life.order for life in lives]


def of_viewer(kafka: Kafka, orders: list[Order], viewer: Viewer) -> Kafka:
    """Gives what the topics would hold if there were this viewer's orders alone."""
    names = {"seller": lambda order: order.seller[3], "buyer": lambda order: order.details and order.details.buyer_id}
    keys = {order.order_id.encode() for order in orders if names[viewer.role](order) == viewer.id}
    keys.add(viewer.audience.encode())
    articles = article_key(viewer.id, "").encode() if viewer.role == "seller" else b"nobody's"
    mine = Kafka()
    for place, records in kafka.records.items():
        mine.records[place] = [r for r in records if r.key in keys or r.key.startswith(articles)]
    return mine


def load(path: Path, kafka: Kafka, *, compacted: bool) -> Warehouse:
    """Loads in two writes, the first of them compacted."""
    warehouse = Warehouse(path)
    loading = Loading(warehouse, clock=lambda: NOW)
    kafka.write(loading, until=NOW - DAY)
    if compacted:
        loading.compact()
    kafka.write(loading)
    return warehouse


def asked(name: str, orders: list[Order]) -> list[dict]:
    """Gives the parameters of a report: once, or once for each order."""
    given = {"now": NOW, "since": NOW - 40 * DAY, "until": NOW, "limit": None, "part": "denominator"}
    base = {key: value for key, value in given.items() if key in REPORTS[name].parameters}
    if "code" in REPORTS[name].parameters:
        return [base | {"code": code} for code in ("LDR", "OTDR", "SFCR", "NRR")]
    if name in {"order", "terms", "trail"}:
        return [base | {"order_id": order.order_id} for order in orders]
    if "sku" in REPORTS[name].parameters:
        return [base] if name == "stock" else [base | {"sku": sku} for sku, _, _ in ITEMS]
    if name == "waiting":
        return [base | {"kind": kind} for kind in ("cancellation_asked", "silent", "return_to_answer")]
    return [base]


@pytest.mark.parametrize("viewer", VIEWERS, ids=lambda viewer: f"{viewer.role}-{viewer.id}")
def test_others_make_no_difference(tmp_path, viewer):
    """Every report says to the letter what it would say if nobody else had any order, wherever the rows lie."""
    kafka, orders = topics(VIEWERS.index(viewer))
    everything = load(tmp_path / "all.duckdb", kafka, compacted=True)
    alone = load(tmp_path / "one.duckdb", of_viewer(kafka, orders, viewer), compacted=False)
    some = 0
    for name in OURS:
        for params in asked(name, orders):
            mine, ours = (run(warehouse, name, viewer, **params) for warehouse in (alone, everything))
            for row in (*mine, *ours):
                row.pop("seq", None)
            assert ours == mine, name
            some += len(ours)
    assert some
    everything.close()
    alone.close()


def test_a_buyer_and_a_seller_of_one_name_are_two(tmp_path):
    """The role decides what the id is compared with."""
    kafka, _ = told(10, sellers=("buyer-1",))
    warehouse = load(tmp_path / "a.duckdb", kafka, compacted=False)
    sellers = run(warehouse, "orders", Viewer("seller", "buyer-1"))
    buyers = run(warehouse, "orders", Viewer("buyer", "buyer-1"))
    warehouse.close()
    assert len(sellers) == 10
    assert {row["buyer_name"] for row in buyers} <= {BUYERS[0]}


@pytest.mark.parametrize("name", THEIRS)
def test_some_questions_are_for_operators(warehouse, name):
    """A seller who asks them is refused, not given less."""
    with pytest.raises(ForbiddenError):
        run(warehouse, name, Viewer("seller", SELLERS[0]))
    params = {key: value for key, value in {"now": NOW, "event_ids": []}.items() if key in REPORTS[name].parameters}
    run(warehouse, name, OPERATOR, **params)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from raw.orders",
        "select * from visible_orders($role, $viewer) union all by name select * from raw.delta",
        "select * from visible_orders('operator', '')",
        "select * from visible_orders($role, $viewer) join visible_orders('operator', $viewer) using (order_key)",
        "select * from listed_orders($viewer, $role)",
        "select * from visible_orders($role, $viewer) union all by name from visible_orders(('operator'), '')",
        "select * from visible_orders($role, $viewer) union all by name from query('from raw' || '.orders')",
        "select 1",
    ],
)
def test_a_report_around_the_gate_does_not_load(tmp_path, sql):
    """So none can be shipped."""
    file = tmp_path / "leak.sql"
    file.write_text(f"-- leak: rows of everybody\n\n{sql}\n")
    with pytest.raises(ValueError, match=r"otherwise than through"):
        read(file)


def test_a_hostile_value_is_only_a_value(warehouse):
    """Parameters are bound: what looks like SQL finds nothing and breaks nothing."""
    for word in ("' or '1'='1", "x'; drop table raw.orders; --", "toko-melati' --", "%", "\x00", "operator"):
        for role in ("seller", "buyer"):
            assert run(warehouse, "orders", Viewer(role, word)) == []
        assert run(warehouse, "orders", Viewer("seller", SELLERS[0]), status=word) == []
    assert run(warehouse, "orders", OPERATOR)


def test_a_parameter_that_a_report_has_not_is_an_error(warehouse):
    """A misspelt filter must not show everything."""
    with pytest.raises(TypeError, match="sellers"):
        run(warehouse, "orders", OPERATOR, sellers="toko-melati")


@pytest.mark.parametrize(("role", "name"), [("seller", ""), ("buyer", ""), ("operator", "toko-melati")])
def test_nobody_asks_as_nobody(role, name):
    """A seller or buyer without an id would stand for nobody, or for everybody."""
    with pytest.raises(ValueError, match=role):
        Viewer(role, name)
