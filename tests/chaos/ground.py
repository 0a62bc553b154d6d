"""The ground of a storm: a whole Arus, a Kafka behind a proxy, a load of signed webhooks, and orders that probe it."""

import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from pipeline.broker.embedded import EmbeddedKafka
from pipeline.broker.embedded.ports import HOST, free_port
from pipeline.settings import load
from tests.chaos.proxy import Proxy
from tests.journeys.conftest import toml
from tests.journeys.system import System, until

CLOCK = Path(__file__).parent / "clock"
PATIENCE = 240.0
"""Seconds in which everything must work again, on a machine that does other things too."""

MOST_COMPLAINTS = 10

TAKEN = (200, 202, 409)
"""The command is done, on its way, or refused."""

PROBES = 5
"""New orders that must come out by the API before it counts as working again."""


class Ground(System):
    """A home whose workers reach Kafka through a proxy, and whose clocks can be wrong."""

    def __init__(self, folder: Path, broker: EmbeddedKafka, proxy: Proxy) -> None:
        super().__init__(folder)
        self.broker, self.proxy = broker, proxy
        self.accepted, self.clocks = folder / "accepted.jsonl", folder / "clocks"
        self._probes = 0
        self.clocks.mkdir()
        self.accepted.touch()
        (folder / "arus.toml").write_text(toml())

    @property
    def environment(self) -> dict[str, str]:
        """Gives the environment of its commands."""
        ours = super().environment
        return ours | {
            "ARUS_KAFKA__BOOTSTRAP_SERVERS": f"{HOST}:{self.proxy.port}",
            "ARUS_CHAOS_CLOCKS": str(self.clocks),
            "PYTHONPATH": f"{CLOCK}:{ours['PYTHONPATH']}",
        }

    def process(self, name: str) -> psutil.Process:
        """Gives one of its processes, as soon as it is there."""
        return until(lambda: self.processes().get(name), PATIENCE)

    def log(self, name: str) -> str:
        """Gives what a process said."""
        return (self.home / "logs" / f"{name.rpartition(' ')[2]}.log").read_text()

    def complaints(self) -> Iterator[str]:
        """Gives the last warnings and errors of each process, as they stand in its log."""
        for log in sorted((self.home / "logs").glob("*.log")):
            told = (line for line in log.read_text().splitlines() if '"level":"info"' not in line.replace(" ", ""))
            yield from (f"{log.stem}: {line}" for line in deque(told, MOST_COMPLAINTS))

    @contextmanager
    def load(self, orders: int, seed: str) -> Iterator[dict[str, Any]]:
        """Has webhooks of so many orders' lives sent during the block; what became of them is told after it."""
        record, totals = self.folder / f"{seed}.jsonl", dict[str, Any]()
        story = (
            "--orders",
            str(orders),
            "--seed",
            seed,
            "--rate",
            "100",
            "--record",
            str(record),
            "--commands",
            "0",
            "--json",
        )
        command = [sys.executable, "-m", "pipeline.cli", "simulate", *story]
        with subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as sending:
            until(record.exists)
            try:
                yield totals
            finally:
                told, _ = sending.communicate(timeout=PATIENCE)
        totals.update(json.loads(told))
        with self.accepted.open("a") as all_:
            all_.write(record.read_text())

    def probe(self) -> None:
        """Sends new orders and waits until each comes out by the API."""
        account = next(account for account in self.accounts() if account.source == "standard_webhooks")
        orders = [f"probe-{self._probes + number}" for number in range(PROBES)]
        self._probes += PROBES
        for order in orders:
            told = {"order_id": order, "buyer_id": "siti", "total": 50_000, "cod": True}
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            body = json.dumps({"type": "order_placed", "timestamp": at, "data": told})
            until(lambda body=body: self.send(account, body.encode()).is_success, PATIENCE)
            with self.accepted.open("a") as all_:
                told_ = {"source": account.source, "account": account.name, "body": body}
                all_.write(json.dumps(told_) + "\n")
        for order in orders:
            until(lambda order=order: self.order(f"kios:{order}"), PATIENCE)

    @property
    def probed(self) -> range:
        """The numbers of the last probes."""
        return range(max(0, self._probes - PROBES), self._probes)

    def ask(self, probed: range) -> None:
        """Two people ask to confirm each of these probes, one of them twice, until each was taken or refused."""
        with self.api(self.token("--seller", "kios")) as http:
            for number in probed:
                door = f"/v1/orders/kios:probe-{number}/confirm"
                for key in ("one", "other", "one"):
                    asked = {"Idempotency-Key": key}
                    until(lambda door=door, asked=asked: http.post(door, headers=asked).status_code in TAKEN, PATIENCE)

    def prove(self) -> list[dict[str, Any]]:
        """Waits until nothing waits any more, and gives what `arus verify` says."""
        told = self.run("verify", "--record", str(self.accepted), "--json", patience=900)
        if not told.stdout:
            return [{"what": "the proof", "holds": False, "detail": told.stderr.strip()}]
        return list(json.loads(told.stdout))


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """Gives a running Arus; the workers know Kafka by the proxy's address alone, Kafka itself by another."""
    port, inner, controller = (free_port() for _ in range(3))
    with Proxy(port) as proxy:
        listeners = f"PLAINTEXT://{HOST}:{port},INNER://{HOST}:{inner},CONTROLLER://{HOST}:{controller}"
        config = {
            "listeners": listeners,
            "advertised.listeners": f"PLAINTEXT://{HOST}:{proxy.port},INNER://{HOST}:{inner}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "INNER",
            "controller.quorum.voters": f"1@{HOST}:{controller}",
        }
        with EmbeddedKafka(folder / "kafka", load().cache, port, config) as broker:
            system = Ground(folder, broker, proxy)
            try:
                system.start()
                yield system
            finally:
                system.stop()
