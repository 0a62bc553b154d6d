"""`arus codes`: senders' codes and words that no table knows, and what operators say that they mean."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.output import Json, console, kafka, print_json, show

if TYPE_CHECKING:
    from pipeline.broker.codes import Change
    from pipeline.settings import Kafka
    from schemas.codes import CodeMapped, Kind

group = typer.Typer(no_args_is_help=True, help="Senders' codes and words that no table knows, and what they mean.")


@group.command("list")
def list_codes(*, json: Json = False) -> None:
    """Lists the unknown codes and words of the last weeks, the unmapped and the frequent first.

    A `scan` is a carrier's code, with its words; a `status` is a marketplace's word for what an order is.

    Example: `arus codes list --json`
    """
    from msgspec.structs import asdict

    from pipeline.broker.codes import codes
    from schemas.times import rfc3339

    rows = [
        {**asdict(code), "first_at": rfc3339(code.first_at), "last_at": rfc3339(code.last_at)}
        for code in codes(kafka())
    ]
    columns = ("kind", "source", "carrier", "code", "words", "scans", "last_at", "means")
    show(rows, as_json=json, none="every code is known", columns=columns)


@group.command("map")
def map_code(  # noqa: PLR0913  # its options
    source: Annotated[str, typer.Argument(help="The sender, as `list` shows it.")],
    code: Annotated[str, typer.Argument(help="Its code, to the letter.")],
    meaning: Annotated[str, typer.Argument(help="What it means: picked_up, in_transit, delivered …")],
    carrier: Annotated[str, typer.Option(help="Only of parcels of this carrier.")] = "",
    *,
    status: Annotated[bool, typer.Option("--status", help="It is a word for a status of orders.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show which orders it would change, and how.")
    ] = False,
    json: Json = False,
) -> None:
    """Gives a code a meaning: for scans that come, and for those of the last weeks, which are told once more with it.

    With `--status` it is a marketplace's word, and the meaning one of our statuses: ready_to_ship, completed …

    Shows the orders that this changes. Facts are only ever added: what a mapping said of an event is not taken back by
    another, so a code that has a meaning gets a new one for coming events alone; `arus rebuild --states` takes it back.

    Example: `arus codes map generic U99 delivery_failed --carrier jne --dry-run`
    """
    from msgspec.structs import asdict

    from pipeline.broker.codes import give
    from schemas.codes import MEANINGS, Unknown, mapped

    kind: Kind = "status" if status else "scan"
    if meaning not in MEANINGS[kind]:
        hint = "" if status else "; `--status` is for words for a status of orders"
        what = "status" if status else "milestone"
        raise typer.BadParameter(f"{meaning!r} is no {what}; there are {', '.join(MEANINGS[kind])}{hint}")
    if status and carrier:
        raise typer.BadParameter("a word for a status of orders has no carrier")
    mapping = mapped(Unknown(kind, source, carrier, code), meaning, time.time_ns() // 1_000_000)
    given = give(kafka(), mapping, preview, dry_run=dry_run)
    orders = [asdict(change) for change in given.orders]
    if json:
        print_json({"applied": not dry_run, "was": given.was, "scans": given.scans, "orders": orders})
        return
    show(orders, as_json=False, none="no order changes")
    told = f"{code} of {source} means {meaning} now; {given.scans:,} events were told once more"
    stay = "" if given.was == meaning else f": earlier ones stay {given.was} until `arus rebuild --states`"
    console().print(f"{'a trial' if dry_run else told}{stay}", markup=False)


def preview(broker: "Kafka", mapping: "CodeMapped") -> "list[Change]":
    """Tells of each order that a meaning touches its status before and after."""
    from agents.rules.history import take
    from agents.tracking import orders
    from pipeline.broker.codes import Change, affected
    from pipeline.broker.reader import records

    events = affected(broker, mapping)
    states = {}
    for record in records(broker, "order.snapshots") if events else ():
        if (order_id := (record.key or b"").decode()) in events and record.value:
            states[order_id] = record.value
    changes = []
    for order_id, value in sorted(states.items()):
        order = orders.decode(value)
        before = order.status
        for event in sorted(events[order_id].values(), key=lambda event: (event.occurred_at, event.event_id)):
            take(order, event)
        changes.append(Change(order_id, before, order.status, len(events[order_id])))
    return changes
