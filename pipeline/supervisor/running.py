"""The one running Arus of a home: who it is, where it answers, and that there is no second one."""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from msgspec import Struct, field
from msgspec import json as msgspec_json

from pipeline.broker.embedded import bootstrap_of
from pipeline.settings import Settings, SettingsError

PATIENCE = 8.0
"""Seconds in which the processes of a run whose supervisor was killed end by themselves."""


class AlreadyRunning(Exception):  # reads as what it says
    """Another supervisor has this home."""


class Running(Struct):
    """What others need to know of a running Arus."""

    bootstrap: str
    gateway: str
    api: str
    pid: int = field(default_factory=os.getpid)
    """The supervisor's."""


class Place:
    """`run/` of a home: locks that end with their processes, and the addresses of what runs."""

    def __init__(self, home: Path) -> None:
        self._folder = home.absolute() / "run"
        self._locks: list[IO[str]] = []

    def acquire(self) -> int:
        """Makes the home ours. Gives the locked file that each child must inherit, so that it too counts as running.

        Raises AlreadyRunning. Waits for the processes of a supervisor that was killed.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._lock("supervisor.lock"):
            running = self.read()
            where = f" (process {running.pid}, {running.api})" if running else ""
            raise AlreadyRunning(f"Arus runs already in {self._folder.parent}{where}")
        patience = time.monotonic() + PATIENCE
        while not self._lock("children.lock"):
            if time.monotonic() > patience:
                raise AlreadyRunning(f"processes of an earlier run in {self._folder.parent} do not end")
            time.sleep(0.05)
        return self._locks[-1].fileno()

    def tell(self, running: Running) -> None:
        """Writes down what runs, for the other commands of this home."""
        draft = self._folder / f"running.{os.getpid()}"
        draft.write_bytes(msgspec_json.encode(running))
        draft.replace(self._folder / "running.json")

    def read(self) -> Running | None:
        """Finds what runs in this home, if anything does."""
        if not self._taken("supervisor.lock"):
            return None
        with suppress(OSError, ValueError):
            return msgspec_json.decode((self._folder / "running.json").read_bytes(), type=Running)
        return None

    def release(self) -> None:
        """Forgets the addresses and lets the next one in."""
        (self._folder / "running.json").unlink(missing_ok=True)
        for lock in self._locks:
            lock.close()
        self._locks.clear()

    def _lock(self, name: str) -> bool:
        file = (self._folder / name).open("a")
        if not _try(file):
            file.close()
            return False
        self._locks.append(file)
        return True

    def _taken(self, name: str) -> bool:
        try:
            with (self._folder / name).open("a") as file:
                return not _try(file)
        except OSError:
            return False


def _try(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def with_kafka(settings: Settings) -> Settings:
    """Gives the settings with the Kafka to use: the one that is set, else the embedded one that runs in this home.

    Raises SettingsError when there is neither.
    """
    if settings.kafka.bootstrap_servers:
        return settings
    bootstrap = bootstrap_of(settings.home / "kafka")
    if not bootstrap:
        raise SettingsError(
            f"no Kafka: `arus up` starts its own (none runs in {settings.home}), or set ARUS_KAFKA__BOOTSTRAP_SERVERS"
        )
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": bootstrap})
    return settings.model_copy(update={"kafka": kafka})


def running_in(home: Path) -> Running:
    """Gives the Arus that runs in this home. Raises SettingsError when none does."""
    running = Place(home).read()
    if running is None:
        raise SettingsError(f"no Arus runs in {home}: `arus up` starts one, ARUS_HOME names another home")
    return running
