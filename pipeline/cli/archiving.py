"""`arus archive`: webhooks and events as Parquet files, however long Kafka keeps them."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.output import Json, console, load, print_json, show
from pipeline.cli.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.settings import Kafka, Settings

group = typer.Typer(no_args_is_help=True, help="Webhooks and events as files by day, however long Kafka keeps them.")

LATE_ROUNDS = 3
"""What waited longer than so many rounds of `run` was forgotten."""


@group.command("run")
def run(
    *,
    once: Annotated[bool, typer.Option("--once", help="Keep what is there now, and end.")] = False,
    json: Json = False,
) -> None:
    """Keeps what Kafka has and the archive has not, again and again until Ctrl-C. May be killed at any moment.

    Example: `arus archive run --once`
    """
    from analytics.archive import ARCHIVED, store
    from pipeline.broker import BrokerError

    settings, archive = _where()
    with store.writing(archive):
        for topic in ARCHIVED:
            store.tidy(archive, topic)
        while True:
            try:
                _round(settings.kafka, archive, as_json=json)
            except BrokerError as error:
                if once:
                    raise
                console(stderr=True).print(f"{error}; next try in {settings.archive.every:g} s", markup=False)
            if once:
                return
            time.sleep(settings.archive.every)


def _round(kafka: "Kafka", archive: "Path", *, as_json: bool) -> None:
    """Keeps all topics and merges files of days that are over; tells of topics with news."""
    from analytics.archive import ARCHIVED, store
    from analytics.archive.copying import copy
    from analytics.archive.pieces import today

    with Progress(quiet=as_json) as progress:
        kept = {topic: copy(kafka, archive, topic, progress.progress) for topic in ARCHIVED}
        merged = sum(store.merge(archive, topic, today(time.time())) for topic in ARCHIVED)
    if as_json:
        print_json({"kept": kept, "merged_files": merged})
    elif any(kept.values()):
        told = ", ".join(f"{count:,} of {topic}" for topic, count in kept.items() if count)
        console().print(f"kept {told}", markup=False, soft_wrap=True)


@group.command("verify")
def verify(*, json: Json = False) -> None:
    """Proves that nothing is missing: compares each record that Kafka has, reads each file, looks for gaps.

    Exit code 1 if something is missing. Example: `arus archive verify --json`
    """
    from msgspec.structs import asdict

    from analytics.archive import ARCHIVED
    from analytics.archive.verifying import verify as check

    settings, archive = _where()
    late = int((time.time() - LATE_ROUNDS * settings.archive.every) * 1_000)
    with Progress(quiet=json) as progress:
        found = [row for topic in ARCHIVED for row in check(settings.kafka, archive, topic, late, progress.progress)]
    problems = [problem for row in found for problem in row.problems]
    rows = [{name: value for name, value in asdict(row).items() if name != "problems"} for row in found]
    if json:
        print_json({"partitions": rows, "problems": problems})
    else:
        columns = ("topic", "partition", "first", "last", "files", "records", "same", "missing", "differing", "waiting")
        show(rows, as_json=False, none="neither Kafka nor the archive has such topics", columns=columns)
        for problem in problems or ("nothing is missing",):
            console().print(problem, markup=False, soft_wrap=True)
    if problems:
        raise typer.Exit(1)


@group.command("show")
def show_archive(*, json: Json = False) -> None:
    """Shows how much the archive has of each topic, and up to when.

    Example: `arus archive show --json`
    """
    from msgspec.structs import asdict

    from analytics.archive import ARCHIVED, store
    from analytics.archive.showing import kept
    from schemas.times import rfc3339

    archive = store.folder(load())
    found: list[dict[str, Any]] = [asdict(row) for topic in ARCHIVED if (row := kept(archive, topic)).files]
    rows = [row | {"until": rfc3339(row["until"])} for row in found]
    show(rows, as_json=json, none=f"nothing is archived in {archive}: `arus archive run --once` begins")


def _where() -> "tuple[Settings, Path]":
    from analytics.archive import store
    from pipeline.supervisor.running import with_kafka

    settings = with_kafka(load())
    return settings, store.folder(settings)
