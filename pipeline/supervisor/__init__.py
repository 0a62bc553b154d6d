"""`arus up`: a Kafka if none is named, the topics, and every process of Arus, kept alive and ended together."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from pipeline.broker import BrokerError
from pipeline.broker.embedded import EmbeddedKafka
from pipeline.settings import Api, Gateway, Settings, SettingsError, environment
from pipeline.sources.apis import api_of
from pipeline.supervisor.child import FIRST_PAUSE, LONGEST_PAUSE, Spec
from pipeline.supervisor.crew import Crew, Stop
from pipeline.supervisor.running import Place, Running
from pipeline.supervisor.threads import in_thread

ARUS = (sys.executable, "-m", "pipeline.cli")
CHILDREN = (
    Spec("gateway", (*ARUS, "gateway"), serves="gateway"),
    Spec("intake", (*ARUS, "agents", "intake")),
    Spec("tracking", (*ARUS, "agents", "tracking")),
    Spec("stock", (*ARUS, "agents", "stock")),
    Spec("promises", (*ARUS, "agents", "promises")),
    Spec("endpoints", (*ARUS, "notify")),
    Spec("analytics", (*ARUS, "analytics"), serves="api"),
)
"""The processes of one Arus; each may be killed and comes back."""
COMPLETION = Spec("completion", (*ARUS, "complete"))


def children_of(settings: Settings) -> Sequence[Spec]:
    """Gives the processes that these settings need: senders are asked only where there are credentials."""
    return (*CHILDREN, COMPLETION) if any(map(api_of, settings.accounts)) else CHILDREN


BROKER_GRACE = 1.3
"""Seconds for Kafka to end in good order; with those of the others less than five."""


class Show(Protocol):
    """Whoever tells a person what happens."""

    def say(self, level: str, text: str) -> None:
        """Tells one line; below `warning` only to those who want to know."""

    def progress(self, done: int, total: int, text: str) -> None:
        """Tells how far a long piece of work is; a total of 0 is unknown."""


class Supervisor:
    """One run of everything in one home."""

    def __init__(
        self,
        settings: Settings,
        show: Show,
        prepare: Callable[[Settings], None],
        children: Sequence[Spec] | None = None,
    ) -> None:
        """`prepare` is called once Kafka answers, in a thread: it makes or checks the topics."""
        self._settings, self._show, self._prepare = settings, show, prepare
        self._specs = children_of(settings) if children is None else children
        self._broker: EmbeddedKafka | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._sockets: dict[str, socket.socket] = {}

    async def run(self, on_ready: Callable[[Running], Awaitable[None]]) -> None:
        """Starts everything, calls `on_ready`, and ends everything at a signal, or when either of them fails."""
        place = Place(self._settings.home)
        crew = Crew(self._show.say, self._settings.home / "logs", place.acquire())
        stop = Stop()
        try:
            running = await stop.unless(self._start(crew, stop))
            if running:
                place.tell(running)
                await stop.unless(on_ready(running))
                await stop.wait()
        finally:
            await self._end(crew)
            place.release()

    async def _start(self, crew: Crew, stop: Stop) -> Running:
        sockets = self._sockets
        sockets["gateway"] = _listen("gateway", self._settings.gateway)
        sockets["api"] = _listen("api", self._settings.api)
        bootstrap = self._settings.kafka.bootstrap_servers or await self._start_broker(stop)
        kafka = self._settings.kafka.model_copy(update={"bootstrap_servers": bootstrap})
        await in_thread(self._prepare, self._settings.model_copy(update={"kafka": kafka}))
        running = Running(bootstrap, _url(sockets["gateway"]), _url(sockets["api"]))
        self._show.progress(0, 0, "starting " + ", ".join(spec.name for spec in self._specs))
        for spec in self._specs:
            crew.start(spec, self._environment(running), sockets.get(spec.serves))
        await crew.ready()
        return running

    async def _start_broker(self, stop: Stop) -> str:
        self._show.progress(0, 0, "starting Kafka")
        self._broker = EmbeddedKafka.of(self._settings, self._fetching)
        await in_thread(self._broker.start)
        self._keeper = asyncio.create_task(self._keep(self._broker, stop))
        return self._broker.bootstrap

    def _fetching(self, done: int, total: int, text: str) -> None:
        """Says what the files are for that the broker fetches, once on a machine."""
        named = f"fetching Kafka, once: {done >> 20} of {total >> 20} MB, {text}" if text.endswith(".jar") else text
        self._show.progress(done, total, named)

    async def _keep(self, broker: EmbeddedKafka, stop: Stop) -> None:
        pause = FIRST_PAUSE
        while not await stop.within(pause):
            if broker.pid is not None:
                continue
            self._show.say("warning", "Kafka ended; starting it again")
            try:
                await in_thread(broker.start)
                pause = FIRST_PAUSE
            except BrokerError as error:
                pause = min(2 * pause, LONGEST_PAUSE)
                self._show.say("error", f"{error}; trying again in {pause:g} s")

    async def _end(self, crew: Crew) -> None:
        """Ends every process, Kafka last."""
        for listening in self._sockets.values():
            listening.close()
        await crew.end()
        if self._keeper:
            self._keeper.cancel()
        if self._broker:
            await _end_broker(self._broker)

    def _environment(self, running: Running) -> Mapping[str, str]:
        return environment(
            ARUS_HOME=str(self._settings.home.absolute()),
            ARUS_KAFKA__BOOTSTRAP_SERVERS=running.bootstrap,
            ARUS_API__GATEWAYS=f'["{running.gateway}"]',
            ARUS_ENDPOINTS__PRIVATE=str(self._settings.endpoints.private),
        )


async def _end_broker(broker: EmbeddedKafka) -> None:
    """Ends Kafka in good order, or as a crash would when that takes too long: it is made for that."""
    stopping = asyncio.ensure_future(in_thread(broker.stop))
    done, _ = await asyncio.wait((stopping,), timeout=BROKER_GRACE)
    if not done and (pid := broker.pid):
        os.kill(pid, signal.SIGKILL)
    await stopping


def _listen(section: str, where: Gateway | Api) -> socket.socket:
    """Takes the address for a child. It stays open while the child restarts, so callers wait and none is refused.

    Raises SettingsError when somebody else has it.
    """
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    try:
        return socket.create_server((where.host, where.port), backlog=512, family=family)
    except OSError as error:
        what = f"{section}.port: {where.host}:{where.port} cannot be taken ({error.strerror})"
        raise SettingsError(f"{what}; ARUS_{section.upper()}__PORT=0 takes a free one") from error


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # to be reached, not to bind
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
