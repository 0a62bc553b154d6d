"""What a person or a script reads: tables or JSON on standard output, words on standard error."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.settings import Kafka, Settings

Json = Annotated[bool, typer.Option("--json", help="JSON for scripts instead of a table.")]

OURS = ("pipeline.", "agents.", "analytics.", "schemas.")

_VERBOSE: list[bool] = []
"""Not empty once the settings said that tracebacks are wanted."""


def load() -> "Settings":
    """Reads the settings and sets up the logs accordingly."""
    from pipeline import logs, settings

    read = settings.load()
    logs.configure(read.log_level)
    if read.log_level == "debug":
        _VERBOSE.append(True)
    return read


def kafka() -> "Kafka":
    """Gives the Kafka of the settings, or the embedded one that runs in this home. Raises SettingsError."""
    from pipeline.supervisor.running import with_kafka

    return with_kafka(load()).kafka


def console(*, stderr: bool = False) -> "Console":
    """Gives the terminal; into a pipe nothing is cut off."""
    from rich.console import Console

    tty = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, highlight=False, soft_wrap=not tty, width=None if tty else 240)


def show(rows: Iterable[Mapping[str, Any]], *, as_json: bool, none: str, columns: Sequence[str] = ()) -> None:
    """Prints rows as a table or a JSON array; `none` is the sentence for an empty table."""
    told = [dict(row) for row in rows]
    if as_json:
        print_json(told)
    elif not told:
        console().print(none)
    else:
        _table(told, columns or tuple(told[0]))


def show_problems(problems: Sequence[str], *, as_json: bool, none: str) -> None:
    """Prints what is wrong, a line each, and ends the command with exit code 1 if anything is."""
    if as_json:
        print_json([{"problem": problem} for problem in problems])
    for line in () if as_json else problems or (none,):
        console().print(line, markup=False, soft_wrap=True)
    if problems:
        raise typer.Exit(1)


def print_json(value: object) -> None:
    """Prints one JSON value on a line of its own."""
    sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def explain(error: Exception) -> int:
    """Prints an error as a sentence; a surprising one also says how to see more. Gives the exit code."""
    if _VERBOSE:
        import traceback

        traceback.print_exception(error)
    ours = type(error).__module__.startswith(OURS)
    words = str(error) or type(error).__name__
    problem = words if ours else f"{type(error).__name__}: {words} (ARUS_LOG_LEVEL=debug shows where)"
    console(stderr=True).print(f"arus: {problem}", markup=False, soft_wrap=True)
    return 1


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        number = all(isinstance(row.get(column), int | float) for row in rows)
        table.add_column(column.replace("_", " "), justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    console().print(table)


def _cell(value: object) -> str:
    from rich.markup import escape

    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else escape(str(value))
