"""`arus dead-letters`: records that a step could not take, kept untouched."""

import time
from base64 import b64encode
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.output import Json, console, kafka, print_json, show

if TYPE_CHECKING:
    from pipeline.broker.letters import Choice, Letter

group = typer.Typer(no_args_is_help=True, help="Records that a step could not take, kept untouched.")

Step = Annotated[str, typer.Option(help="Only of this step: gateway, intake, match, track, loading.")]
Cause = Annotated[str, typer.Option(help="Only of this cause, as `list` shows it.")]
Place = Annotated[str, typer.Option(help="Only this one: partition/offset, as `list` shows it.")]


@group.command("list")
def list_letters(
    step: Step = "",
    cause: Cause = "",
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
    *,
    json: Json = False,
) -> None:
    """Lists dead letters, the newest first: where each lies, what it was, why it could not be taken.

    Example: `arus dead-letters list --cause not_json --json`
    """
    from pipeline.broker.letters import letters

    found = sorted(letters(kafka(), _choice(step, cause)), key=lambda letter: -letter.buried_at)[:limit]
    columns = ("at", "step", "cause", "detail", "from", "buried_at", "redriven_at")
    show(map(_row, found), as_json=json, none="there are no dead letters", columns=columns)


@group.command("show")
def show_letter(
    at: Annotated[str, typer.Argument(help="partition/offset, as `list` shows it.")], *, json: Json = False
) -> None:
    """Shows one dead letter with its untouched bytes.

    Example: `arus dead-letters show 3/17`
    """
    from pipeline.broker.letters import show as find

    letter = find(kafka(), *_place(at))
    told = _row(letter) | {"key": _text(letter.key), "headers": {name: _text(value) for name, value in letter.headers}}
    if json:
        print_json(told | {"value": _text(letter.value), "value_base64": b64encode(letter.value or b"").decode()})
        return
    for name, value in told.items():
        console().print(f"{name:12} {value}", markup=False, soft_wrap=True)
    console().print(_text(letter.value), markup=False, soft_wrap=True)


@group.command("redrive")
def redrive_letters(
    step: Step = "",
    cause: Cause = "",
    at: Place = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be sent.")] = False,
    json: Json = False,
) -> None:
    """Sends dead letters once more to the topics they came from, each only once.

    Example: `arus dead-letters redrive --cause not_json --dry-run`
    """
    from msgspec.structs import asdict

    from pipeline.broker.letters import redrive

    done = redrive(kafka(), _choice(step, cause, at), now=time.time_ns() // 1_000_000, dry_run=dry_run)
    rows = [{name: asdict(pile)[name] for name in ("step", "cause", "letters", "detail")} for pile in done]
    show(rows, as_json=json, none="there is nothing to send again")
    if rows and not json:
        console().print("would be sent again" if dry_run else "sent again")


def _choice(step: str, cause: str, at: str = "") -> "Choice":
    from pipeline.broker.letters import Choice

    return Choice(step, cause, _place(at) if at else None)


def _place(at: str) -> tuple[int, int]:
    partition, _, offset = at.partition("/")
    if not (partition.isdecimal() and offset.isdecimal()):
        raise typer.BadParameter(f"{at!r} is no place: it must be partition/offset, such as 3/17")
    return int(partition), int(offset)


def _row(letter: "Letter") -> dict[str, Any]:
    from schemas.times import rfc3339

    return {
        "at": f"{letter.partition}/{letter.offset}",
        "step": letter.step,
        "cause": letter.cause,
        "detail": letter.detail,
        "from": f"{letter.topic}/{letter.topic_partition}/{letter.topic_offset}",
        "buried_at": rfc3339(letter.buried_at),
        "redriven_at": rfc3339(letter.redriven_at) if letter.redriven_at else None,
    }


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode(errors="backslashreplace")
