"""Two analytics nodes that share the sellers, on a real Kafka: whichever is asked, it is as if there were one."""

import asyncio
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from analytics import reports
from analytics.access import OPERATOR, Tokens, Viewer
from analytics.api.app import build
from analytics.api.services import Services
from analytics.monitor import Monitor
from analytics.rebuild import rebuild, warehouse_path
from analytics.rows import TABLES
from analytics.shards import Shard, node_of
from analytics.warehouse import Warehouse
from pipeline.settings import Analytics, Settings
from schemas.events import Event
from schemas.times import HOUR
from tests.agents.events import START, scan, tell
from tests.journeys.fleet import Fleet
from tests.journeys.system import LONG, until

pytestmark = [pytest.mark.xdist_group("journeys"), pytest.mark.timeout(600)]

SELLERS = [f"toko-{n}" for n in range(6)]
BUYERS = [f"buyer-{n}" for n in range(8)]
ORDERS = 24
VIEWERS = [*(Viewer("seller", one) for one in SELLERS), *(Viewer("buyer", one) for one in BUYERS)]
ASKED = ("/v1/orders?format=csv&limit=200", "/v1/notices?format=csv&limit=200")


def life(n: int) -> Iterator[Event]:
    """Gives an order's events; those that come first name no seller."""
    hours = (time.time_ns() // 1_000_000 - START) / HOUR - 1
    order = f"tiktok_shop:{n}"
    whose = {"seller_id": SELLERS[n % len(SELLERS)], "buyer_id": BUYERS[n * 7 % len(BUYERS)]}
    number = {"tracking_number": f"N{n}", "order_id": order}
    yield tell("payment_paid", hours + 0.1, order_id=order, seller_id=None, source="midtrans")
    yield scan("picked_up", hours + 0.4, f"N{n}", order_id=order)
    yield tell("order_placed", hours, order_id=order, **whose)
    yield tell("shipping_arranged", hours + 0.2, **number, seller_id=whose["seller_id"])


class Nodes:
    """Both nodes and what is asked of them."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.urls = tuple(f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.tokens = Tokens(fleet.folder / "node-0")
        self.tokens.make(OPERATOR)
        shutil.copytree(fleet.folder / "node-0" / "keys", fleet.folder / "node-1" / "keys")

    def settings(self, number: int) -> Settings:
        share = Analytics(shards=self.urls, shard=number)
        return self.fleet.settings(f"node-{number}").model_copy(update={"analytics": share})

    def start(self, number: int) -> None:
        said = {
            "ARUS_API__PORT": self.urls[number].rpartition(":")[2],
            "ARUS_ANALYTICS__SHARDS": '["' + '", "'.join(self.urls) + '"]',
            "ARUS_ANALYTICS__SHARD": str(number),
        }
        assert self.fleet.start(f"node-{number}", "analytics", **said).ready() == self.urls[number]

    def client(self, number: int, viewer: Viewer) -> httpx.Client:
        shown = {"authorization": f"Bearer {self.tokens.make(viewer)}"}
        return httpx.Client(base_url=self.urls[number], headers=shown, timeout=60)

    def ask(self, number: int, viewer: Viewer, path: str) -> httpx.Response:
        with self.client(number, viewer) as http:
            return http.get(path)

    def has(self, viewer: Viewer, count: int) -> bool:
        """Tells whether a viewer's own node has so many of their orders, and all else that was told of them."""
        number = node_of(viewer.id, 2)
        orders = self.ask(number, viewer, ASKED[0]).text.splitlines()[1:]
        return len(orders) == count and self.ask(number, OPERATOR, "/readyz").is_success

    @contextmanager
    def alone(self) -> Iterator[Callable[[Viewer, str], httpx.Response]]:
        """Gives what asks a node that keeps everything, made from the same Kafka."""
        settings = self.fleet.settings("alone")
        rebuild(settings)
        warehouse = Warehouse(warehouse_path(settings))
        monitor = Monitor(lambda: pytest.fail("nobody looks"), lambda: 0)
        transport = httpx.ASGITransport(build(Services(settings, warehouse, self.tokens, monitor, lambda: True)))

        async def get(viewer: Viewer, path: str) -> httpx.Response:
            shown = {"authorization": f"Bearer {self.tokens.make(viewer)}"}
            async with httpx.AsyncClient(transport=transport, base_url="http://alone", headers=shown) as http:
                return await http.get(path)

        yield lambda viewer, path: asyncio.run(get(viewer, path))
        warehouse.close()

    def agree_with_one_alone(self) -> None:
        """Holds that everybody reads at the wrong node what a node alone would tell them."""
        with self.alone() as ask:
            for viewer in VIEWERS:
                wrong = 1 - node_of(viewer.id, 2)
                orders = [order["order_id"] for order in ask(viewer, "/v1/orders").json()["orders"]][:2]
                for path in (*ASKED, *(f"/v1/orders/{one}/events?format=csv" for one in orders)):
                    right = ask(viewer, path)
                    assert len(right.text.splitlines()) > 1, (viewer, path)
                    told = self.ask(wrong, viewer, path)
                    assert told.headers["arus-shard"] == f"{1 - wrong}/2"
                    assert unnumbered(path, told.text) == unnumbered(path, right.text), (viewer, path)


def unnumbered(path: str, text: str) -> list[str]:
    """Gives the lines of a file, those of notices without the number that each warehouse counts for itself."""
    lines = text.splitlines()
    return sorted(line.partition(",")[2] for line in lines) if path.startswith("/v1/notices") else lines


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def rows(settings: Settings) -> dict[str, list[dict]]:
    """Gives all rows of a node's file, but when they were loaded and as how manieth."""
    warehouse = Warehouse(warehouse_path(settings))
    left_out = {"notices": "exclude (seq)"} | dict.fromkeys(
        ("events", "transitions", "deliveries"), "exclude (loaded_at)"
    )
    names = {table.name for table in TABLES.values()} - {"delta"}
    found = {
        name: warehouse.query(f"select * {left_out.get(name, '')} from raw.{name} order by all")  # noqa: S608  # ours
        for name in names
    }
    found["orders"] = reports.run(warehouse, "orders", OPERATOR, limit=None)
    columns = "select * from raw.delta union all select * from raw.orders anti join raw.delta using (order_key) "
    found["all orders"] = warehouse.query(columns + "anti join raw.gone using (order_key) order by all")
    warehouse.close()
    return found


def test_two_nodes_are_as_one(tmp_path, own_kafka):
    """Lists, trails and live streams at the wrong node; a node killed with -9; sums over both; a rebuild of one."""
    with Fleet(tmp_path, own_kafka, 4, session_timeout=2.0) as fleet:
        nodes = Nodes(fleet)
        fleet.start("tracking", "agents", "tracking").ready()
        for number in (0, 1):
            nodes.start(number)
        fleet.tell(event for n in range(ORDERS) for event in life(n))
        until(lambda: all(nodes.has(viewer, 4 if viewer.role == "seller" else 3) for viewer in VIEWERS), LONG)
        nodes.agree_with_one_alone()

        there, here = (next(one for one in VIEWERS if node_of(one.id, 2) == number) for number in (1, 0))
        theirs = [n for n in range(ORDERS, 2 * ORDERS) if SELLERS[n % len(SELLERS)] == there.id][:2]
        with nodes.client(0, there) as http, http.stream("GET", "/v1/notices/stream") as stream:
            lines = stream.iter_lines()
            assert next(lines) == "retry: 2000"
            fleet.tell(life(theirs[0]))
            assert any(f"tiktok_shop:{theirs[0]}" in line for line in lines if line.startswith("data:"))

            node = fleet.machines["node-1"]
            with unharmed(nodes, here) as looks:
                node.end(signal.SIGKILL)
                with pytest.raises(httpx.RemoteProtocolError):
                    list(lines)
                told = nodes.ask(0, there, ASKED[0])
                assert (told.status_code, told.headers["content-type"]) == (503, "application/problem+json")
                assert "node 1 of the 2" in told.json()["detail"]
                fleet.tell(life(theirs[1]))
                nodes.start(1)
                until(lambda: nodes.has(there, 6), LONG)
        assert len(looks) > 5
        until(lambda: all(nodes.ask(n, OPERATOR, "/readyz").is_success for n in (0, 1)), LONG)
        nodes.agree_with_one_alone()

        counted = [order for n in (0, 1) for order in listed(nodes, n)]
        assert sorted(counted) == sorted(f"tiktok_shop:{n}" for n in (*range(ORDERS), *theirs))
        assert min(len(listed(nodes, n)) for n in (0, 1)) > 0

        assert fleet.machines["node-1"].end() == 0
        settings = nodes.settings(1)
        live = rows(settings)
        done = rebuild(settings)
        assert all(row.gone == row.new == 0 for row in done.differences), done.differences
        assert rows(settings) == live
        warehouse = Warehouse(warehouse_path(settings))
        assert warehouse.shard == Shard(1, 2)
        warehouse.close()


def listed(nodes: Nodes, number: int) -> list[str]:
    """Gives the orders that a node counts for operators."""
    found = nodes.ask(number, OPERATOR, "/v1/orders?limit=200").json()["orders"]
    return [order["order_id"] for order in found]


@contextmanager
def unharmed(nodes: Nodes, viewer: Viewer) -> Iterator[list[httpx.Response]]:
    """Holds that somebody reads the same through all that the block does, as fast as ever."""
    looks, stop = [nodes.ask(0, viewer, ASKED[0])], threading.Event()

    def look() -> None:
        while not stop.wait(0.1):
            looks.append(nodes.ask(0, viewer, ASKED[0]))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield looks
    finally:
        stop.set()
        looking.join()
    assert {(answer.status_code, answer.text) for answer in looks} == {(200, looks[0].text)}
