"""Commands of operators: topics, lag, dead letters, codes, rebuild, archive."""

import time
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli import archiving, codes, letters
from pipeline.cli.growing import grow
from pipeline.cli.output import Json, kafka, show, show_problems
from pipeline.cli.rebuilding import rebuild

if TYPE_CHECKING:
    from pipeline.broker.admin import Admin

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


def _connected() -> "Admin":
    from pipeline.broker import admin

    return admin.connect(kafka())


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    topics.command()(grow)
    app.add_typer(topics, name="topics")
    app.command()(lag)
    app.add_typer(letters.group, name="dead-letters")
    app.add_typer(codes.group, name="codes")
    app.command()(rebuild)
    app.add_typer(archiving.group, name="archive")
