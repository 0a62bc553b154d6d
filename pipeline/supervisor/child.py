"""One supervised process: started, awaited, restarted when it crashes, ended when told."""

import asyncio
import json
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Literal, NamedTuple

FIRST_PAUSE, LONGEST_PAUSE, HEALTHY = 0.2, 10.0, 20.0
"""Seconds: before the first restart, at most between two, and after which a run counts as healthy."""

LOUD = {"warning", "error", "critical"}
"""Levels that the supervisor's console repeats."""


LIBRARIES = ("aiokafka", "kafka", "faust", "mode")
"""Loggers that report each lost connection as an error: our own lines tell what follows from it."""


class StartError(Exception):
    """A process ended before it was ready; the message is its own last words."""


class Spec(NamedTuple):
    """What to start: a name for people and logs, the command, and the section of the settings that its address is from.

    The command gets `--supervised=N` and, if it serves, `--socket=N`: open files that it inherits.
    """

    name: str
    command: tuple[str, ...]
    serves: Literal["", "gateway", "api"] = ""


class Child:
    """Keeps one process alive until `end`. `say(level, text)` gets the lines worth a person's eye."""

    def __init__(
        self,
        spec: Spec,
        logs: Path | None,
        inherited: Sequence[int],
        listening: socket.socket | None,
        say: Callable[[str, str], None],
    ) -> None:
        """`inherited` are open files, `listening` the socket that it serves; without `logs` its words pass through."""
        self.spec, self._inherited, self._listening, self._say = spec, inherited, listening, say
        self._log = _log(logs, spec.name)
        self._words: list[str] = []
        self._process: asyncio.subprocess.Process | None = None
        self._ending = asyncio.Event()
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ready.add_done_callback(lambda ready: ready.cancelled() or ready.exception())  # seen, if nobody waits

    async def keep(self, environment: Mapping[str, str]) -> None:
        """Runs the process again and again until told to end. A failure before the first readiness is final."""
        with closing(self._log):
            await self._keep(environment)

    async def _keep(self, environment: Mapping[str, str]) -> None:
        pause = FIRST_PAUSE
        while not self._ending.is_set():
            started = time.monotonic()
            code = await self._run(environment)
            if self._ending.is_set():
                return
            if code >= 0 and not self.ready.done():
                self.ready.set_exception(StartError(f"{self.spec.name} did not start: {self._last_words()}"))
                return
            pause = FIRST_PAUSE if time.monotonic() - started > HEALTHY else pause
            self._say("warning", f"{self.spec.name} ended ({_cause(code)}); starting it again in {pause:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Asks the process to end, for good."""
        self._ending.set()
        if self._process:
            with suppress(ProcessLookupError):
                self._process.send_signal(how)

    async def _run(self, environment: Mapping[str, str]) -> int:
        ours, theirs = socket.socketpair()
        log, written = os.pipe()
        files = {"--supervised": theirs.fileno()}
        if self._listening:
            files["--socket"] = self._listening.fileno()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.spec.command,
                *(f"{option}={descriptor}" for option, descriptor in files.items()),
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                pass_fds=(*files.values(), *self._inherited),
                start_new_session=True,  # Ctrl-C at the terminal is the supervisor's alone
            )
        finally:
            theirs.close()
            os.close(written)
        if self._ending.is_set():  # asked to while it was being started
            self._process.kill()
        reading = asyncio.gather(self._hear(ours), self._read_log(log))
        try:
            return await self._process.wait()
        finally:
            with suppress(TimeoutError):  # a grandchild may hold the pipes open
                await asyncio.wait_for(reading, 0.3)

    async def _hear(self, line: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=line)
        try:
            while await reader.readline():
                self._say("info", f"{self.spec.name} is ready")
                if not self.ready.done():
                    self.ready.set_result(None)
        finally:
            writer.close()

    async def _read_log(self, pipe: int) -> None:
        reader = asyncio.StreamReader(limit=1 << 20)
        with os.fdopen(pipe, "rb", buffering=0) as file:
            await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
            async for raw in reader:
                self._keep_line(raw.decode(errors="replace").rstrip())

    def _keep_line(self, line: str) -> None:
        self._log.emit(logging.makeLogRecord({"msg": line}))
        level, text = read_line(line)
        self._words = [*self._words[-9:], text]
        if level in LOUD and isinstance(self._log, RotatingFileHandler):
            self._say(level, f"{self.spec.name}: {text}")

    def _last_words(self) -> str:
        said = [line for line in self._words if line.strip()]
        return said[-1] if said else "it said nothing"


def read_line(line: str) -> tuple[str, str]:
    """Tells the level and the words of one line of a log."""
    try:
        told = json.loads(line)
        level, event = told.pop("level"), told.pop("event")
    except (ValueError, KeyError, AttributeError, TypeError):
        return "info", line
    if str(told.get("logger", "")).startswith(LIBRARIES):
        level = "info"
    rest = " ".join(f"{name}={value}" for name, value in told.items() if name not in {"timestamp", "exception"})
    return level, f"{event} {rest}".strip()


def _log(logs: Path | None, name: str) -> logging.Handler:
    if logs is None:
        return logging.StreamHandler()
    logs.mkdir(parents=True, exist_ok=True)
    return RotatingFileHandler(logs / f"{name}.log", maxBytes=5_000_000, backupCount=2)


def _cause(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
