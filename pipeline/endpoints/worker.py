"""The process that sends to endpoints: makes a message of each notice that is for one, and a line for each seller."""

import asyncio
import random
import signal
import ssl
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import msgspec
import structlog
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaError

from pipeline import codec
from pipeline.broker import BrokerError
from pipeline.broker.clients import client_options
from pipeline.endpoints import metrics, schedule
from pipeline.endpoints.known import READ, STANDINGS, Known
from pipeline.endpoints.line import CROWDED, Line
from pipeline.endpoints.posting import Poster
from pipeline.endpoints.reader import ASKING, SENDINGS, Reader
from pipeline.endpoints.schedule import Outcome
from pipeline.ready import ReadyFile
from pipeline.settings import Settings
from pipeline.streams.kafka import Topics
from pipeline.streams.logs import thin_out
from pipeline.streams.metrics import served
from schemas.endpoints import Sending, Standing, Wish, audience_of, sending_id
from schemas.messages import texts_of
from schemas.notices import Notice

LOOKING_UP = 64
"""Names of endpoints that may be looked up at one time: a silent name server must not make the others wait."""

NEEDED = (*READ, *ASKING, SENDINGS, "dead-letters")
"""Topics that must be as the settings say; the last one grows last, see growing/checks.py."""

PATIENCE = 20.0
"""Seconds in which Kafka must have let us in: some of aiokafka's waits never end (#175, #523); a new start mends it."""

_notice = msgspec.json.Decoder(Notice).decode
_wish = msgspec.json.Decoder(Wish).decode

log = structlog.get_logger("endpoints")


def run(settings: Settings, on_ready: Callable[[], None]) -> int:
    """Runs until SIGTERM or SIGINT and gives the exit code."""
    try:
        client_options(settings.kafka)
    except BrokerError as error:
        print(error, file=sys.stderr)  # noqa: T201  # the one sentence that whoever started us must read
        return 1
    thin_out()
    return asyncio.run(_run(settings, on_ready))


async def _run(settings: Settings, on_ready: Callable[[], None]) -> int:
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(LOOKING_UP))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    file = ReadyFile(settings.home, "endpoints")
    file.remove()

    def ready() -> None:
        file.write()
        on_ready()

    with served(settings.streams):
        worker = Worker(settings, _now)
        try:
            await worker.work(stopping, ready)
        except (KafkaError, OSError) as error:
            log.warning("endpoints.kafka_lost", error=repr(error))
            return 1
        finally:
            file.remove()
    return int(worker.is_broken)


def _now() -> int:
    return time.time_ns() // 1_000_000


class Worker:
    """One process; several share the partitions."""

    def __init__(self, settings: Settings, clock: Callable[[], int]) -> None:
        self._settings, self.clock = settings, clock
        self._known = Known(settings.kafka)
        self._lines: dict[str, Line] = {}
        self._posters: dict[str, Poster] = {}
        self._tls = ssl.create_default_context()
        self._stopping = asyncio.Event()
        self.endpoint, self.standing = self._known.endpoint, self._known.standing
        self.dice = random.random
        self.is_broken = False
        """Whether it ended because something broke: whoever supervises it starts it anew."""

    async def work(self, stopping: asyncio.Event, on_ready: Callable[[], None]) -> None:
        """Works until it shall stop; what is under way then is tried again by the next start."""
        self._stopping = stopping
        async with AsyncExitStack() as stack:
            self._producer = AIOKafkaProducer(
                **client_options(self._settings.kafka), client_id="arus-endpoints", acks="all", enable_idempotence=True
            )
            stack.push_async_callback(self._producer.stop)
            stack.push_async_callback(self._known.close)
            async with asyncio.timeout(PATIENCE):
                topics = Topics(client_options(self._settings.kafka))
                await topics.learn()
                if problem := topics.problem(NEEDED, self._settings.kafka.partitions):
                    log.error("endpoints.failed", why=problem)
                    self.is_broken = True
                    return
                await self._producer.start()
                await self._known.open()
            following = asyncio.create_task(self._known.follow())
            following.add_done_callback(self._ended)
            stack.callback(following.cancel)
            reader = Reader(self._settings.kafka, self._take, self._begin, self._forget)
            await reader.start(stopping)
            stack.push_async_callback(reader.stop)
            stack.push_async_callback(self._end)
            told, began = False, time.monotonic()

            def tick() -> None:
                nonlocal told
                if not told and time.monotonic() - began > 2 * PATIENCE:
                    raise TimeoutError(f"Kafka gave no partitions within {2 * PATIENCE:.0f} s")
                metrics.WAITING.set(sum(map(len, self._lines.values())))
                if reader.is_ready and not told:
                    told = True
                    on_ready()

            await reader.read(stopping, each_round=tick)

    # ---- what lines work with

    async def keep(self, partition: int, sending: Sending) -> None:
        """Returns when Kafka has it."""
        value, key = codec.encode(sending), sending.sending_id.encode()
        await self._producer.send_and_wait(SENDINGS, value, key=key, partition=partition)
        metrics.ATTEMPTS.labels(sending.state).inc()

    async def stand(self, standing: Standing) -> None:
        """Returns when Kafka has it; it is known to this process at once."""
        key, value = audience_of(standing.seller_id).encode(), codec.encode(standing)
        self._known.take(STANDINGS, key, value)
        log.info("endpoints.standing", seller=standing.seller_id, paused=bool(standing.paused_at), why=standing.why)
        await self._producer.send_and_wait(STANDINGS, value, key=key)

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        """Sends a message once."""
        if url not in self._posters:
            self._posters[url] = Poster(self._tls, private=self._settings.endpoints.private)
        return await self._posters[url].post(url, headers, body)

    # ---- what the reader hears

    async def _take(self, partition: int, records: list[ConsumerRecord]) -> list[Sending]:
        """Keeps a message for each record that asks for one, and gives those that wait to be sent."""
        made = [sending for record in records if (sending := await self._asked(record))]
        written = [
            await self._producer.send(SENDINGS, codec.encode(m), key=m.sending_id.encode(), partition=partition)
            for m in made
        ]
        await asyncio.gather(*written)
        return [sending for sending in made if sending.state == "waiting"]

    def _begin(self, partition: int, waiting: list[Sending]) -> None:
        for sending in waiting:
            self._line(sending.seller_id).add(partition, sending)

    def _forget(self, partition: int) -> None:
        for line in self._lines.values():
            line.forget(partition)

    async def _asked(self, record: ConsumerRecord) -> Sending | None:
        """Gives the message that a record asks for; None where it asks for none, or nobody can read it."""
        by = (record.topic, record.offset)
        try:
            if record.topic == "notices":
                return self._of_notice(_notice(record.value), record.timestamp, by)
            wish = _wish(record.value)
        except (msgspec.MsgspecError, TypeError):
            log.warning("endpoints.unreadable", topic=record.topic, partition=record.partition, offset=record.offset)
            return None
        if wish.what == "resume" and self.standing(wish.seller_id).paused_at <= wish.asked_at:
            await self.stand(Standing(wish.seller_id, changed_at=self.clock()))
        return self._sending(wish.seller_id, wish.notice, by) if wish.notice else None

    def _of_notice(self, notice: Notice, told_at: int, by: tuple[str, int]) -> Sending | None:
        role, _, who = notice.audience.partition(":")
        seller_id = who if role == "seller" else notice.seller_id
        endpoint = self.endpoint(seller_id)
        if not endpoint.url or told_at < endpoint.since:
            return None
        if role == "buyer" and not (notice.kind in endpoint.messages and texts_of(notice)):
            return None
        return self._sending(seller_id, notice, by)

    def _sending(self, seller_id: str, notice: Notice, by: tuple[str, int]) -> Sending:
        made = Sending(sending_id(notice.notice_id), seller_id, notice, due=self.clock(), asked_by=by)
        return schedule.missed(made, CROWDED) if self._line(seller_id).is_full else made

    def _line(self, seller_id: str) -> Line:
        if seller_id not in self._lines:
            self._lines[seller_id] = Line(seller_id, self, self._ended)
        return self._lines[seller_id]

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            log.error("endpoints.broken", exc_info=error)
            self.is_broken = True
            self._stopping.set()

    async def _end(self) -> None:
        for line in self._lines.values():
            line.end()
        for poster in self._posters.values():
            await poster.close()
