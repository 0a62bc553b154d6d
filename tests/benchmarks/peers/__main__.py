"""The simple job on Arus' stream layer and on others, on one broker, in turn: `python -m tests.benchmarks.peers`.

Each reads the same JSON events of 100,000 orders from 8 partitions, counts them in the order's state, and writes an
output for each. Arus commits batch by batch, all others once a second. Each output is checked. What peers need is
fetched at first use, into environments of their own in the cache of the embedded broker.
"""

import argparse
import asyncio
import signal
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import psutil

from pipeline.broker.embedded import EmbeddedKafka
from pipeline.settings import Kafka, load
from tests.benchmarks.figures import machine
from tests.benchmarks.peers.course import Ground, fill, run
from tests.benchmarks.peers.environments import Absent, command
from tests.benchmarks.peers.measures import Outcome
from tests.benchmarks.peers.registry import PEERS
from tests.benchmarks.peers.table import noise, table
from tests.benchmarks.peers.watch import Failed


def say(line: str) -> None:
    """Tells what goes on, beside the table."""
    sys.stderr.write(f"{line}\n")


def commands(names: list[str], failed: dict[str, str]) -> dict[str, list[str]]:
    """Gives what starts each peer; those that cannot run here go to `failed`."""
    found = {}
    for name in names:
        try:
            found[name] = command(PEERS[name], load(), say)
        except Absent as why:
            failed[name] = f"not here: {why}"
    return found


async def measure(options: argparse.Namespace, ground: Ground) -> tuple[dict[str, list[Outcome]], dict[str, str]]:
    """Runs all peers in turn, as often as asked; gives what was found and what failed, and why."""
    found: dict[str, list[Outcome]] = defaultdict(list)
    failed: dict[str, str] = {}
    starts = commands(options.only, failed)
    say(f"{options.events:,} events of {await fill(ground, options.events):.0f} bytes")
    for _ in range(options.runs):
        for name, start in starts.items():
            try:
                outcome = await run(PEERS[name], start, ground, options.events)
            except Failed as why:
                failed[name] = str(why)
                say(f"{name}: {why}")
            else:
                found[name].append(outcome)
                say(f"{name}: {outcome}")
    return found, failed


def main() -> None:
    """Measures and prints the table."""
    parse = argparse.ArgumentParser(prog="python -m tests.benchmarks.peers", description=__doc__)
    parse.add_argument("--runs", type=int, default=3)
    parse.add_argument("--events", type=int, default=1_000_000)
    parse.add_argument("--only", type=lambda text: text.split(","), default=list(PEERS), help=",".join(PEERS))
    options = parse.parse_args()
    if unknown := set(options.only) - set(PEERS):
        parse.error(f"there is no {', '.join(unknown)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what it started, as Ctrl-C does
    with (
        tempfile.TemporaryDirectory(prefix="arus-peers-") as home,
        EmbeddedKafka(Path(home, "kafka"), load().cache) as kafka,
    ):
        ground = Ground(Kafka(bootstrap_servers=kafka.bootstrap), psutil.Process(kafka.pid), Path(home))
        found, failed = asyncio.run(measure(options, ground))
    sys.stdout.write(
        f"{options.events:,} events of 100,000 orders, {options.runs} runs in turn; {machine()}; {noise(found)}\n\n"
        f"{table(found, failed)}\n"
    )


if __name__ == "__main__":
    main()
