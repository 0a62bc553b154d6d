"""Commands of operators: topics, lag, dead letters, rebuild, archive."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli import archiving, codes, letters
from pipeline.cli.output import Json, console, kafka, load, print_json, show, show_problems
from pipeline.cli.progress import Progress

if TYPE_CHECKING:
    from pipeline.broker.admin import Admin
    from pipeline.settings import Settings

topics = typer.Typer(no_args_is_help=True, help="The topics that everything travels on.")


@topics.command("create")
def create_topics() -> None:
    """Makes the topics that are not there yet.

    Example: `ARUS_KAFKA__REPLICATION=3 arus topics create`
    """
    with _connected() as door:
        made = door.create_topics()
        wrong = door.check_topics()
    told = f"made {', '.join(made)}" if made else "all topics are there"
    show_problems(wrong, as_json=False, none=told)


@topics.command("check")
def check_topics(*, json: Json = False) -> None:
    """Tells whether every topic is as it must be; exit code 1 if one is not.

    Example: `arus topics check`
    """
    with _connected() as door:
        wrong = door.check_topics()
    show_problems(wrong, as_json=json, none="all topics are as they must be")


@topics.command("list")
def list_topics(*, json: Json = False) -> None:
    """Lists the topics: what they hold, how long, how much.

    Example: `arus topics list --json`
    """
    from msgspec.structs import asdict

    with _connected() as door:
        show(map(asdict, door.list_topics()), as_json=json, none="there are no topics")


@topics.command("hanging")
def find_hanging(
    *,
    end: Annotated[bool, typer.Option("--end", help="End them as it was decided.")] = False,
    older: Annotated[float, typer.Option(min=0, help="Open for so many seconds; ours end within 30.")] = 120,
    undecided: Annotated[
        Literal["commit", "abort", ""], typer.Option(help="How to end those of which Kafka no longer knows.")
    ] = "",
    json: Json = False,
) -> None:
    """Finds transactions that Kafka took for ended and that still hide what lies behind them; exit code 1 if any stays.

    `committed` is what Kafka had decided, as far as its log tells. Example: `arus topics hanging --end`
    """
    from msgspec.structs import asdict

    from pipeline.broker import hanging

    where, left = kafka(), 0
    found = hanging.hanging(where, round(older * 1_000))
    for one in found:
        committed = one.committed if one.committed is not None else {"commit": True, "abort": False}.get(undecided)
        if end and committed is not None:
            hanging.end(where, one, committed=committed)
        else:
            left += 1
    show(map(asdict, found), as_json=json, none="no transaction hangs")
    if left:
        raise typer.Exit(1)


def lag(*, json: Json = False) -> None:
    """Shows how far behind each group is: records, and seconds since the oldest of them was written.

    Example: `arus lag --json`
    """
    from msgspec.structs import asdict

    with _connected() as door:
        rows, now = door.lag(), time.time_ns() // 1_000_000
    told = [asdict(row) | {"behind_ms": row.behind_ms(now)} for row in rows]
    columns = ("group", "topic", "partition", "committed", "end", "behind", "behind_ms", "owner")
    show(told, as_json=json, none="no group reads a topic of ours", columns=columns)


def rebuild(
    source: Annotated[
        Literal["kafka", "archive"], typer.Option("--from", help="kafka, or archive: also what Kafka no longer keeps.")
    ] = "kafka",
    *,
    shadow: Annotated[bool, typer.Option("--shadow", help="Only compare; the live file stays.")] = False,
    json: Json = False,
) -> None:
    """Makes the warehouse anew from Kafka or the archive, shows what differs, and swaps it in.

    The analytics process must not run. The former file is kept beside the new one.

    Example: `arus rebuild --shadow`
    """
    from analytics.rebuild import rebuild as make

    with Progress(quiet=json) as progress, _some_kafka(load(), progress) as settings:
        done = make(settings, archived=source == "archive", shadow=shadow, progress=progress.progress)
    told = {name: value for name, value in done._asdict().items() if name != "differences"}
    rows = [difference._asdict() for difference in done.differences]
    if json:
        print_json(told | {"differences": rows})
        return
    show(rows, as_json=False, none="there was no live file to compare with")
    for name, value in told.items():
        console().print(f"{name:11} {value}", markup=False, soft_wrap=True)


@contextmanager
def _some_kafka(settings: "Settings", progress: Progress) -> "Iterator[Settings]":
    """Gives the settings with a Kafka that answers; the embedded one is started for this if it does not run."""
    from pipeline.broker.embedded import EmbeddedKafka, bootstrap_of
    from pipeline.supervisor.running import with_kafka

    if settings.kafka.bootstrap_servers or bootstrap_of(settings.home / "kafka"):
        yield with_kafka(settings)
        return
    with EmbeddedKafka.of(settings, progress.progress):
        yield with_kafka(settings)


def _connected() -> "Admin":
    from pipeline.broker import admin

    return admin.connect(kafka())


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.add_typer(topics, name="topics")
    app.command()(lag)
    app.add_typer(letters.group, name="dead-letters")
    app.add_typer(codes.group, name="codes")
    app.command()(rebuild)
    app.add_typer(archiving.group, name="archive")
