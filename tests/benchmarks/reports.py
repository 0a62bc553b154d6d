"""How long reports take over a million orders of a thousand shops, or over ten, and six times as many events.

`python -m tests.benchmarks.reports FOLDER --orders 10000000` fills a file there once, and finds it the next time.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

from analytics.access import OPERATOR, Viewer
from analytics.loading import Loading
from analytics.reports import REPORTS, run
from analytics.warehouse import Row, Warehouse
from pipeline import codec
from pipeline.sections import Analytics
from pipeline.streams.agent import Batch
from schemas.times import DAY
from tests.analytics.seed import NOW, Record, told
from tests.benchmarks.figures import machine

SHOPS, LIVES, WRITE = 1_000, 500, 40_000
"""Each of so many lives is lived by many orders; the last write waits for its compaction."""

TIMES = 15
TOPIC = "order.snapshots"


def snapshots(orders: int) -> Iterator[Record]:
    """Gives the orders: a few large shops have most of them."""
    dice = Random(7)
    templates = [(life.order.order_id.encode(), codec.encode(life.order)) for life in told(LIVES, ("toko-melati",))[1]]
    shares = [1 / (rank + 1) ** 0.8 for rank in range(SHOPS)]
    for number, shop in enumerate(dice.choices(range(SHOPS), shares, k=orders)):
        old, value = templates[number % LIVES]
        new = f"tiktok_shop:{576_500_000_000_000_000 + number * 7_919}".encode()
        value = value.replace(old, new).replace(b"toko-melati", b"toko-%04d" % shop)
        yield Record(new, value.replace(b'"buyer-', b'"buyer-%05d-' % (number % 90_000)), number, 0)


def fill(path: Path, orders: int) -> Warehouse:
    """Gives the file, filled; with no more memory than a running one has."""
    warehouse = Warehouse(path, memory_bytes=Analytics().memory_bytes)
    if not warehouse.query("select 1 from raw.orders limit 1"):
        loading, records = Loading(warehouse), snapshots(orders)
        while batch := list(islice(records, WRITE)):
            if loading.start_offsets():
                loading.compact()
            loading.write([Batch(TOPIC, 0, batch)], {(TOPIC, 0): batch[-1].offset + 1})
    if not warehouse.query("select 1 from raw.events limit 1"):
        _add_events(Loading(warehouse), orders // LIVES)
    return warehouse


def _add_events(loading: Loading, copies: int) -> None:
    """Tells the trails of as many orders: those of the lives, under other names."""
    kafka = told(LIVES, ("toko-melati",))[0]
    kafka.records = {place: rows for place, rows in kafka.records.items() if place[0] != TOPIC}
    kafka.write(loading)
    loading.warehouse.query(
        "insert into raw.events select * exclude (copy) replace ("
        "key_of(order_id || '/' || copy) as order_key, order_id || '/' || copy as order_id, "
        "key_of(event_id || copy) as event_key, event_id || copy as event_id) "
        "from raw.events, range(1, $copies) as copies(copy) order by occurred_at",
        {"copies": copies},
    )
    loading.warehouse.query("checkpoint")


def viewers(warehouse: Warehouse) -> dict[str, Viewer]:
    """Gives an ordinary shop, a large one and the largest, a buyer, and the operator."""
    shops = warehouse.query(
        "select seller_id, count(*) as orders from visible_orders('operator', '') group by all order by orders"
    )
    chosen = {f"shop of {shop['orders']:,}": shop["seller_id"] for shop in (shops[300], shops[-10], shops[-1])}
    sellers = {name: Viewer("seller", seller) for name, seller in chosen.items()}
    [buyer] = warehouse.query("select buyer_id from raw.orders where buyer_id like 'buyer-00777-%' limit 1")
    return sellers | {"buyer of 11": Viewer("buyer", buyer["buyer_id"]), "operator": OPERATOR}


def values(warehouse: Warehouse, viewer: Viewer) -> Row:
    """Gives a value for each parameter that a report may have."""
    orders = run(warehouse, "orders", viewer, limit=None if viewer.role == "buyer" else 500)
    order_id = next((row["order_id"] for row in orders if row["status"] == "completed"), orders[0]["order_id"])
    chosen = {"order_id": order_id, "event_ids": ["none"], "code": "LDR", "part": "numerator", "kind": "silent"}
    return {"now": NOW, "since": NOW - 60 * DAY, "until": NOW, "limit": 50, **chosen}


def milliseconds(warehouse: Warehouse, name: str, viewer: Viewer, given: Row) -> str:
    """Gives the median time of a report, and the longest."""
    unasked = {"since", "until", "order_id"} if name in {"orders", "anomalies", "notices"} else set()
    params = {key: value for key, value in given.items() if key in REPORTS[name].parameters - unasked}
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        run(warehouse, name, viewer, **params)
        took.append((time.perf_counter() - began) * 1_000)
    return f"{statistics.median(took):.1f} ({max(took):.0f})"


def lines(warehouse: Warehouse) -> Iterator[str]:
    """Gives the table."""
    asking = viewers(warehouse)
    given = {who: values(warehouse, viewer) for who, viewer in asking.items()}
    yield f"{machine()}\n\n| ms, median and longest of {TIMES} | {' | '.join(asking)} |\n|---{'|---' * len(asking)}|"
    for name, report in REPORTS.items():
        times = {
            who: milliseconds(warehouse, name, viewer, given[who])
            for who, viewer in asking.items()
            if viewer == OPERATOR or not report.operators_only
        }
        yield f"| {name} | {' | '.join(times.get(who, '') for who in asking)} |"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.reports", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(tempfile.gettempdir()), help="where the file lies")
    parser.add_argument("--orders", type=int, default=1_000_000, help="how many it is filled with")
    asked = parser.parse_args()
    for line in lines(fill(asked.folder / f"reports-{asked.orders}.duckdb", asked.orders)):
        print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
