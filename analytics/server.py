"""The analytics process: loads the warehouse and shows what is in it, in one loop."""

import asyncio
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from signal import SIGINT, SIGTERM

import structlog
import uvicorn
from fastapi import FastAPI

from analytics import pages, watermark
from analytics.access import Tokens
from analytics.api.app import build
from analytics.api.services import Services, system_clock
from analytics.automation import Automation
from analytics.lag import HELD
from analytics.loading import Loading
from analytics.mending import Mender
from analytics.monitor import Monitor
from analytics.scraper import Scraper
from analytics.shards import configured
from analytics.warehouse import Warehouse, WarehouseError
from pipeline.broker import admin, hanging
from pipeline.broker.codes import Preview, no_preview
from pipeline.broker.writer import Writer
from pipeline.gateway.connections import Connection
from pipeline.settings import Settings
from pipeline.streams.app import Worker, WorkerError, worker

log = structlog.get_logger()

GRACE = 1
"""Seconds that requests under way have to end when the process stops."""

FILE = "arus.duckdb"

Ready = Callable[[str], None]


def serve(
    settings: Settings,
    on_ready: Ready | None = None,
    listener: socket.socket | None = None,
    preview: Preview = no_preview,
) -> int:
    """Runs until SIGTERM or SIGINT and gives the exit code; tells its address once it listens and loads.

    It shows what it has whether Kafka is there or not; /readyz tells which. `listener` is a port that is open already;
    `preview` tells what a code's meaning would change, as the rules of an order are not known here.
    """
    try:
        warehouse = Warehouse(settings.home / FILE, configured(settings), settings.analytics.memory_bytes)
        listener = listener or _listen(settings.api.host, settings.api.port)
    except (WarehouseError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201  # the one sentence that whoever started us must read
        return 1
    try:
        with listener:
            asyncio.run(_serve(settings, warehouse, listener, on_ready or (lambda _: None), preview))
    except WorkerError as error:
        log.error("analytics.failed", why=str(error))  # noqa: TRY400  # the sentence says it; a traceback would not
        return 1
    finally:
        warehouse.close()
    return 0


async def _serve(
    settings: Settings, warehouse: Warehouse, listener: socket.socket, on_ready: Ready, preview: Preview
) -> None:
    stop = _signalled()
    kafka = settings.kafka
    stages = watermark.stages(warehouse.shard.group)
    monitor = Monitor(partial(admin.connect, kafka), system_clock, partitions=kafka.partitions, stages=stages)
    scraper = Scraper(settings.api.gateways, system_clock)
    mender = Mender(lambda: monitor.view, partial(hanging.mend, kafka, HELD))
    for watching in (monitor, scraper, mender):
        watching.start()
    async with worker(warehouse.shard.job, (), settings, Loading(warehouse)) as running:
        tokens = Tokens(settings.home)
        writer = Writer(kafka)
        services = Services(
            settings,
            warehouse,
            tokens,
            monitor,
            loading=running.ready.is_set,
            scraper=scraper,
            writer=writer,
            preview=preview,
        )
        app = build(services)
        pages.join(app)
        server = _server(app)
        automation = asyncio.create_task(Automation(services).run())
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        telling = asyncio.create_task(_tell_ready(running, server, partial(on_ready, _address(listener))))
        try:
            await running.until(stop)
        finally:
            telling.cancel()
            automation.cancel()
            services.close()
            server.should_exit = True
    await serving
    writer.close()
    for watching in (monitor, scraper, mender):
        watching.stop()


class _Server(uvicorn.Server):
    """A server that leaves signals to us: streams must hear that it ends before it waits for them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def _server(app: FastAPI) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # addresses may hold tokens
            server_header=False,
            http=Connection,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=GRACE,
        )
    )


async def _tell_ready(running: Worker, server: _Server, tell: Callable[[], None]) -> None:
    """Tells once both halves work."""
    await running.ready.wait()
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event to wait for
        await asyncio.sleep(0.01)
    tell()


def _signalled() -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (SIGINT, SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        mend = "ARUS_API__HOST and ARUS_API__PORT set another place (port 0 = any free one)"
        raise OSError(f"the API cannot listen on {host}:{port}: {error.strerror}; {mend}") from error


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
