"""One job: a Faust app whose agents are ours."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import faust
import structlog
from aiokafka.errors import KafkaError
from faust.app.base import BootStrategy
from faust.transport.base import Transport
from mode import Service

from pipeline.broker.clients import client_options
from pipeline.settings import Settings
from pipeline.streams import metrics, tame
from pipeline.streams.agent import Agent, Sink
from pipeline.streams.kafka import Topics, faust_settings
from pipeline.streams.place import Place
from pipeline.streams.reading.consumer import BatchConsumer, BatchSchema, BatchTransport, Delivery
from pipeline.streams.reading.cursor import Partition
from pipeline.streams.state import ringing
from pipeline.streams.state.rows import PartitionRows
from pipeline.streams.state.tables import BatchTable, BatchTables
from pipeline.streams.work.lane import Lane
from pipeline.streams.work.line import Line
from pipeline.streams.work.sinking import SinkLine
from pipeline.streams.work.transactions import Transactions
from pipeline.streams.work.wire import Broken, Wire

log = structlog.get_logger("arus.streams")

SAY_AFTER = 5.0
GIVE_UP_AFTER = 180.0
"""Seconds after which a worker that waits for Kafka starts anew: some of aiokafka's waits never end (#175, #523)."""

SETTLE_SECONDS = 1.5
"""How long transactions under way may take to come to their end before a rebalance; then they are left to the fence."""


class Boot(BootStrategy):  # type: ignore[misc]
    """Starts neither Faust's producer nor its web server."""

    enable_kafka_producer = False
    enable_web = False


class JobApp(faust.App):  # type: ignore[misc]
    """The app of a job: it feeds lanes, owns their producers and rows, and fences at every assignment."""

    BootStrategy = Boot
    transacting: ClassVar[type[Transactions]] = Transactions
    consumer: BatchConsumer

    def __init__(  # noqa: PLR0913, PLR0917  # one caller: Worker
        self,
        job: str,
        agents: Sequence[Agent],
        settings: Settings,
        place: Place,
        letters: str,
        sink: Sink | None = None,
    ) -> None:
        tables = any(agent.table for agent in agents)
        super().__init__(TableManager=BatchTables, **faust_settings(job, settings, place, tables=tables))
        self.job, self.ours, self.settings, self.letters = job, tuple(agents), settings, letters
        self.on_ready: Callable[[], None] = lambda: None
        self.options = client_options(settings.kafka)
        self.partitions = Topics(self.options)
        self.halted = asyncio.Event()
        self.slots = {agent.name: asyncio.Semaphore(settings.streams.lanes) for agent in agents}
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._transactions: dict[tuple[str, int], Transactions] = {}
        self._wire = Wire(self.options)
        self.fenced: set[int] = set()
        self._tables: dict[str, BatchTable] = {}
        self._began = time.monotonic()
        self._sweeper = tame.Sweeper()
        self._sink: SinkLine | None = None
        for agent in agents:
            self._declare(agent)
        if sink:
            self._sink = SinkLine(self, sink)
            self._read(sink.name, sink.topics, self._sink.put)

    def _new_transport(self) -> Transport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _declare(self, agent: Agent) -> None:
        if agent.table is not None:
            self._tables[agent.name] = self.tables.add(BatchTable(self, agent.table, self.conf.topic_partitions))

        def put(delivery: Delivery) -> None:
            self.lane(agent, delivery.run.tp.partition).put(delivery)

        self._read(agent.name, agent.topics, put)

    def lane(self, agent: Agent, number: int) -> Lane:
        """Gives an agent's lane of a partition."""
        at = agent.name, number
        if at not in self._lanes:
            self._lanes[at] = Lane(self, agent, number)
        return self._lanes[at]

    def _read(self, name: str, topics: tuple[str, ...], put: Callable[[Delivery], None]) -> None:
        """Declares the Faust agent whose stream feeds lanes."""

        async def work(stream: Any) -> None:  # noqa: ANN401
            stream.enable_acks = False  # Faust's Cython iterator acks by itself, whatever Consumer.ack says
            async for event in stream.events():
                run = event.message.run
                if self.halted.is_set() or not self.consumer.chains.claim(run):
                    self.consumer.finish(run, done=False)
                else:
                    put(event.message)

        self.agent(self.topic(*topics, schema=BatchSchema()), name=name)(work)

    # ---- work

    def line_ended(self, task: asyncio.Task[None]) -> None:
        """A line that fell over takes the worker with it: a silent one would stand still for ever."""
        if not task.cancelled() and (error := task.exception()):
            self.add_future(self.crash(error))

    def rows(self, agent: Agent, number: int) -> PartitionRows[Any] | None:
        """Gives the rows that an agent has in a partition; None if it keeps no table."""
        table = self._tables.get(agent.name)
        return None if table is None else table.rows(number)

    def transactions(self, agent: Agent, number: int) -> Transactions:
        """Gives the producer of an agent and partition, as it was fenced."""
        found = self._transactions.get((agent.name, number))
        if found is None or number not in self.fenced:
            raise Broken(f"{agent.name} does not own partition {number}")
        return found

    @Service.task  # type: ignore[untyped-decorator]
    async def _watch(self) -> None:
        """Looks once a second: sweeps, tells when Kafka lets us wait, and gives up what will never end."""
        told = 0.0
        while not self.should_stop:
            await self.sleep(1.0)
            now, begun = time.monotonic(), [line.since for line in self._lines() if line.since]
            since = min([*begun, *([self._began] if self.rebalancing else [])], default=now)
            self._sweeper.sweep(idle=not begun)
            if self.partitions.missing:
                with contextlib.suppress(KafkaError):
                    await self.partitions.learn()
            if now - since > SAY_AFTER and now - told > SAY_AFTER:
                told = now
                log.warning("worker.waiting", job=self.job, why=self._why_waiting(), seconds=round(now - since))
            if now - since > GIVE_UP_AFTER and not self.in_recovery:
                await self.crash(RuntimeError(f"{self._why_waiting()} for {GIVE_UP_AFTER:.0f} s"))

    @Service.task  # type: ignore[untyped-decorator]
    async def _ring(self) -> None:
        await ringing.ring(self, [agent for agent in self.ours if agent.ring])

    def _why_waiting(self) -> str:
        return "partitions are being assigned" if self.rebalancing else "Kafka does not end a transaction"

    # ---- rebalances

    def on_rebalance_start(self) -> None:
        """As Faust's, and counts."""
        super().on_rebalance_start()
        self._began = time.monotonic()

    def _lines(self) -> list[Line]:
        return [*self._lanes.values(), *([self._sink] if self._sink else [])]

    async def settle(self) -> None:
        """Stops the lanes: what is under way may end, what waits is read again by whoever gets it."""
        self.halted.set()
        tasks = [line.task for line in self._lines() if line.task and not line.task.done()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=SETTLE_SECONDS)
            for task in late:
                task.cancel()
            if late:
                log.warning("transaction.left", count=len(late), why="Kafka did not end them in time; the fence will")
                await asyncio.wait(late, timeout=SETTLE_SECONDS)
        self._lanes.clear()
        self.fenced.clear()
        for table in self._tables.values():
            table.forget()

    async def fence(self, numbers: set[int]) -> None:
        """Starts the producers of these partitions anew, once in an assignment: former owners are kept out."""
        numbers = numbers - self.fenced
        begun = [self._new(agent, number) for agent in self.ours for number in sorted(numbers)]
        if begun:
            await self._wire_up()
        await asyncio.gather(*(transactions.start() for transactions in begun))
        self.fenced |= numbers

    async def _wire_up(self) -> None:
        while True:
            try:
                await self._wire.open()
            except KafkaError as error:
                log.warning("worker.waiting", job=self.job, why=f"Kafka does not answer: {error}")
                await asyncio.sleep(0.5)
            else:
                return

    def _new(self, agent: Agent, number: int) -> Transactions:
        name, group = f"{self.conf.id}.{agent.name}.{number}", self.conf.id
        made = self._transactions[agent.name, number] = self.transacting(name, group, self._wire)
        return made

    async def start_offsets(self, tps: list[Partition]) -> dict[Partition, int]:
        """Gives the offsets that are kept outside Kafka: where there is a sink, it alone knows where it stands."""
        if self._sink is None:
            return {}
        kept = await self._sink.start_offsets()
        return {tp: kept.get((tp.topic, tp.partition), 0) for tp in tps}

    def rejoin(self) -> None:
        """Has everything assigned, fenced and recovered anew: a producer can no longer be trusted."""
        self.consumer.rejoin()

    def on_rebalance_end(self) -> None:
        """As Faust's, and lets the lanes work."""
        super().on_rebalance_end()
        self._sweeper.sweep_all()
        self.halted.clear()
        self.consumer.nudge()
        seconds = time.monotonic() - self._began
        metrics.REBALANCES.labels(self.job).inc()
        metrics.RECOVERY.labels(self.job).set(seconds)
        log.info(
            "worker.assigned", job=self.job, partitions=len(self.consumer.chains.cursors), seconds=round(seconds, 3)
        )
        self.on_ready()

    async def on_stop(self) -> None:
        """As Faust's, and lets the producers go."""
        await super().on_stop()
        await self._wire.close()

    async def idle(self) -> None:
        """Waits until the sink's thread is through with what it writes: it cannot be stopped."""
        if self._sink:
            await self._sink.idle()
