"""`arus demo`: everything at once, a shop that is filled, and people who act in it."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.output import console, load
from pipeline.cli.progress import Progress
from pipeline.cli.running import prepare_topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.access import Tokens
    from pipeline.simulate.demo import Selling
    from pipeline.simulate.demo.endpoint import Listener
    from pipeline.supervisor.running import Running

Ask = Callable[[str, str, str, dict[str, Any] | None], dict[str, Any]]
"""Asks the API as a seller: who, how, where, what."""

SPEED = 1_440.0


def demo(
    speed: Annotated[
        float,
        typer.Option(min=1, max=100_000, help="How many times faster watched orders live; 1440: a day is a minute."),
    ] = SPEED,
) -> None:
    """Starts everything, fills a shop with some weeks of orders, and keeps it selling.

    The shop lives in the same home as `arus up`, and a second start goes on where the first ended.

    Example: `ARUS_HOME=/tmp/shop arus demo`
    """
    from analytics.access import Tokens, Viewer
    from pipeline.simulate import demo as shop
    from pipeline.simulate.demo.endpoint import Listener
    from pipeline.simulate.sending.asking import Asking
    from pipeline.supervisor import Supervisor
    from pipeline.supervisor.threads import in_thread

    shop.open_shop(load().home)
    settings = load()
    settings = settings.model_copy(update={"endpoints": settings.endpoints.model_copy(update={"private": True})})
    tokens = Tokens(settings.home)
    with Progress() as progress, Listener() as listener:

        async def ready(running: "Running") -> None:
            selling = shop.Selling(settings, running.gateway, progress, speed)
            is_new = selling.is_new
            await selling.catch_up()
            ask = _asking(running.api, tokens)
            if is_new:
                await in_thread(_automate, ask, selling.sellers)
            await in_thread(_connect, ask, selling.seller, listener)
            progress.done()
            _invite(running, selling, tokens, listener)
            async with Asking(running.api, lambda role, who: tokens.make(Viewer(role, who))) as asking:
                await selling.go_on(asking)

        asyncio.run(Supervisor(settings, progress, prepare_topics).run(ready))


def _automate(ask: Ask, sellers: "Sequence[str]") -> None:
    """Switches on what goes on by itself; confirming only in the last shop: in the others it is left to people."""
    for seller in sellers:
        confirms = seller == sellers[-1] != sellers[0]
        ask(seller, "PUT", "/v1/settings", {"completes": True, "cancels": True, "asks_review": 1, "confirms": confirms})


def _connect(ask: Ask, seller: str, listener: "Listener") -> None:
    """Has a shop's notices, and its words to buyers, sent to the demo's endpoint, unless somebody has set another."""
    from pipeline.simulate.demo.endpoint import PATH
    from schemas.messages import KINDS

    known = ask(seller, "GET", "/v1/endpoint", None)["url"]
    if not known or known.endswith(PATH):
        made = ask(seller, "PUT", "/v1/endpoint", {"url": listener.url, "messages": list(KINDS)})["secret"]
        listener.secret = made or ask(seller, "POST", "/v1/endpoint/secret", None)["secret"]


def _asking(api: str, tokens: "Tokens") -> Ask:
    import httpx

    from analytics.access import Viewer

    def ask(seller: str, method: str, path: str, told: dict[str, Any] | None) -> dict[str, Any]:
        who = {"authorization": f"Bearer {tokens.make(Viewer('seller', seller))}"}
        answer = httpx.request(method, f"{api}{path}", headers=who, json=told, timeout=30, trust_env=False)
        told_back: dict[str, Any] = answer.raise_for_status().json()
        return told_back

    return ask


def _invite(running: "Running", selling: "Selling", tokens: "Tokens", listener: "Listener") -> None:
    from analytics.access import OPERATOR, Viewer

    out = console()
    viewers = {
        "seller": Viewer("seller", selling.seller),
        "buyer": Viewer("buyer", selling.buyer),
        "operator": OPERATOR,
    }
    if len(selling.sellers) > 1:
        viewers["automatic"] = Viewer("seller", selling.sellers[-1])
    for who, viewer in viewers.items():
        out.print(f"{who:9} {running.api}/enter?token={tokens.make(viewer)}", markup=False, soft_wrap=True)
    out.print(f"endpoint  {listener.url}", markup=False)
    out.print(f"webhooks  {running.gateway}/webhooks/<source>/<account>", markup=False)
    out.print("Orders go on coming in, and people act on them. Ctrl-C ends everything; the next start has its data.")


def add_to(app: typer.Typer) -> None:
    """Adds the command of this module."""
    app.command()(demo)
