"""A whole Arus in a folder of its own: started as people start it, asked over HTTP as they ask it."""

import json
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from pipeline.broker.embedded import bootstrap_of
from pipeline.settings import Account, environment
from pipeline.sources import SOURCES

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0
"""Seconds: ten times what is usual, for a machine that is busy with other tests."""


LONG = 240.0
"""Seconds for a worker that joins while much else happens."""


class System:
    """One home and the processes that run in it. `arus.toml` lies in the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        self._up: subprocess.Popen[str] | None = None
        self.ready: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        """Gives the environment of its commands."""
        given = {"ARUS_HOME": str(self.home), "ARUS_GATEWAY__PORT": "0", "ARUS_API__PORT": "0"}
        return dict(environment(**given, PYTHONPATH=str(ROOT)))

    def accounts(self) -> tuple[Account, ...]:
        """Gives the accounts of its `arus.toml`."""
        told = tomllib.loads((self.folder / "arus.toml").read_text())
        return tuple(Account.model_validate(account) for account in told["accounts"])

    def start(self) -> "System":
        """Starts everything and waits until it is ready."""
        command = [sys.executable, "-m", "pipeline.cli", "up", "--json"]
        with (self.folder / "up.log").open("a") as log:
            self._up = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._up.stdout is not None
        line = self._up.stdout.readline()
        assert line, (self.folder / "up.log").read_text()
        self.ready = json.loads(line)
        return self

    @property
    def is_up(self) -> bool:
        """Tells whether it was started and has not ended."""
        return self._up is not None and self._up.poll() is None

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ends it as Ctrl-C does, and gives the exit code."""
        if self._up is None:
            return 0
        self._up.send_signal(how)
        code = self._up.wait(PATIENCE)
        if self._up.stdout:
            self._up.stdout.close()
        self._up = None
        return code

    def run(self, *arguments: str, patience: float = 170) -> subprocess.CompletedProcess[str]:
        """Runs another command of this home."""
        command = [sys.executable, "-m", "pipeline.cli", *arguments]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=patience,
        )

    @contextmanager
    def second(self, job: str) -> Iterator[None]:
        """Has a second worker of a job join from a home of its own for the block; it leaves in good order."""
        home = self.folder / "second"
        home.mkdir(exist_ok=True)
        kafka = {"ARUS_KAFKA__BOOTSTRAP_SERVERS": bootstrap_of(self.home / "kafka")}
        with (home / "log").open("w") as log:
            second = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli", *job.split()],
                cwd=self.folder,
                env=kafka | self.environment | {"ARUS_HOME": str(home)},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            until(lambda: "\nready" in (home / "log").read_text(), LONG)
            yield
            second.terminate()
            assert second.wait(LONG) == 0, (home / "log").read_text()
        finally:
            second.kill()
            second.wait()

    def processes(self) -> dict[str, psutil.Process]:
        """Finds every process of this home by its name."""
        found = {}
        for process in psutil.process_iter(["cmdline", "environ", "pid"]):
            words = process.info["cmdline"] or []
            if any(str(self.home) in word for word in words) and "kafka.Kafka" in words:
                found["kafka"] = process
            elif (process.info["environ"] or {}).get("ARUS_HOME") == str(self.home) and "pipeline.cli" in words:
                found[" ".join(word for word in words[3:] if not word.startswith("--"))] = process
        return found

    def api(self, token: str = "") -> httpx.Client:
        """Gives a client of the API, an operator's unless another token is given."""
        token = token or self.ready["operator_token"]
        return httpx.Client(base_url=self.ready["api"], headers={"authorization": f"Bearer {token}"}, timeout=30)

    def token(self, *viewer: str) -> str:
        """Makes a token as an operator would."""
        return self.run("token", "create", *viewer).stdout.strip()

    def send(self, account: Account, body: bytes) -> httpx.Response:
        """Sends one webhook as its sender would."""
        url = f"{self.ready['gateway']}/webhooks/{account.source}/{account.name}"
        signed = SOURCES[account.source].scheme.sign(body, account, time.time_ns() // 1_000_000, url)
        return httpx.post(url, params=signed.query or None, content=signed.body, headers=signed.headers, timeout=30)

    def order(self, order_id: str) -> dict[str, Any] | None:
        """Gives an order as the API tells it, or None."""
        with self.api() as http:
            answer = http.get(f"/v1/orders/{order_id}")
        return answer.json() if answer.status_code == httpx.codes.OK else None

    def orders(self) -> str:
        """Gives every order as one file."""
        with self.api() as http:
            return "\n".join(sorted(http.get("/v1/orders", params={"format": "csv"}).text.splitlines()))


def until(what: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Waits until something holds and gives it; fails when that takes too long."""
    end = time.monotonic() + seconds
    while True:
        try:
            if found := what():
                return found
        except httpx.TransportError:
            pass
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)
