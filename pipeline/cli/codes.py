"""`arus codes`: senders' codes that no table knows, and what operators say that they mean."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.output import Json, console, kafka, print_json, show

if TYPE_CHECKING:
    from pipeline.settings import Kafka
    from schemas.codes import CodeMapped

group = typer.Typer(no_args_is_help=True, help="Senders' codes that no table knows, and what they mean.")


@group.command("list")
def list_codes(*, json: Json = False) -> None:
    """Lists the unknown codes of the last weeks with their carriers' words, the unmapped and the frequent first.

    Example: `arus codes list --json`
    """
    from msgspec.structs import asdict

    from pipeline.broker.codes import codes
    from schemas.times import rfc3339

    rows = [
        {**asdict(code), "first_at": rfc3339(code.first_at), "last_at": rfc3339(code.last_at)}
        for code in codes(kafka())
    ]
    columns = ("source", "carrier", "code", "words", "scans", "last_at", "means")
    show(rows, as_json=json, none="every code is known", columns=columns)


@group.command("map")
def map_code(  # noqa: PLR0913  # its options
    source: Annotated[str, typer.Argument(help="The sender, as `list` shows it.")],
    code: Annotated[str, typer.Argument(help="Its code, to the letter.")],
    milestone: Annotated[str, typer.Argument(help="What it means: picked_up, in_transit, delivered …")],
    carrier: Annotated[str, typer.Option(help="Only of parcels of this carrier.")] = "",
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show which orders it would change, and how.")
    ] = False,
    json: Json = False,
) -> None:
    """Gives a code a meaning: for scans that come, and for those of the last weeks, which are told once more with it.

    Shows the orders that this changes. Facts are only ever added: what a mapping said of a scan is not taken back by
    another, so a code that has a meaning gets a new one for coming scans alone.

    Example: `arus codes map generic U99 delivery_failed --carrier jne --dry-run`
    """
    from typing import get_args

    from pipeline.broker.codes import learn, mappings, retell
    from schemas.codes import CodeMapped
    from schemas.shipments import Milestone

    meanings = [meaning for meaning in get_args(Milestone) if meaning != "unknown"]
    if milestone not in meanings:
        raise typer.BadParameter(f"{milestone!r} is no milestone; there are {', '.join(meanings)}")
    now, broker = time.time_ns() // 1_000_000, kafka()
    mapping = CodeMapped(source, carrier, code, milestone, now)  # type: ignore[arg-type]  # it is one of them
    before = next((one.milestone for one in mappings(broker) if one.key == mapping.key), milestone)
    orders = _preview(broker, mapping) if before == milestone else []
    told = 0
    if not dry_run:
        learn(broker, mapping)
        told = retell(broker, mapping) if before == milestone else 0
    if json:
        print_json({"applied": not dry_run, "was": before, "scans": told, "orders": orders})
        return
    show(orders, as_json=False, none="no order changes")
    done = f"{code} of {source} means {milestone} now; {told:,} scans were told once more" if not dry_run else "a trial"
    console().print(done if before == milestone else f"{done}: earlier ones stay {before}", markup=False)


def _preview(broker: "Kafka", mapping: "CodeMapped") -> list[dict[str, Any]]:
    """Tells of each order that a mapping touches its status before and after."""
    from agents.rules.history import take
    from agents.tracking import orders
    from pipeline.broker.codes import affected
    from pipeline.broker.reader import records

    scans = affected(broker, mapping)
    states = {}
    for record in records(broker, "order.snapshots") if scans else ():
        if (order_id := (record.key or b"").decode()) in scans and record.value:
            states[order_id] = record.value
    rows = []
    for order_id, value in sorted(states.items()):
        order = orders.decode(value)
        before = order.status
        for event in sorted(scans[order_id].values(), key=lambda event: (event.occurred_at, event.event_id)):
            take(order, event)
        rows.append({"order_id": order_id, "before": before, "after": order.status, "scans": len(scans[order_id])})
    return rows
