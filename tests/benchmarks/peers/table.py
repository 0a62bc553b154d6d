"""The table: a row for each peer, with all that was found, or why there is nothing."""

import statistics
from collections.abc import Mapping, Sequence

from tests.benchmarks.peers.measures import Outcome
from tests.benchmarks.peers.registry import BASE, PEERS

HEAD = (
    "| what | events/s, last 80 % | lowest-highest | CPU each | memory | promise | to Kafka Streams | told |\n"
    "|---|---|---|---|---|---|---|---|"
)


def table(found: Mapping[str, Sequence[Outcome]], failed: Mapping[str, str]) -> str:
    """Gives the rows as Markdown, in the order of PEERS; medians of all runs, the most memory of any."""
    names = [name for name in PEERS if found.get(name) or name in failed]
    return "\n".join(
        [HEAD, *(_row(name, found.get(name, ()), found.get(BASE, ()), failed.get(name)) for name in names)]
    )


def _row(name: str, runs: Sequence[Outcome], base: Sequence[Outcome], failed: str | None) -> str:
    peer = PEERS[name]
    if not runs:
        return f"| {peer.title} | - | - | - | - | {peer.promise} | - | {failed} |"
    rates = [run.rate for run in runs]
    ratio = f"{statistics.median(rates) / statistics.median(run.rate for run in base):.2f}" if base else "-"
    cost = statistics.median(run.microseconds for run in runs)
    memory = max(run.mebibytes for run in runs)
    cells = (
        peer.title,
        f"**{statistics.median(rates):,.0f}**",
        f"{min(rates):,.0f}-{max(rates):,.0f}",
        f"{cost:.1f} µs",
        f"{memory:,.0f} MiB",
        peer.promise,
        ratio,
        "; ".join(_told(runs, failed)),
    )
    return f"| {' | '.join(cells)} |"


def _told(runs: Sequence[Outcome], failed: str | None) -> list[str]:
    """Tells what a reader should know beside the figures."""
    lost, doubled = sum(run.lost for run in runs), sum(run.doubled for run in runs)
    stopped = [run.outputs for run in runs if not run.whole]
    told = [f"{lost:,} lost"] * bool(lost) + [f"{doubled:,} doubled"] * bool(doubled)
    if not told:
        told = ["each output once"]
    if stopped:
        told.append(f"{len(stopped)} of {len(runs)} stopped at {min(stopped):,} events or more")
    return told + ([f"another run: {failed}"] if failed else [])


def noise(found: Mapping[str, Sequence[Outcome]]) -> str:
    """Tells how much of the machine others took meanwhile."""
    shares = sorted(run.others * 100 for runs in found.values() for run in runs)
    if not shares:
        return "nothing was measured"
    return (
        f"others took {statistics.median(shares):.0f} % of the machine during a run in the middle, "
        f"{shares[0]:.0f} to {shares[-1]:.0f} % in all"
    )
