"""Shards: what each of several nodes keeps is what all of it would show to its sellers and its buyers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import reports
from analytics.access import OPERATOR, Viewer
from analytics.loading import Loading
from analytics.rows import TABLES
from analytics.shards import WHOLE, Shard, key_of, node_of
from analytics.warehouse import Warehouse, WarehouseDamagedError
from tests.analytics.seed import NOW, SELLERS, Kafka, Record, told
from tests.analytics.warehouse.conftest import load, snapshot

NODES = 3
ASKED = {
    "orders": {"limit": None},
    "tab_counts": {},
    "notices": {"limit": None},
    "stock": {"limit": None},
    "sales": {"since": 0, "until": NOW, "by": "day"},
    "at_risk": {"now": NOW, "limit": None},
    "anomalies": {"limit": None},
}


@pytest.fixture(scope="module")
def topics() -> Kafka:
    """What the topics hold; no test changes it."""
    return told(80, (*SELLERS, *(f"toko-{n}" for n in range(4))))[0]


@pytest.fixture(scope="module")
def files(topics, tmp_path_factory) -> list[Warehouse]:
    """The file of a node alone, then those of three that share the same."""
    folder = tmp_path_factory.mktemp("shards")
    made = [Warehouse(folder / f"{shard.of}-{shard.number}", shard) for shard in (WHOLE, *shards())]
    for warehouse in made:
        fresh = Kafka()
        fresh.records = topics.records
        fresh.write(Loading(warehouse, clock=lambda: NOW))
    yield made
    for warehouse in made:
        warehouse.close()


def shards() -> list[Shard]:
    return [Shard(number, NODES) for number in range(NODES)]


def rows(warehouse: Warehouse, table: str, which: str = "true") -> list[dict]:
    """Gives the rows of a table, but not the number of a notice, which each file counts for itself."""
    left_out = "exclude (seq)" if table == "notices" else ""
    return warehouse.query(f"select * {left_out} from raw.{table} where {which} order by all")  # noqa: S608  # ours


@given(ids=st.lists(st.text(max_size=30), min_size=1, max_size=20))
def test_a_key_is_that_of_the_warehouse(files, ids):
    """Requests are routed by the same number that rows are found by, whatever the id."""
    ids = [one.encode("utf-8", "replace").decode() for one in ids]
    found = files[0].query("select id, key_of(id) as key from (select unnest($ids) as id)", {"ids": ids})
    assert {row["id"]: row["key"] for row in found} == {one: key_of(one) for one in ids}


def test_one_node_keeps_a_seller_and_all_have_some():
    """Each of many sellers is kept by exactly one node, and no node is spared."""
    ids = [f"toko-{n}" for n in range(600)]
    assert all([shard.keeps(one) for shard in shards()].count(True) == 1 for one in ids)
    shares = [sum(shard.keeps(one) for one in ids) for shard in shards()]
    assert min(shares) > 600 / NODES * 0.8, shares


@pytest.mark.parametrize(
    "table", {table.name: table for table in TABLES.values()}.values(), ids=lambda table: table.name
)
def test_each_row_is_where_it_is_asked_for(files, table):
    """Of sellers and buyers at their nodes alone, of nobody at each; together nothing is missing and nothing is new."""
    whole, *nodes = files
    for shard, node in zip(shards(), nodes, strict=True):
        if table.name == "delta":
            mine = f"{shard.number} in (seller_key % {shard.of}, buyer_key % {shard.of})"
        elif table.owners:
            mine = f"{table.owner_key or 'seller_key'} % {shard.of} = {shard.number}"
        else:
            mine = "true"
        assert rows(node, table.name) == rows(whole, table.name, mine)
    if table.owners and table.name != "delta":
        assert sum(len(rows(node, table.name)) for node in nodes) == len(rows(whole, table.name))


def test_sellers_and_buyers_read_what_one_file_tells(files):
    """Every report of some sellers and buyers, and trails of their orders, at the node that keeps theirs."""
    whole, *nodes = files
    asked = 0
    for role in ("seller", "buyer"):
        for one in sorted({row[f"{role}_id"] for row in rows(whole, "delta")})[:5]:
            viewer, node = Viewer(role, one), nodes[node_of(one, NODES)]
            for name, how in ASKED.items():
                right, got = (reports.run(file, name, viewer, **how) for file in (whole, node))
                for notice in (*right, *got) if name == "notices" else ():
                    del notice["seq"]
                assert sorted(got, key=str) == sorted(right, key=str), (name, viewer)
                asked += len(right)
            for order in reports.run(whole, "orders", viewer, limit=3):
                trail = {"order_id": order["order_id"]}
                assert reports.run(node, "trail", viewer, **trail) == reports.run(whole, "trail", viewer, **trail)
    assert asked > 100


def test_operators_count_an_order_at_its_sellers_node(files):
    """Though its buyer's node has it too: over all nodes none is missing and none is there twice."""
    whole, *nodes = files
    found = [order["order_id"] for node in nodes for order in reports.run(node, "orders", OPERATOR, limit=None)]
    assert sorted(found) == sorted(order["order_id"] for order in reports.run(whole, "orders", OPERATOR, limit=None))
    assert sum(len(rows(node, "delta")) for node in nodes) > len(found)


def test_an_order_that_changes_hands_changes_nodes(tmp_path):
    """It is gone where it was as soon as its seller is known, compacted or not, and may come back."""
    seller = next(f"toko-{n}" for n in range(99) if node_of(f"toko-{n}", 2) != node_of("", 2))
    shard = Shard(node_of("", 2), 2)
    warehouse = Warehouse(tmp_path / "arus.duckdb", shard)
    loading = Loading(warehouse)

    def seen() -> tuple[list[str], int, int]:
        found = reports.run(warehouse, "orders", OPERATOR, limit=None)
        counted = warehouse.query(
            "select (select count(*) from raw.facts) as facts, "
            "(select count(*) from raw.orders) + (select count(*) from raw.delta) as orders"
        )
        return [order["seller_id"] for order in found], counted[0]["facts"], counted[0]["orders"]

    def tell(whose: str, offset: int) -> None:
        order = snapshot("shop:1", seller=whose, offset=offset, at=offset + 1)
        load(loading, "order.snapshots", order._replace(value=order.value.replace(b"buyer-1", BUYER.encode())))

    tell("", 0)
    loading.compact()
    assert seen() == ([""], 1, 1)
    tell(seller, 1)
    assert seen()[0] == []
    tell("", 2)
    assert seen()[0] == [""]
    loading.compact()
    assert seen() == ([""], 1, 1)
    tell(seller, 3)
    loading.compact()
    assert seen() == ([], 0, 0)
    warehouse.close()


BUYER = next(f"buyer-{n}" for n in range(99) if node_of(f"buyer-{n}", 2) != node_of("", 2))
"""Whose node is the other one too."""


def test_a_file_is_of_one_shard_for_good(tmp_path):
    """Other settings are refused with what to do, and so is a share of a file that has kept everything."""
    path = tmp_path / "arus.duckdb"
    Warehouse(path, Shard(1, 2)).close()
    for other in (WHOLE, Shard(0, 2), Shard(1, 3)):
        with pytest.raises(WarehouseDamagedError, match=r"keeps shard 1 of 2.* `arus rebuild` makes it anew"):
            Warehouse(path, other)
    for same in (Shard(1, 2), None):
        again = Warehouse(path, same)
        assert again.shard == Shard(1, 2)
        again.close()
    old = Warehouse(tmp_path / "old.duckdb")
    old.query("delete from raw.shard")  # as it was made before there were shards
    old.close()
    with pytest.raises(WarehouseDamagedError, match="keeps shard 0 of 1"):
        Warehouse(tmp_path / "old.duckdb", Shard(0, 2))
    Warehouse(tmp_path / "old.duckdb", WHOLE).close()


@pytest.mark.parametrize("topic", ["order.snapshots", "stock.levels", "endpoint.sendings", "notices"])
def test_what_names_nobody_stops_nothing(tmp_path, topic):
    """A record whose owner cannot be read is set aside by every node."""
    for shard in (Shard(0, 2), Shard(1, 2)):
        warehouse = Warehouse(tmp_path / f"{shard.number}.duckdb", shard)
        load(Loading(warehouse), topic, Record(b"\xff", b"\xff\x00", 0, 1))
        assert warehouse.query("select count(*) as n from raw.unreadable") == [{"n": 1}]
        warehouse.close()
