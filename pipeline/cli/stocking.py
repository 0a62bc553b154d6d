"""`arus stock`: a seller's stock from a file, and whether it adds up."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.output import Json, console, kafka, load, print_json, show

group = typer.Typer(no_args_is_help=True, help="A seller's stock: files in, and whether it adds up.")


@group.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, UTF-8.")],
    seller: Annotated[str, typer.Option(help="Whose stock it is: the seller's id, as in arus.toml.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look whether all of it can be taken.")] = False,
    json: Json = False,
) -> None:
    """Imports a CSV file of counts and receipts: all of it, or nothing if any line is wrong (exit code 1).

    Columns: sku, quantity, and as wanted name, kind (count or receive), at, threshold. The same file again counts once.

    Example: `arus stock import stock.csv --seller toko-melati --dry-run`
    """
    from pipeline.importing import import_stock
    from pipeline.settings import Kafka

    if not seller.strip():
        raise typer.BadParameter("--seller names nobody")
    where = Kafka() if dry_run else kafka()
    done = import_stock(where, seller.strip(), file.read_bytes(), time.time_ns() // 1_000_000, dry_run=dry_run)
    if json:
        print_json(done.told())
    else:
        for wrong in done.wrong:
            console(stderr=True).print(f"{file}:{wrong.line}: {wrong.why}", markup=False, soft_wrap=True)
        what = "nothing was imported" if done.wrong else "would be imported" if dry_run else "imported"
        quiet = f", {done.silent:,} without a quantity" if done.silent else ""
        told = f"{what}: {done.counted:,} counts, {done.received:,} receipts{quiet}"
        console(stderr=bool(done.wrong)).print(told, markup=False, soft_wrap=True)
    if done.wrong:
        raise typer.Exit(1)


@group.command("template")
def print_template() -> None:
    """Prints a file to begin with.

    Example: `arus stock template > stock.csv`
    """
    from pipeline.sources.files.stock_csv import TEMPLATE

    sys.stdout.write(TEMPLATE)


@group.command("check")
def check_stock(*, json: Json = False) -> None:
    """Tells whether each article has the pieces of all its orders; exit code 1 if one has not.

    Asks the Arus that runs in this home. Example: `arus stock check --json`
    """
    import httpx

    from analytics.access import OPERATOR, Tokens
    from pipeline.supervisor.running import running_in

    home = load().home
    token = Tokens(home).make(OPERATOR)
    asked = httpx.get(f"{running_in(home).api}/v1/ops/stock-check", headers={"authorization": f"Bearer {token}"})
    rows = asked.raise_for_status().json()["rows"]
    show(rows, as_json=json, none="each article has the pieces of all its orders")
    if rows:
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.add_typer(group, name="stock")
