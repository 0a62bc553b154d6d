"""The data folder of an embedded Kafka: one owner at a time, the port it keeps, its configuration and its log."""

import base64
import errno
import fcntl
import os
import shutil
import struct
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from pipeline.broker import BrokerError
from pipeline.broker.embedded.ports import HOST


def properties(name: str) -> dict[str, str]:
    """Reads a .properties file of this room."""
    lines = Path(__file__).with_name(name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


PATIENCE = 15
"""Seconds in which a Kafka whose parent died has ended, on however busy a machine."""

DEFAULTS = properties("server.properties")
FOR_TESTS = properties("tests.properties")
"""What makes compaction, deletion, expiry and rebalances happen within a second or two."""

IDENTITY = "meta.properties"
"""Kafka's own file of the names of cluster and folder."""


class Folder:
    """Where one embedded Kafka keeps everything."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.log = self.path / "kafka.log"
        self.properties = self.path / "server.properties"
        self._logs = self.path / "log"
        self._lock: IO[str] | None = None

    def acquire(self) -> None:
        """Makes the folder ours. Waits for the Kafka of a parent that died: it ends by itself."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = (self.path / "lock").open("a+")
        end = time.monotonic() + PATIENCE
        while not _try_lock(self._lock):
            owner = self._owner()
            if _is_alive(owner.get("parent", 0)) or time.monotonic() > end:
                self.release()
                who = ", ".join(f"{name} {owner[name]}" for name in ("pid", "port") if name in owner)
                raise BrokerError(f"{self.path} is in use by another Kafka ({who}); only one can own it")
            time.sleep(0.05)

    @property
    def held(self) -> int:
        """The open file whose lock makes the folder ours; Kafka inherits it and so holds it as long as it lives."""
        if self._lock is None:
            raise BrokerError(f"{self.path} was not acquired")
        return self._lock.fileno()

    def release(self) -> None:
        """Gives the folder up; it is free when the Kafka in it has ended too."""
        if self._lock:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()

    def remember(self, pid: int, port: int) -> None:
        """Writes down who owns the folder now."""
        (self.path / "owner.json").write_bytes(msgspec.json.encode({"pid": pid, "port": port, "parent": os.getpid()}))

    @property
    def last_port(self) -> int:
        """The port that was used last here; 0 in a new folder."""
        return self._owner().get("port", 0)

    def running(self) -> str | None:
        """Gives host and port of the Kafka that owns the folder now, if one does."""
        if not self.last_port:
            return None
        with (self.path / "lock").open("a+") as lock:
            return None if _try_lock(lock) else f"{HOST}:{self.last_port}"

    def configure(self, port: int, controller: int, config: Mapping[str, str], template: Path | None) -> None:
        """Writes the configuration, and in a new folder what Kafka's own `format` would write, without its second."""
        self._logs.mkdir(parents=True, exist_ok=True)
        listeners = f"PLAINTEXT://{HOST}:{port}"
        own = {
            "listeners": f"{listeners},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": listeners,
            "controller.quorum.voters": f"1@{HOST}:{controller}",
            "log.dirs": str(self._logs),
        }
        _write(self.properties, {**DEFAULTS, **own, **config})
        identity = self._logs / IDENTITY
        if template and not identity.exists():
            shutil.copytree(template, self._logs, dirs_exist_ok=True)
            _write(identity, {"version": "1", "node.id": "1", "cluster.id": kafka_id(), "directory.id": kafka_id()})

    def copy_formatted(self, template: Path) -> Path:
        """Copies what Kafka's own `format` has just written, but for the names of this one; gives the copy."""
        return shutil.copytree(self._logs, template, ignore=shutil.ignore_patterns(IDENTITY))

    def why(self) -> str:
        """Tells in a sentence why the Kafka in here ended, from its log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        for sign, sentence in SIGNS.items():
            if sign in text:
                return sentence.format(folder=self.path)
        wrong = [line.split("ConfigException: ", 1)[1] for line in text.splitlines() if "ConfigException: " in line]
        told = wrong or [line for line in text.splitlines() if "Exception" in line or " ERROR " in line]
        return f"Kafka ended: {'; '.join(told[:2]) or 'it said nothing'} (log: {self.log})"

    def lost_its_port(self) -> bool:
        """Tells whether the Kafka in here ended because somebody else took its port."""
        return "Address already in use" in self.log.read_text(errors="replace")

    def _owner(self) -> dict[str, int]:
        try:
            return msgspec.json.decode((self.path / "owner.json").read_bytes(), type=dict[str, int])
        except (OSError, msgspec.MsgspecError):
            return {}


NO_SPACE = "there is no space left on the disk of {folder}: free some, or put ARUS_HOME and ARUS_CACHE elsewhere"
SIGNS = {
    "No space left on device": NO_SPACE,
    "Cannot allocate memory": "there is not enough memory to run Kafka: it needs about 200 MB",
    "Permission denied": "Kafka may not write into {folder}: it belongs to somebody else",
    "MetadataParseException": (
        "{folder} was written by a newer Kafka than this one, which cannot read it: name another home, or run that "
        "Kafka yourself and set ARUS_KAFKA__BOOTSTRAP_SERVERS; docs/upgrading.md says why"
    ),
}
"""What the log says and what it means."""


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turns an error of the file system into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BrokerError(NO_SPACE.format(folder=folder)) from error
        raise BrokerError(f"{error.filename or folder} cannot be used: {error.strerror}") from error


def kafka_id() -> str:
    """Makes an id as Kafka writes them: 22 characters, none of which is a leading dash."""
    return base64.urlsafe_b64encode(b"\x01" + uuid.uuid4().bytes[1:]).decode().rstrip("=")


def _write(file: Path, values: Mapping[str, str]) -> None:
    partial = file.with_suffix(".partial")
    partial.write_text("".join(f"{name}={_escape(value)}\n" for name, value in values.items()), "ascii")
    partial.replace(file)


def _escape(value: str) -> str:
    """Writes a value as Java reads properties: in ASCII, all else as UTF-16."""
    units = struct.iter_unpack(">H", value.replace("\\", "\\\\").encode("utf-16-be"))
    return "".join(chr(unit) if unit < 128 else f"\\u{unit:04x}" for (unit,) in units)  # noqa: PLR2004  # ASCII ends


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return pid > 0


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
