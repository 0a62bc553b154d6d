"""The commands put together."""

import typer

from pipeline.cli import asking, completing, demo, operating, running, senders, simulating, stocking

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Turns the webhooks of marketplaces, carriers and payment providers into the truth about every order.",
    epilog="Settings: `arus.toml`, then the environment (`ARUS_*`). `arus doctor` shows each and where it came from.",
)
for room in (demo, running, operating, asking, senders, completing, stocking, simulating):
    room.add_to(app)
