"""Commands that run: everything at once, or one process of it."""

import asyncio
import socket as sockets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.output import Json, console, load, print_json
from pipeline.cli.progress import Progress
from pipeline.ready import ReadyFile

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.supervisor.running import Running

Supervised = Annotated[int, typer.Option(hidden=True, help="Open file of the line to the supervisor.")]
Socket = Annotated[int, typer.Option(hidden=True, help="Open file of the socket that listens already.")]


def up(*, json: Json = False) -> None:
    """Starts everything in this home and keeps it alive until Ctrl-C.

    Without ARUS_KAFKA__BOOTSTRAP_SERVERS it brings its own Kafka, for this machine alone.

    Example: `ARUS_GATEWAY__PORT=0 arus up --json`
    """
    from pipeline.supervisor import Supervisor

    settings = load()
    with Progress(quiet=json) as progress:

        async def ready(running: "Running") -> None:
            progress.done()
            _tell(running, _operator_token(settings), as_json=json)

        asyncio.run(Supervisor(settings, progress, prepare_topics).run(ready))


def gateway(supervised: Supervised = -1, socket: Socket = -1) -> None:
    """Takes in webhooks: verifies, keeps, answers.

    Example: `ARUS_KAFKA__BOOTSTRAP_SERVERS=kafka-1:9092 ARUS_GATEWAY__HOST=0.0.0.0 arus gateway`
    """
    from pipeline.gateway.server import serve

    settings = _with_kafka()
    raise typer.Exit(serve(settings, _ready(supervised), _listening(socket)))


def agents(
    jobs: Annotated[
        list[str] | None, typer.Argument(help="intake, tracking, stock, promises; without any, each of them.")
    ] = None,
    supervised: Supervised = -1,
) -> None:
    """Runs the agents of one job, or of all jobs in processes of their own.

    Example: `arus agents tracking`
    """
    from agents.worker import JOBS
    from pipeline.streams import app
    from pipeline.supervisor import ARUS
    from pipeline.supervisor.child import Spec
    from pipeline.supervisor.crew import keep

    for unknown in set(jobs or ()) - JOBS.keys():
        raise typer.BadParameter(f"no job {unknown!r}; there are {', '.join(JOBS)}")
    settings = _with_kafka()
    if jobs is not None and len(jobs) == 1:
        when_ready(settings.home, jobs[0], _ready(supervised))
        raise typer.Exit(app.run(jobs[0], JOBS[jobs[0]](settings), settings))
    specs = [Spec(job, (*ARUS, "agents", job)) for job in jobs or JOBS]
    asyncio.run(keep(specs, Progress().say))


def analytics(supervised: Supervised = -1, socket: Socket = -1) -> None:
    """Loads the warehouse and serves the API and the pages.

    Example: `ARUS_API__PORT=8080 arus analytics`
    """
    from analytics.server import serve
    from pipeline.cli.codes import preview

    settings = _with_kafka()
    raise typer.Exit(serve(settings, _ready(supervised), _listening(socket), preview))


def complete(supervised: Supervised = -1) -> None:
    """Asks senders for what their thin webhooks leave out, where arus.toml has credentials of their API.

    Example: `ARUS_KAFKA__BOOTSTRAP_SERVERS=kafka-1:9092 arus complete`
    """
    from pipeline.completion.worker import run

    raise typer.Exit(run(_with_kafka(), _ready(supervised)))


def notify(supervised: Supervised = -1) -> None:
    """Sends what sellers' inboxes are told to their own endpoints, as signed Standard Webhooks.

    Example: `ARUS_KAFKA__BOOTSTRAP_SERVERS=kafka-1:9092 arus notify`
    """
    from pipeline.endpoints.worker import run

    raise typer.Exit(run(_with_kafka(), _ready(supervised)))


def prepare_topics(settings: "Settings") -> None:
    """Makes the topics that are not there yet, and checks the others."""
    from pipeline.broker import BrokerError, admin

    with admin.connect(settings.kafka) as kafka:
        kafka.create_topics()
        problems = kafka.check_topics()
    if problems:
        raise BrokerError("\n".join(problems))


def _with_kafka() -> "Settings":
    from pipeline.supervisor.running import with_kafka

    return with_kafka(load())


def _ready(supervised: int) -> Callable[..., None]:
    """Gives what a server calls once it works: it tells the supervisor, or the person who started it."""
    if supervised < 0:
        return lambda *told: console(stderr=True).print("ready", *told)
    from pipeline.supervisor.attached import Supervision

    supervision = Supervision(supervised)
    return lambda *_: supervision.ready()


def when_ready(home: Path, job: str, tell: Callable[[], None]) -> None:
    """Tells once the worker has its state: it then writes its process id into a file."""
    file = ReadyFile(home, job)

    def watch() -> None:
        while not file.is_ours():
            time.sleep(0.02)
        tell()

    threading.Thread(target=watch, daemon=True).start()


def _listening(descriptor: int) -> sockets.socket | None:
    return sockets.socket(fileno=descriptor) if descriptor >= 0 else None


def _operator_token(settings: "Settings") -> str:
    from analytics.access import OPERATOR, Tokens

    return Tokens(settings.home).make(OPERATOR)


def _tell(running: "Running", token: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"event": "ready", "gateway": running.gateway, "api": running.api, "operator_token": token})
        return
    out = console()
    out.print(f"webhooks  {running.gateway}/webhooks/<source>/<account>", markup=False)
    out.print(f"Kafka     {running.bootstrap}", markup=False)
    out.print(f"operator  {running.api}/enter?token={token}", markup=False, soft_wrap=True)
    out.print("Ctrl-C ends everything.")


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    for command in (up, gateway, agents, analytics, complete, notify):
        app.command()(command)
