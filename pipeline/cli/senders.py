"""`arus sources`: senders, the accounts through which they send, and trying one."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.output import Json, load, show, show_problems

if TYPE_CHECKING:
    import httpx

    from pipeline.settings import Settings

sources = typer.Typer(no_args_is_help=True, help="Senders, and the accounts through which they send.")

PATIENCE = 15.0
"""Seconds that the gateway may take to answer."""

TRIES = 5
"""How often a sample is sent while the gateway says that it cannot keep it now, with a second or more between."""

Name = Annotated[str, typer.Option("--account", help="Which account of this sender, where there are several.")]


@sources.command("list")
def list_sources(*, json: Json = False) -> None:
    """Lists the senders that are understood, and their accounts here.

    Example: `arus sources list`
    """
    from pipeline.sources import SOURCES

    accounts = load().accounts
    rows = [
        {
            "source": source.id,
            "title": source.title,
            "tells": source.tells,
            "accounts": ", ".join(account.name for account in accounts if account.source == source.id),
            "needs": ", ".join(source.needs),
            "docs": source.docs,
            "unconfirmed": source.unconfirmed,
        }
        for source in SOURCES.values()
    ]
    columns = ("source", "title", "tells", "accounts", "needs", "unconfirmed")
    show(rows, as_json=json, none="no sender is understood", columns=columns)


@sources.command("check")
def check_sources(
    sender: Annotated[str, typer.Argument(help="Whose saved request it is; without, every account is checked.")] = "",
    request: Annotated[Path | None, typer.Option(help="File of an HTTP request: first line, headers, body.")] = None,
    account: Name = "",
    *,
    json: Json = False,
) -> None:
    """Tells whether every account has what its sender needs, or what a saved request would become, step by step.

    A saved request is judged as the gateway and intake would: what is signed, whether it compares, what it tells; if
    it proves nothing, what would. Exit code 1 if something is wrong.

    Example: `arus sources check ninjavan --request webhook.http`
    """
    if bool(sender) != (request is not None):
        raise typer.BadParameter("SENDER and --request belong together: arus sources check ninjavan --request FILE")
    if request is not None:
        _check_request(sender, request, account, as_json=json)
        return
    from pipeline.settings import SettingsError
    from pipeline.sources import check

    settings = load()
    problems: list[str] = []
    try:
        check(settings)
    except SettingsError as error:
        problems = str(error).splitlines()
    show_problems(problems, as_json=json, none=f"{len(settings.accounts)} accounts have what their senders need")


def _check_request(sender: str, file: Path, account: str, *, as_json: bool) -> None:
    from pipeline.sources.trying import check_request

    try:
        raw = file.read_bytes()
        steps = list(check_request(load(), sender, raw, now=time.time_ns() // 1_000_000, account=account))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file}: {error}", param_hint="--request") from error
    show([step._asdict() for step in steps], as_json=as_json, none="")
    if any(step.verdict == "failed" for step in steps):
        raise typer.Exit(1)


@sources.command("send")
def send_sample(  # noqa: PLR0913  # its options
    sender: Annotated[str, typer.Argument(help="Who would send it, as `arus sources list` names them.")],
    account: Name = "",
    order: Annotated[str, typer.Option(help="Number of the order that it tells of; else one of this moment.")] = "",
    body: Annotated[Path | None, typer.Option(help="File of another body than the sender's sample.")] = None,
    to: Annotated[str, typer.Option(help="The gateway; else the one of the settings.")] = "",
    *,
    json: Json = False,
) -> None:
    """Sends a webhook to a running gateway, signed as its sender would, and tells what it answered.

    Comes again after a 503, as senders do. Exit code 1 if the last answer is no 2xx.

    Example: `arus sources send ninjavan --order 1001`
    """
    from pipeline.sources import SOURCES, Request
    from pipeline.sources.trying import Step, account_of, fill, understood

    settings, now = load(), time.time_ns() // 1_000_000
    owner = account_of(settings, sender, account)
    source, path = SOURCES[sender], f"/webhooks/{sender}/{owner.name}"
    try:
        told = body.read_bytes() if body else fill(source.sample, order or str(now // 1_000), now)
    except OSError as error:
        raise typer.BadParameter(str(error), param_hint="--body") from error
    gateway = (to or _gateway(settings)).rstrip("/")
    public = (settings.gateway.public_url or gateway).rstrip("/") + path
    signed = source.scheme.sign(told, owner, now, public)
    kind = "application/json" if signed.body[:1] in b"{[" else "application/x-www-form-urlencoded"
    headers = {"content-type": kind, **{name.lower(): value for name, value in signed.headers.items()}}
    answer = _post(f"{gateway}{path}?{signed.query}".rstrip("?"), signed.body, headers)
    steps = [
        Step("sent", "ok", f"{len(signed.body)} bytes to {gateway}{path}, signed by the newest secret"),
        Step("answered", "ok" if answer.is_success else "failed", f"{answer.status_code} {answer.text}".strip()),
    ]
    if answer.is_success:
        steps += understood(source, owner, Request(signed.body, headers, public, now, signed.query))
    show([step._asdict() for step in steps], as_json=json, none="")
    if not answer.is_success:
        raise typer.Exit(1)


def _post(url: str, body: bytes, headers: dict[str, str]) -> "httpx.Response":
    """Posts until the gateway says anything but 503: Kafka may be slow for a moment."""
    import httpx
    import stamina

    def is_unready(error: Exception) -> bool:
        return (
            isinstance(error, httpx.HTTPStatusError) and error.response.status_code == httpx.codes.SERVICE_UNAVAILABLE
        )

    try:
        for attempt in stamina.retry_context(is_unready, attempts=TRIES, wait_initial=1.0):
            with attempt:
                answer = httpx.post(url, content=body, headers=headers, timeout=PATIENCE).raise_for_status()
    except httpx.HTTPStatusError as error:
        answer = error.response
    return answer


def _gateway(settings: "Settings") -> str:
    """Gives the address of the gateway that runs in this home, else of the one that the settings describe."""
    from pipeline.supervisor.running import Place

    running = Place(settings.home).read()
    return running.gateway if running else f"http://{settings.gateway.host}:{settings.gateway.port}"


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.add_typer(sources, name="sources")
