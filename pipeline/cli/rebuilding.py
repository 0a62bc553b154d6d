"""`arus rebuild`: the warehouse from Kafka or the archive, and the orders' states from webhooks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipeline.cli.output import Json, console, load, print_json, show
from pipeline.cli.progress import Progress

if TYPE_CHECKING:
    from analytics.rebuilding.filling import Progress as Moving
    from pipeline.settings import Settings

Told = tuple[dict[str, Any], list[dict[str, Any]], str]
"""The figures, the differences, and the sentence for none."""


def rebuild(
    source: Annotated[
        Literal["kafka", "archive"], typer.Option("--from", help="kafka, or archive: also what Kafka no longer keeps.")
    ] = "kafka",
    *,
    states: Annotated[bool, typer.Option("--states", help="The orders' states, from webhooks; all may run.")] = False,
    shadow: Annotated[bool, typer.Option("--shadow", help="Only compare; what is live stays.")] = False,
    json: Json = False,
) -> None:
    """Makes the warehouse anew from Kafka or the archive, shows what differs, and swaps it in.

    The analytics process must not run. The former file is kept beside the new one.

    With `--states` it folds every order anew from its webhooks, by today's tables and rules, says of each state that
    is otherwise why, and corrects it while all goes on; exit code 1 if any stays wrong.

    Example: `arus rebuild --states --shadow`
    """
    with Progress(quiet=json) as progress, some_kafka(load(), progress) as settings:
        rebuild_ = _states if states else _warehouse
        told, rows, none = rebuild_(settings, archived=source == "archive", shadow=shadow, progress=progress.progress)
    if json:
        print_json(told | {"differences": rows})
    else:
        show(rows, as_json=False, none=none)
        for name, value in told.items():
            console().print(f"{name:11} {value}", markup=False, soft_wrap=True)
    if told.get("left"):
        raise typer.Exit(1)


def _warehouse(settings: "Settings", *, archived: bool, shadow: bool, progress: "Moving") -> Told:
    from analytics.rebuild import rebuild as make

    done = make(settings, archived=archived, shadow=shadow, progress=progress)
    told = {name: value for name, value in done._asdict().items() if name != "differences"}
    return told, [one._asdict() for one in done.differences], "there was no live file to compare with"


def _states(settings: "Settings", *, archived: bool, shadow: bool, progress: "Moving") -> Told:
    from msgspec.structs import asdict

    from pipeline.cli.states import fold_anew

    done = fold_anew(settings, archived=archived, shadow=shadow, progress=progress)
    told = {name: value for name, value in done._asdict().items() if name != "wrong"}
    return told, [asdict(wrong) for wrong in done.wrong], "every state is what its webhooks tell"


@contextmanager
def some_kafka(settings: "Settings", progress: Progress) -> "Iterator[Settings]":
    """Gives the settings with a Kafka that answers; the embedded one is started for this if it does not run."""
    from pipeline.broker.embedded import EmbeddedKafka, bootstrap_of
    from pipeline.supervisor.running import with_kafka

    if settings.kafka.bootstrap_servers or bootstrap_of(settings.home / "kafka"):
        yield with_kafka(settings)
        return
    with EmbeddedKafka.of(settings, progress.progress):
        yield with_kafka(settings)
