"""The worker of a job: `run` as a process of its own, `worker` inside another program's loop."""

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from mode.threads import WorkerThread

from pipeline.broker.clients import client_options
from pipeline.logs import configure
from pipeline.ready import ReadyFile
from pipeline.settings import Settings
from pipeline.stopping import MustStop
from pipeline.streams import logs, metrics, place, tame
from pipeline.streams.agent import Agent, Sink
from pipeline.streams.job import JobApp
from pipeline.streams.kafka import Topics

log = structlog.get_logger("arus.streams")

STOP_SECONDS = 4.0
SAY_AGAIN = 5.0


class WorkerError(Exception):
    """The worker cannot work; the message says why and what helps."""


def run(job: str, agents: Sequence[Agent], settings: Settings, *, letters: str = "dead-letters") -> int:
    """Works until SIGTERM or Ctrl-C. Gives the exit code: 0 stopped as asked, 1 a problem that was told."""
    if not structlog.is_configured():
        configure(settings.log_level)
    code, loop = 0, asyncio.new_event_loop()
    try:
        with tame.collector(), metrics.served(settings.streams):
            loop.run_until_complete(_run(job, agents, settings, letters))
    except WorkerError as error:
        log.critical("worker.failed", job=job, why=str(error))
        code = 1
    if not _is_finished(loop):
        os._exit(code)
    loop.close()
    return code


async def _run(job: str, agents: Sequence[Agent], settings: Settings, letters: str) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.set_exception_handler(_told)
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, stop.set)
    async with worker(job, agents, settings, letters=letters, restart=False) as running:
        await running.until(stop)
        log.info("worker.stopping", job=job)
    log.info("worker.stopped", job=job)


def _told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Passes on what asyncio has to say, but not that nobody asked for a future of aiokafka: a lane has told it."""
    if not isinstance(context.get("exception"), KafkaError):
        loop.default_exception_handler(context)


def _is_finished(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether nothing is left that would keep the process.

    Faust's thread is no daemon: if it hangs, for want of Kafka's answer, the process would never end.
    """
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        _, left = loop.run_until_complete(asyncio.wait(left, timeout=STOP_SECONDS / 4))
    return not left and not any(isinstance(thread, WorkerThread) for thread in threading.enumerate())


class Worker:
    """A worker that has been started."""

    def __init__(  # noqa: PLR0913  # its callers are below
        self,
        job: str,
        agents: Sequence[Agent],
        settings: Settings,
        sink: Sink | None,
        letters: str,
        *,
        restart: bool,
    ) -> None:
        self.job, self._agents, self._settings, self._sink, self._letters = job, agents, settings, sink, letters
        self._topics = {topic for agent in agents for topic in agent.topics} | set(sink.topics if sink else ())
        self._restart = restart
        self.ready = asyncio.Event()
        self._file = ReadyFile(settings.home, job)

    async def until(self, stop: asyncio.Event) -> None:
        """Waits until asked to stop. Raises WorkerError if the work came to an end before."""
        asked = asyncio.ensure_future(stop.wait())
        await asyncio.wait({asked, self._task}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if self._task.done():
            await self._task

    def begin(self) -> None:
        """Starts to work."""
        logs.thin_out()
        self._not_ready()
        self._task = asyncio.ensure_future(self._work())

    async def end(self) -> None:
        """Stops in good order."""
        self._not_ready()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, WorkerError):
            await self._task

    async def _work(self) -> None:
        with place.take(self._settings.home / "tables" / self.job, self._topics) as where:
            rest = 1.0
            while True:
                try:
                    await self._work_at(where)
                except WorkerError as error:
                    self._not_ready()
                    if not self._restart:
                        raise
                    log.error("worker.failed", job=self.job, why=str(error), again_in=rest)  # noqa: TRY400  # it says all
                    await asyncio.sleep(rest)
                    rest = min(2 * rest, 30.0)

    async def _work_at(self, where: place.Place) -> None:
        """Works until something breaks. Raises WorkerError."""
        log.info("worker.starting", job=self.job, pid=os.getpid(), instance=where.instance)
        topics = await self._reach()
        self._check(topics)
        app = JobApp(self.job, self._agents, self._settings, where, self._letters, self._sink)
        app.partitions, app.on_ready = topics, self._is_ready
        try:
            await app.start()
            await app.wait_until_stopped()
        except Exception as error:  # whatever Faust or aiokafka could not handle
            raise WorkerError(f"{type(error).__name__}: {error}") from error
        finally:
            await self._stop(app)
        if isinstance(app.crash_reason, MustStop):
            raise WorkerError(str(app.crash_reason))
        raise WorkerError(f"the stream broke: {app.crash_reason!r}")

    async def _stop(self, app: JobApp) -> None:
        try:
            await asyncio.wait_for(asyncio.shield(app.stop()), STOP_SECONDS)
        except Exception as error:  # noqa: BLE001  # a stop that fails must not hide why we stop
            log.warning("worker.stuck", job=self.job, why=repr(error))
        await app.idle()

    async def _reach(self) -> Topics:
        """Waits for Kafka; gives its topics."""
        told, topics = 0.0, Topics(client_options(self._settings.kafka))
        while True:
            try:
                await topics.learn()
            except (KafkaError, OSError) as error:
                if time.monotonic() - told > SAY_AGAIN:
                    told, servers = time.monotonic(), self._settings.kafka.bootstrap_servers
                    log.warning("worker.waiting", job=self.job, why=f"Kafka at {servers} does not answer: {error}")
                await asyncio.sleep(0.25)
            else:
                return topics

    def _check(self, topics: Topics) -> None:
        tables = {agent.table.changelog for agent in self._agents if agent.table}
        if problem := topics.problem(self._topics | tables | {self._letters}, self._settings.kafka.partitions):
            raise WorkerError(problem)

    def _not_ready(self) -> None:
        self.ready.clear()
        self._file.remove()

    def _is_ready(self) -> None:
        if not self.ready.is_set():
            self.ready.set()
            self._file.write()
            log.info("worker.ready", job=self.job, pid=os.getpid())


@asynccontextmanager
async def worker(  # noqa: PLR0913  # the last two are for tests and for `run`
    job: str,
    agents: Sequence[Agent],
    settings: Settings,
    sink: Sink | None = None,
    *,
    letters: str = "dead-letters",
    restart: bool = True,
) -> AsyncIterator[Worker]:
    """Runs a worker beside other things in this loop.

    It works from here on, and begins again by itself when something breaks; `ready` tells when it has its state.
    """
    running = Worker(job, agents, settings, sink, letters, restart=restart)
    running.begin()
    try:
        yield running
    finally:
        await running.end()
