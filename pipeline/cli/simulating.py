"""`arus simulate`: a load of plausible webhooks, and the proof of what became of it."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.output import Json, console, load, print_json, show
from pipeline.cli.progress import Progress

if TYPE_CHECKING:
    from pipeline.cli.proof.verdict import Verdict
    from pipeline.settings import Settings
    from pipeline.simulate.sending import Totals
    from pipeline.simulate.sending.asking import Answers, Asking
    from pipeline.simulate.tales import Tale
    from pipeline.simulate.traffic import Webhook

LOADED = 60.0
"""Seconds in which an order must be loaded for somebody to act on it."""

PATIENCE = 600.0
"""Seconds in which the stream must have read everything before the proof."""


def simulate(  # noqa: PLR0913  # each is an option that people use
    *,
    orders: Annotated[int, typer.Option(min=1, help="How many orders live.")] = 1_000,
    rate: Annotated[float, typer.Option(min=0, help="Webhooks a second; 0: as fast as they are taken.")] = 0,
    seed: Annotated[str, typer.Option(help="The same seed and --until tell the same story, byte for byte.")] = "",
    until: Annotated[str, typer.Option(help="The present of the story, RFC 3339; by default now.")] = "",
    days: Annotated[float, typer.Option(min=0.1, help="The orders were placed in so many days before that.")] = 21,
    url: Annotated[str, typer.Option(help="The gateway; by default the one that runs in this home.")] = "",
    record: Annotated[Path | None, typer.Option(help="File that gets each accepted webhook as a line of JSON.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Then prove that nothing was lost, doubled or wrong.")] = False,
    commands: Annotated[int, typer.Option(min=0, help="Then people act: so many commands by the API, at most.")] = 40,
    speed: Annotated[float, typer.Option(min=0, help="No past, but days to come, so many times faster.")] = 0,
    json: Json = False,
) -> None:
    """Sends the webhooks of so many orders' lives, signed, in the senders' own formats.

    Late, repeated and out of order, as networks have it; through the accounts of arus.toml. Then sellers and buyers do
    by the API, where it runs in this home, what comes next in these lives; with --speed they do it as it comes.

    Example: `arus simulate --orders 20000 --seed 7 --check`
    """
    from pipeline.simulate.sending import Sending
    from pipeline.simulate.sending.record import Record
    from pipeline.simulate.shops import shops
    from pipeline.simulate.tales import Tale
    from pipeline.simulate.traffic import BY_HAND
    from schemas import times

    if until and speed:
        raise typer.BadParameter("--speed begins now: --until is for a past")
    settings = load()
    open_shops = shops(settings.accounts)
    if not open_shops:
        raise typer.BadParameter("no account sells anything: arus.toml names accounts, and `arus demo` makes some")
    seed = seed or secrets.token_hex(3)
    present = times.parse(until) if until else time.time_ns() // 1_000_000
    people = None if url or not commands else _people(settings)
    tale = Tale(open_shops, orders, seed, days, present, speed, BY_HAND if people else 0.0)
    with Record(record) as accepted, Progress(quiet=json) as progress:
        sending = Sending(url or _gateway(settings), public_url=settings.gateway.public_url, accept=accepted.keep)
        send = partial(sending.run, rate=rate, in_time=bool(speed))
        started = time.monotonic()
        answers = asyncio.run(_tell(tale, send, people, progress, commands))
        told = _told(sending.totals, orders, seed, time.monotonic() - started) | _asked(answers)
        verdicts = _prove(settings, accepted.digests, progress) if check else []
    if json:
        print_json(told | ({"check": [verdict._asdict() for verdict in verdicts]} if check else {}))
    else:
        _print(told)
        show([_shown_verdict(verdict) for verdict in verdicts], as_json=False, none="")
    if sending.totals.given_up or sending.totals.refused or not all(verdict.holds for verdict in verdicts):
        raise typer.Exit(1)


async def _tell(
    tale: "Tale", send: "Callable[..., Awaitable[Totals]]", people: "Asking | None", progress: Progress, commands: int
) -> "Answers | None":
    """Sends all webhooks, and has people act, where they are."""
    from pipeline.simulate.traffic import Webhook

    if people is None:
        await send(_shown((deed for deed in tale.deeds() if isinstance(deed, Webhook)), progress))
        return None
    async with people:
        await send(_shown(people.webhooks_of(tale.deeds()), progress))
        progress.progress(0, 0, "people act on the orders")
        for ask in tale.next_asks(commands):
            people.give(ask._replace(due=0))
        return await people.finish()


def _people(settings: "Settings") -> "Asking | None":
    """Gives those who act in the Arus that runs in this home; None if none does."""
    from analytics.access import Tokens, Viewer
    from pipeline.simulate.sending.asking import Asking
    from pipeline.supervisor.running import Place

    running, tokens = Place(settings.home).read(), Tokens(settings.home)
    return Asking(running.api, lambda role, who: tokens.make(Viewer(role, who)), LOADED) if running else None


def _asked(answers: "Answers | None") -> dict[str, object]:
    if answers is None:
        return {}
    done, refused = dict(answers.done), dict(answers.refused)
    return {"commands": done, "refusals": refused, "unanswered": answers.waiting + answers.in_vain}


def verify(
    *,
    record: Annotated[Path | None, typer.Option(help="What `simulate --record` wrote: it must all be there.")] = None,
    json: Json = False,
) -> None:
    """Proves that every webhook that Kafka holds ended in the right state of its order, once.

    Folds them all anew, with no stream, and compares. Needs the Arus of this home to run.

    Example: `arus verify --record accepted.jsonl`
    """
    from pipeline.simulate.sending.record import read

    settings = load()
    with Progress(quiet=json) as progress:
        verdicts = _prove(settings, read(record) if record else set(), progress)
    if json:
        print_json([verdict._asdict() for verdict in verdicts])
    else:
        show([_shown_verdict(verdict) for verdict in verdicts], as_json=False, none="")
    if not all(verdict.holds for verdict in verdicts):
        raise typer.Exit(1)


def _prove(settings: "Settings", accepted: set[str], progress: Progress) -> "list[Verdict]":
    from analytics.access import OPERATOR, Tokens
    from pipeline.cli import proof
    from pipeline.cli.proof.draining import drain
    from pipeline.supervisor.running import running_in, with_kafka

    settings, running = with_kafka(settings), running_in(settings.home)
    progress.progress(0, 0, "waiting until everything is read")
    drain(settings.kafka, PATIENCE)
    progress.progress(0, 0, "folding the same webhooks once more")
    return list(proof.compare(settings, running.api, Tokens(settings.home).make(OPERATOR), accepted))


def _shown_verdict(verdict: "Verdict") -> dict[str, str]:
    return {"": "OK" if verdict.holds else "ERR", "what": verdict.what, "detail": verdict.detail}


def _gateway(settings: "Settings") -> str:
    from pipeline.settings import SettingsError
    from pipeline.supervisor.running import Place

    running = Place(settings.home).read()
    if running:
        return running.gateway
    if not settings.gateway.port:
        raise SettingsError(f"no Arus runs in {settings.home}: `arus up` starts one, or --url names a gateway")
    return f"http://{settings.gateway.host}:{settings.gateway.port}"


def _shown(webhooks: Iterable["Webhook"], progress: Progress) -> Iterator["Webhook"]:
    started = time.monotonic()
    for done, webhook in enumerate(webhooks):
        if done % 100 == 0:
            speed = done / max(0.001, time.monotonic() - started)
            progress.progress(0, 0, f"{done:,} webhooks, {speed:,.0f} a second")
        yield webhook


def _told(totals: "Totals", orders: int, seed: str, seconds: float) -> dict[str, object]:
    return {
        "orders": orders,
        "seed": seed,
        "webhooks": totals.sent,
        "accepted": totals.accepted,
        "retried": totals.retried,
        "given_up": totals.given_up,
        "refused": dict(totals.refused),
        "seconds": round(seconds, 1),
        "per_second": round(totals.sent / max(seconds, 0.001)),
        "p50_ms": round(totals.latency(0.5), 1),
        "p99_ms": round(totals.latency(0.99), 1),
    }


def _print(told: dict[str, object]) -> None:
    for name, value in told.items():
        shown = f"{value:,}" if isinstance(value, int | float) else value or "none"
        console().print(f"{name.replace('_', ' '):11} {shown}", markup=False)


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command()(simulate)
    app.command()(verify)
