"""Webhooks per second through one gateway process, each kept by Kafka before it is answered.

`python -m tests.benchmarks.gateway`: 64 connections, keep-alive, each waits for its answer. Gateway, Kafka and the
load share the machine.
"""

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import uvloop

from pipeline.broker import admin
from pipeline.broker.embedded import EmbeddedKafka
from pipeline.gateway.server import serve
from pipeline.settings import Account, Gateway, Kafka, Settings, load
from pipeline.sources import SOURCES
from tests.benchmarks.figures import Figure, table

CONNECTIONS, WARM, SECONDS, TIMES = 64, 2.0, 8.0, 3
SAMPLES = Path(__file__).parents[1] / "pipeline" / "sources" / "samples"
BODIES = {
    "tiktok_shop": "type_01_order_status_change",
    "ninjavan": "delivered_left_at_doorstep",
    "standard_webhooks": "order_placed",
    "easypost": "tracker_updated_in_transit",
}
ACCOUNTS = {
    "tiktok_shop": Account(source="tiktok_shop", name="main", secrets=("s",), app_key="k"),
    "ninjavan": Account(source="ninjavan", name="main", secrets=("s",)),
    "standard_webhooks": Account(source="standard_webhooks", name="main", secrets=("c2VjcmV0",), seller="toko"),
    "easypost": Account(source="easypost", name="main", secrets=("s",)),
}


class Sender(asyncio.Protocol):
    """One connection that posts the same webhook again and again and notes how long each answer took."""

    def __init__(self, webhook: bytes, took: list[float]) -> None:
        self.webhook, self.took, self.heard = webhook, took, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.post()

    def post(self) -> None:
        self.asked = time.perf_counter()
        self.transport.write(self.webhook)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.heard += data
        if self.heard.endswith(b"\r\n\r\n"):
            if not self.heard.startswith(b"HTTP/1.1 200"):
                raise SystemExit(self.heard.decode())
            self.took.append(time.perf_counter() - self.asked)
            self.heard = b""
            self.post()


async def load_for(seconds: float, url: str, webhook: bytes) -> list[float]:
    """Posts for so long and gives how long each answer took."""
    host, port = url.removeprefix("http://").split(":")
    took: list[float] = []
    loop = asyncio.get_running_loop()
    senders = [await loop.create_connection(lambda: Sender(webhook, took), host, int(port)) for _ in range(CONNECTIONS)]
    await asyncio.sleep(seconds)
    done = list(took)
    for transport, _ in senders:
        transport.abort()
    return done


def webhook_of(source: str) -> bytes:
    """Gives the whole request of a sender's sample."""
    return request_of(ACCOUNTS[source], (SAMPLES / source / f"{BODIES[source]}.json").read_bytes())


def request_of(account: Account, body: bytes) -> bytes:
    """Gives a whole request with this body, signed now."""
    signed = SOURCES[account.source].scheme.sign(body, account, time.time_ns() // 1_000_000)
    headers = {"host": "localhost", "content-type": "application/json", "content-length": str(len(signed.body))}
    lines = [f"{name}: {value}\r\n" for name, value in {**headers, **signed.headers}.items()]
    return f"POST /webhooks/{account.source}/{account.name} HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + signed.body


def measured(url: str, pid: int) -> Iterator[Figure]:
    """Measures each sender's webhook in turn."""
    gateway = psutil.Process(pid)
    for source in BODIES:
        rates, notes = [], []
        for _ in range(TIMES):
            uvloop.run(load_for(WARM, url, webhook_of(source)))
            before = gateway.cpu_times()
            took = sorted(uvloop.run(load_for(SECONDS, url, webhook_of(source))))
            after = gateway.cpu_times()
            rates.append(len(took) / SECONDS)
            cpu = (after.user + after.system - before.user - before.system) / len(took)
            notes.append((cpu * 1e6, took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3))
        cpu, half, most = sorted(notes)[TIMES // 2]
        note = f"{len(webhook_of(source))} bytes; {cpu:.0f} us CPU each; p50 {half:.1f} ms, p99 {most:.1f} ms"
        yield Figure(f"gateway, {source}", "requests/s", tuple(rates), "8,000", note)


def figures() -> list[Figure]:
    """Runs a gateway on a Kafka of its own and measures each sender."""
    folder = tempfile.TemporaryDirectory(prefix="arus-bench-")
    with folder, EmbeddedKafka(Path(folder.name, "kafka"), load().cache) as broker:
        kafka = Kafka(bootstrap_servers=broker.bootstrap)
        with admin.connect(kafka) as door:
            door.create_topics()
        given = Settings(kafka=kafka, gateway=Gateway(port=0), accounts=tuple(ACCOUNTS.values()))
        told: multiprocessing.Queue[str] = multiprocessing.Queue()
        process = multiprocessing.get_context("fork").Process(target=serve, args=(given, told.put))
        process.start()
        url = told.get(timeout=30)
        time.sleep(2)  # until it has found Kafka
        found = list(measured(url, process.pid or 0))
        process.terminate()
        process.join()
    return found


if __name__ == "__main__":
    print(table(figures()))  # noqa: T201
