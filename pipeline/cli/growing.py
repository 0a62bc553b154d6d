"""`arus topics grow`: more partitions for all topics, with everything moved to where its key belongs."""

from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.output import Json, console, load, print_json, show
from pipeline.cli.progress import Progress
from pipeline.cli.rebuilding import some_kafka

if TYPE_CHECKING:
    from pipeline.growing.work import Grown


def grow(
    partitions: Annotated[int, typer.Option(min=1, max=1024, help="How many each topic is to have.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check, and count the rows to move.")] = False,
    json: Json = False,
) -> None:
    """Gives all topics more partitions, and moves what is known of each key to the partition that it then belongs to.

    All of Arus but Kafka must be stopped: first the gateways, which no group shows, then, when `arus lag` shows that
    nothing waits, the rest. Records stay where they lie, so that evidence stays true; rows of tables move. If it is
    cut short, the same command again ends it; until then no worker starts.

    Example: `arus topics grow --partitions 48 --dry-run`
    """
    from agents.worker import jobs
    from pipeline.growing import work

    with Progress(quiet=json) as progress, some_kafka(load(), progress) as settings:
        reads = {
            f"arus-{job}": sorted({topic for agent in agents for topic in agent.topics})
            for job, agents in jobs(settings).items()
        }
        done = work.grow(settings.kafka, partitions, reads, progress.progress, dry_run=dry_run)
        is_set = settings.kafka.partitions == partitions
    rows = [{"topic": one.topic, "rows": one.rows} for one in done.moved]
    if json:
        print_json(done._asdict() | {"moved": rows, "dry_run": dry_run})
        return
    if rows:
        show(rows, as_json=False, none="")
    for line in _told(done, dry_run=dry_run, is_set=is_set):
        console().print(line, markup=False, soft_wrap=True)


def _told(done: "Grown", *, dry_run: bool, is_set: bool) -> list[str]:
    count = done.partitions
    if done.was == count:
        return [f"all topics have {count} partitions already"]
    if dry_run:
        return [
            f"from {done.was} to {count} partitions; nothing was changed, and gateways must be stopped before it is"
        ]
    told = [f"from {done.was} to {count} partitions in {done.seconds:g} s"]
    if done.late:
        told.append(
            f"{done.late:,} webhooks came meanwhile, so a gateway still runs: each counts, but one among them that had "
            "come before is told once more; start the gateways anew"
        )
    if not is_set:
        told.append(f"set ARUS_KAFKA__PARTITIONS={count} wherever Arus runs, or its workers refuse to start")
    return [*told, "start Arus; `arus rebuild --states --shadow` proves that every state is what its webhooks tell"]
