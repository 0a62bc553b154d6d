"""`python -m tests.fuzz`: bodies that no sender promised, posted to the real gateway and read by the real intake.

    python -m tests.fuzz --bodies 10000
    python -m tests.fuzz --bodies 300 --sender shopee --seed 7

Each body is a sample of the sender with anything in any place, cut off, wrongly encoded, nested, doubled, or another
sender's; signed rightly, by a stranger or not at all. No answer may be 5xx; what is rightly signed is answered 2xx, and
every 2xx is in Kafka's hands as it came; what intake makes of it is events, or a dead letter that names what is wrong,
and matching, tracking and stock take every one of those events.
Ends with exit code 1 and the first bodies that broke this, if there are any.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from typing import Any, NamedTuple

import structlog
from rich.console import Console
from rich.table import Column, Table

from pipeline.sources import SOURCES
from tests.fuzz.bodies import Bodies, samples
from tests.fuzz.trial import Trial

PROOFS = ("right", "right", "right", "wrong", "none")
SHOWN = 5
"""Faults of one sender that are shown."""

out = Console(width=110, stderr=True)


class Fault(NamedTuple):
    """A body that broke something: which one it was, and what."""

    number: int
    what: str
    proof: str
    headers: dict[str, str]
    body: bytes


async def fuzz(source: str, bodies: int, seed: str, known: dict[str, list[Any]]) -> tuple[Counter[str], list[Fault]]:
    """Posts so many bodies to one sender's address; gives what became of them, and the faults."""
    trial, maker, came, faults = Trial(source), Bodies(source, seed, known), Counter[str](), list[Fault]()
    for number, body in enumerate(maker.make(bodies)):
        proof, headers = maker.dice.choice(PROOFS), maker.headers(trial.source.kept_headers)
        done = await trial.post(body, headers, proof)
        came[str(done.status)] += 1
        came["events"] += done.events
        came[f"letter {done.cause}"] += bool(done.cause)
        if done.fault:
            faults.append(Fault(number, done.fault, proof, headers, body))
    return came, faults


def main() -> int:
    """Runs all senders, or one, and prints what became of their bodies."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--bodies", type=int, default=300, help="for each sender")
    parser.add_argument("--sender", choices=sorted(SOURCES), action="append", help="only this one")
    parser.add_argument("--seed", default="arus", help="the same seed makes the same bodies")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    known, broken = samples(), 0
    columns = ("sender", "kept", "refused", "events", "letters", "faults", "bodies/s")
    table = Table(*(Column(name, justify="left" if name == "sender" else "right") for name in columns))
    for source in asked.sender or SOURCES:
        began = time.monotonic()
        came, faults = asyncio.run(fuzz(source, asked.bodies, asked.seed, known))
        kept = sum(count for name, count in came.items() if name.startswith("2"))
        letters = sum(count for name, count in came.items() if name.startswith("letter"))
        speed = asked.bodies / (time.monotonic() - began)
        figures = (kept, asked.bodies - kept, came["events"], letters, len(faults), round(speed))
        table.add_row(source, *(f"{figure:,}" for figure in figures))
        broken += len(faults)
        for fault in faults[:SHOWN]:
            told = f"{source} {fault.number} ({fault.proof}, {fault.headers}): {fault.what}"
            out.print(told, soft_wrap=True, markup=False)
            out.print(f"    {fault.body[:600]!r}", soft_wrap=True, markup=False)
    out.print(table)
    out.print(f"{broken} faults; told again by --seed {asked.seed}" if broken else "nothing broke, nothing was lost")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
