"""`arus sources reconcile`: asks a sender what changed, for webhooks that it could not deliver."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.output import Json, load, show
from pipeline.cli.senders import sources

if TYPE_CHECKING:
    from pipeline.settings import Account, Settings
    from pipeline.sources.apis.api import Change


@sources.command("reconcile")
def reconcile(
    account: Annotated[str, typer.Argument(help="Whom to ask: an account's name, or sender/name.")],
    since: Annotated[str, typer.Option(help="ISO 8601 time; else where the last look ended.")] = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tells what changed, and keeps nothing.")] = False,
    json: Json = False,
) -> None:
    """Asks a sender which orders and returns changed, and takes them in as if they had been delivered.

    `arus complete` does so by itself every quarter of an hour. Exit code 1 if the sender does not answer.

    Example: `arus sources reconcile tiktok_shop/toko-melati --since 2026-11-20 --dry-run`
    """
    from pipeline.supervisor.running import with_kafka

    settings = load()
    owner = _owner(settings, account)
    found = asyncio.run(_reconcile(settings if dry_run else with_kafka(settings), owner, since, dry_run=dry_run))
    show(map(_row, found), as_json=json, none=f"{owner.source}/{owner.name} tells of no change")


def _owner(settings: "Settings", named: str) -> "Account":
    """Finds the account that is meant. Raises SettingsError, with those that can be asked."""
    from pipeline.settings import SettingsError
    from pipeline.sources import check
    from pipeline.sources.apis import api_of

    check(settings)
    can = [account for account in settings.accounts if api_of(account)]
    found = [account for account in can if named in (account.name, f"{account.source}/{account.name}")]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{account.source}/{account.name}" for account in can)
    why = "is the name of several accounts" if found else "has no credentials of its sender's API ([accounts.api])"
    raise SettingsError(f"{named} {why}; those that have some: {names or 'none'}")


async def _reconcile(settings: "Settings", account: "Account", since: str, *, dry_run: bool) -> "list[Change]":
    import httpx

    from pipeline.completion import reconciling
    from pipeline.completion.client import PATIENCE, Client
    from pipeline.completion.memory import Memory
    from pipeline.gateway.producer import Producer
    from pipeline.sources.apis import APIS

    memory, now = Memory(settings.home, account), _now()
    begin = _instant(since) if since else None
    async with httpx.AsyncClient(timeout=PATIENCE) as http:
        client = Client(APIS[account.source], account, memory, http, _now)
        if dry_run:
            begin = reconciling.since(memory, now) if begin is None else begin
            return [change async for page in reconciling.pages(client, begin, now) for change in page.changes]
        producer = Producer(settings.kafka)
        producer.start()
        try:
            return await reconciling.reconcile(client, memory, producer, begin, now)
        finally:
            await producer.stop()


def _instant(text: str) -> int:
    from schemas import times

    try:
        return times.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 time such as 2026-11-24T10:00:00+07:00") from error


def _now() -> int:
    return time.time_ns() // 1_000_000


def _row(change: "Change") -> dict[str, str]:
    from schemas.times import rfc3339

    return {**change._asdict(), "updated_at": rfc3339(change.updated_at) if change.updated_at else ""}


def add_to(app: typer.Typer) -> None:
    """Its command is one of `arus sources`, which is added already."""
    del app
