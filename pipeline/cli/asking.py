"""Commands that answer a question: tokens, and how this machine stands."""

import time
from typing import Annotated

import typer

from pipeline.cli.output import Json, console, load, print_json, show

tokens = typer.Typer(no_args_is_help=True, help="Who may look.")


@tokens.command("create")
def create_token(
    seller: Annotated[str, typer.Option(help="The seller's id, as in arus.toml.")] = "",
    buyer: Annotated[str, typer.Option(help="The buyer's id, as in the orders.")] = "",
    *,
    operator: Annotated[bool, typer.Option("--operator", help="Sees everything.")] = False,
    days: Annotated[float | None, typer.Option(min=0, help="It ends after so many days; else never.")] = None,
    json: Json = False,
) -> None:
    """Makes a token for a seller, a buyer or an operator: a bearer token, and the way into the pages.

    Example: `arus token create --seller toko-melati --days 30`
    """
    from analytics.access import OPERATOR, Tokens, Viewer
    from schemas.times import DAY

    chosen = [viewer for viewer in (seller and Viewer("seller", seller), buyer and Viewer("buyer", buyer)) if viewer]
    chosen += [OPERATOR] if operator else []
    if len(chosen) != 1:
        raise typer.BadParameter("exactly one of --seller, --buyer, --operator")
    until = None if days is None else time.time_ns() // 1_000_000 + int(days * DAY)
    token = Tokens(load().home).make(chosen[0], until=until)
    if json:
        show([{"role": chosen[0].role, "id": chosen[0].id, "token": token}], as_json=True, none="")
    else:
        console().print(token, markup=False, soft_wrap=True)


@tokens.command("revoke")
def revoke_token(token: str) -> None:
    """Takes a token back: it opens nothing any more, here and in open pages; exit code 1 if it is none of ours.

    Example: `arus token revoke arus_…`
    """
    from analytics.access import Tokens

    if not Tokens(load().home).revoke(token):
        console(stderr=True).print("that is no token of this home")
        raise typer.Exit(1)
    console().print("revoked; deleting the file keys/tokens in the home revokes all")


def doctor(*, json: Json = False) -> None:
    """Shows every setting and where it came from, and looks for what would keep Arus from working.

    Exit code 1 if something would. Example: `arus doctor --json`
    """
    from pipeline.doctor import findings, settings_of

    settings = load()
    told, found = list(settings_of(settings)), list(findings(settings))
    if json:
        print_json({"settings": [row._asdict() for row in told], "findings": [row._asdict() for row in found]})
    else:
        show([row._asdict() for row in told], as_json=False, none="")
        show([row._asdict() for row in found], as_json=False, none="", columns=("verdict", "what", "detail"))
    if any(finding.verdict == "ERR" for finding in found):
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.add_typer(tokens, name="token")
    app.command()(doctor)
