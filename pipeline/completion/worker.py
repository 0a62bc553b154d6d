"""The process that completes: reads webhooks.received, and has a desk for each account that has credentials."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from functools import partial

import httpx
import structlog
from aiokafka import ConsumerRecord

from pipeline import sources
from pipeline.broker import BrokerError
from pipeline.broker.clients import client_options
from pipeline.completion import standing
from pipeline.completion.client import PATIENCE
from pipeline.completion.desk import Desk
from pipeline.completion.memory import Memory
from pipeline.completion.questions import ANSWERS, Questions, read_places
from pipeline.completion.reader import Reader
from pipeline.gateway.producer import Producer
from pipeline.settings import Settings, SettingsError
from pipeline.sources.apis import api_of, reconcile_every
from pipeline.sources.apis.api import Ask
from pipeline.sources.source import Untranslatable
from pipeline.streams.logs import thin_out
from pipeline.streams.metrics import served
from schemas.deliveries import Delivery

AT_ONCE = 4
"""Questions to one account that may be under way at one time."""

log = structlog.get_logger("completion")


def run(settings: Settings, on_ready: Callable[[], None]) -> int:
    """Runs until SIGTERM or SIGINT and gives the exit code."""
    try:
        _check(settings)
    except (SettingsError, BrokerError) as error:
        print(error, file=sys.stderr)  # noqa: T201  # the one sentence that whoever started us must read
        return 1
    thin_out()
    asyncio.run(_run(settings, on_ready))
    return 0


def _check(settings: Settings) -> None:
    sources.check(settings)
    client_options(settings.kafka)
    if not any(map(api_of, settings.accounts)):
        raise SettingsError("no account has credentials of its sender's API: arus.toml names them in [accounts.api]")


async def _run(settings: Settings, on_ready: Callable[[], None]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    with served(settings.streams):
        await Worker(settings, _now).work(stopping, on_ready)


def _now() -> int:
    return time.time_ns() // 1_000_000


class Worker:
    """One process; several share the partitions, and on one machine also the tokens."""

    def __init__(self, settings: Settings, clock: Callable[[], int]) -> None:
        self._settings, self._clock = settings, clock
        self._questions = Questions()
        self._begun = asyncio.Event()
        self._desks: dict[str, Desk] = {}

    async def work(self, stopping: asyncio.Event, on_ready: Callable[[], None]) -> None:
        """Works until it shall stop; a question under way is then left to the next start."""
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE))
            producer = Producer(self._settings.kafka)
            producer.start()
            stack.push_async_callback(producer.stop)
            self._desks = {desk.name: desk for desk in self._open(http, producer)}
            reader = Reader(self._settings.kafka, self._questions, self._note, self._begun)
            await reader.start(stopping)
            stack.push_async_callback(reader.stop)
            tasks = [asyncio.create_task(work) for work in self._work()]
            for task in tasks:
                stack.callback(task.cancel)
                task.add_done_callback(partial(_broken, stopping))
            on_ready()
            await reader.read(stopping, each_second=self._measure)

    def _open(self, http: httpx.AsyncClient, producer: Producer) -> Iterable[Desk]:
        for account in filter(api_of, self._settings.accounts):
            memory = Memory(self._settings.home, account)
            yield Desk(account, memory=memory, http=http, questions=self._questions, keeper=producer, clock=self._clock)

    def _work(self) -> Iterable["asyncio._CoroutineLike[None]"]:
        for desk in self._desks.values():
            yield from (desk.work(self._begun) for _ in range(AT_ONCE))
            if every := reconcile_every(desk.account):
                yield desk.reconcile(self._begun, every)

    def _measure(self) -> None:
        standing.write(self._settings.home, [desk.stand() for desk in self._desks.values()])

    def _note(self, record: ConsumerRecord) -> None:
        """Takes note of one record; what cannot be read asks nothing, and intake buries it."""
        place = (record.partition, record.offset)
        name = "/".join((record.key or b"").decode(errors="replace").split("/", 2)[:2])
        desk = self._desks.get(name)
        if desk is None:
            return self._questions.read(place)
        try:
            delivery = Delivery.read(
                record.key, record.value or b"", dict(record.headers), at=(*place, record.timestamp)
            )
            asks = desk.api.asks(delivery)
        except (ValueError, Untranslatable):
            return self._questions.read(place)
        if delivery.asked:
            self._questions.answered(name, Ask.read(delivery.asked), read_places(delivery.headers.get(ANSWERS, "")))
        return self._questions.read(place, name, asks)


def _broken(stopping: asyncio.Event, task: "asyncio.Task[None]") -> None:
    """Ends the process when one of its tasks broke: whoever supervises it starts it anew."""
    if not task.cancelled() and (error := task.exception()):
        log.error("completion.broken", exc_info=error)
        stopping.set()
