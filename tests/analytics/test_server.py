"""The analytics process as it really runs: loads from Kafka, answers over HTTP, ends when it is told."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from kafka import KafkaProducer

from analytics.access import OPERATOR, Tokens
from pipeline import codec
from pipeline.broker import admin
from pipeline.broker.clients import client_options
from pipeline.settings import Kafka
from schemas.facts import Details, Order

SERVE = """
import sys
from analytics.server import serve
from pipeline import logs, settings
logs.configure("info")
sys.exit(serve(settings.load(), print))
"""
ENOUGH = 60  # seconds; far more than anything takes here


class Analytics:
    """A running `analytics.server.serve`."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        variables = {
            **os.environ,
            "ARUS_HOME": str(home),
            "ARUS_API__PORT": "0",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        with (home / "log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVE], env=variables, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def address(self) -> str:
        """Waits until it says that it is ready, and where."""
        assert self.process.stdout
        said = self.process.stdout.readline().strip()
        assert said.startswith("http://"), (said, self.said())
        return said

    def said(self) -> str:
        """Gives what it wrote for people."""
        return (self.home / "log").read_text()

    def client(self) -> httpx.Client:
        """Gives an operator's client."""
        token = Tokens(self.home).make(OPERATOR)
        return httpx.Client(base_url=self.address(), headers={"Authorization": f"Bearer {token}"}, timeout=ENOUGH)

    def stop(self) -> int:
        """Tells it to end, and gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(ENOUGH)


@contextlib.contextmanager
def running(home: Path, **environment: str) -> Iterator[Analytics]:
    """Runs the process; it is gone afterwards, whatever happened."""
    analytics = Analytics(home, **environment)
    try:
        yield analytics
    finally:
        analytics.process.kill()
        analytics.process.communicate()


@pytest.fixture
def bootstrap(own_kafka) -> str:
    """A Kafka of this test with our topics."""
    with admin.connect(Kafka(bootstrap_servers=own_kafka.bootstrap)) as door:
        door.create_topics()
    return own_kafka.bootstrap


def place(bootstrap: str, *order_ids: str) -> None:
    """Puts snapshots of orders into Kafka, as tracking does."""
    with KafkaProducer(**client_options(Kafka(bootstrap_servers=bootstrap))) as producer:
        for order_id in order_ids:
            order = Order(
                order_id, (2, 0, "", "toko"), details=Details((0, 0, "e")), history=[(1, "new")], status="new"
            )
            producer.send("order.snapshots", codec.encode(order), order_id.encode()).get(10)


def eventually(ask, wanted) -> None:
    """Asks until the answer is as wanted."""
    until = time.monotonic() + ENOUGH
    while (answer := ask()) != wanted:
        assert time.monotonic() < until, answer
        time.sleep(0.1)


def listed(api: httpx.Client) -> list[str]:
    """Gives the ids of the orders that the API lists."""
    return sorted(order["order_id"] for order in api.get("/v1/orders").json()["orders"])


def test_orders_come_in_live_and_stay(tmp_path, bootstrap):
    """What Kafka has is listed without asking twice, also after kill -9; the end is clean though somebody listens."""
    place(bootstrap, "shop:1")
    with running(tmp_path, ARUS_KAFKA__BOOTSTRAP_SERVERS=bootstrap) as analytics, analytics.client() as api:
        eventually(lambda: listed(api), ["shop:1"])
        place(bootstrap, "shop:2")
        eventually(lambda: listed(api), ["shop:1", "shop:2"])
        eventually(lambda: api.get("/readyz").status_code, 200)
        eventually(lambda: api.get("/v1/ops/lag").json()["verdict"], "ok")
        assert {row["group"] for row in api.get("/v1/ops/lag").json()["partitions"]} == {"arus-loading"}
        analytics.process.kill()
    place(bootstrap, "shop:3")
    with running(tmp_path, ARUS_KAFKA__BOOTSTRAP_SERVERS=bootstrap) as analytics, analytics.client() as api:
        eventually(lambda: listed(api), ["shop:1", "shop:2", "shop:3"])
        with api.stream("GET", "/v1/notices/stream") as stream:
            assert next(stream.iter_lines()) == "retry: 2000"
            assert analytics.stop() == 0


def test_without_kafka_it_shows_what_it_has(tmp_path, bootstrap, own_kafka):
    """The lists go on, readiness and lag say since when Kafka is silent; when it comes back, so does the rest.

    Meanwhile headers that do not end fill no memory.
    """
    place(bootstrap, "shop:1")
    with running(tmp_path, ARUS_KAFKA__BOOTSTRAP_SERVERS=bootstrap) as analytics, analytics.client() as api:
        eventually(lambda: listed(api), ["shop:1"])
        own_kafka.stop()
        eventually(lambda: api.get("/readyz").status_code, 503)
        eventually(lambda: api.get("/v1/ops/lag").json()["silent_since"] is None, False)
        assert listed(api) == ["shop:1"]
        own_kafka.start()
        place(bootstrap, "shop:2")
        eventually(lambda: listed(api), ["shop:1", "shop:2"])
        eventually(lambda: api.get("/readyz").status_code, 200)
        assert hangs_up(api.base_url.port, b"GET / HTTP/1.1\r\nx-long: " + b"x" * 200_000)
        assert analytics.stop() == 0


def hangs_up(port: int, text: bytes) -> bool:
    """Tells whether the API ends a connection on which this was sent, without an answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=ENOUGH) as sender:
        try:
            sender.sendall(text)
            return sender.recv(100) == b""
        except ConnectionError:
            return True


def test_a_damaged_file_is_told(tmp_path):
    """One sentence, with the command that mends it."""
    (tmp_path / "arus.duckdb").write_bytes(b"not a database at all" * 1_000)
    with running(tmp_path, ARUS_KAFKA__BOOTSTRAP_SERVERS="127.0.0.1:1") as analytics:
        assert analytics.process.wait(ENOUGH) == 1
    assert "`arus rebuild`" in analytics.said()
    assert len(analytics.said().splitlines()) == 1


def test_a_taken_port_is_told(tmp_path):
    """One sentence, with the setting that mends it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with running(tmp_path, ARUS_KAFKA__BOOTSTRAP_SERVERS="127.0.0.1:1", ARUS_API__PORT=port) as analytics:
            assert analytics.process.wait(ENOUGH) == 1
    assert f"127.0.0.1:{port}" in analytics.said()
    assert "ARUS_API__PORT" in analytics.said()
    assert len(analytics.said().splitlines()) == 1
