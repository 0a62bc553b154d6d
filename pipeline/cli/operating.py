"""Commands of operators: topics, lag, dead letters, rebuild."""

import time
from typing import TYPE_CHECKING

import typer

from pipeline.cli.output import Json, load, show, show_problems

if TYPE_CHECKING:
    from pipeline.broker.admin import Admin

topics = typer.Typer(no_args_is_help=True, help="The topics that everything travels on.")


@topics.command("create")
def create_topics() -> None:
    """Makes the topics that are not there yet.

    Example: `ARUS_KAFKA__REPLICATION=3 arus topics create`
    """
    with _connected() as kafka:
        made = kafka.create_topics()
        wrong = kafka.check_topics()
    told = f"made {', '.join(made)}" if made else "all topics are there"
    show_problems(wrong, as_json=False, none=told)


@topics.command("check")
def check_topics(*, json: Json = False) -> None:
    """Tells whether every topic is as it must be; exit code 1 if one is not.

    Example: `arus topics check`
    """
    with _connected() as kafka:
        wrong = kafka.check_topics()
    show_problems(wrong, as_json=json, none="all topics are as they must be")


@topics.command("list")
def list_topics(*, json: Json = False) -> None:
    """Lists the topics: what they hold, how long, how much.

    Example: `arus topics list --json`
    """
    from msgspec.structs import asdict

    with _connected() as kafka:
        show(map(asdict, kafka.list_topics()), as_json=json, none="there are no topics")


def lag(*, json: Json = False) -> None:
    """Shows how far behind each group is: records, and seconds since the oldest of them was written.

    Example: `arus lag --json`
    """
    from msgspec.structs import asdict

    with _connected() as kafka:
        rows, now = kafka.lag(), time.time_ns() // 1_000_000
    told = [asdict(row) | {"behind_ms": row.behind_ms(now)} for row in rows]
    columns = ("group", "topic", "partition", "committed", "end", "behind", "behind_ms", "owner")
    show(told, as_json=json, none="no group reads a topic of ours", columns=columns)


def _connected() -> "Admin":
    from pipeline.broker import admin
    from pipeline.supervisor.running import with_kafka

    return admin.connect(with_kafka(load()).kafka)


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.add_typer(topics, name="topics")
    app.command()(lag)
