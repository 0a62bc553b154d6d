"""`make chaos`: faults strike a running Arus while signed webhooks flow; after each one all is counted.

    python -m tests.chaos --rounds 10 --seed 7
    python -m tests.chaos --fault broker-kill --rounds 5

A round: webhooks of some orders' lives begin to come in, people ask for things, one fault strikes, and new orders are
sent until they come out by the API: that is its recovery time. Then nothing may be lost, doubled, wrong or left
waiting; where `notify` is struck, each notice must also have come to a seller's own system, under one name. Ends with
exit code 1 unless all of that holds.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from itertools import cycle, islice
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from analytics.rebuild import warehouse_path
from analytics.warehouse import Warehouse
from pipeline.settings import load
from tests.chaos.faults import FAULTS, NOTIFY
from tests.chaos.ground import PATIENCE, Ground, ground
from tests.chaos.listening import listening

ONCE = (("deliveries", "part, kafka_offset"), ("events", "topic, part, kafka_offset"), ("transitions", "transition_id"))
"""Table of the warehouse → what no two of its rows may share."""

out = Console(width=110, stderr=True)


class Round(NamedTuple):
    """One fault, how many seconds it took until all worked again, and what did not hold afterwards."""

    fault: str
    victim: str
    seconds: float
    webhooks: int
    wrong: list[str]


def main() -> int:
    """Runs the rounds and prints what became of them."""
    asked, rounds, verdicts = _asked(), list[Round](), list[dict[str, Any]]()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing is left behind
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="arus-chaos-") as folder:
        with ground(Path(folder)) as field:
            field.probe()
            for number, (fault, victim) in enumerate(plan(asked.seed, asked.rounds, asked.fault)):
                if rounds and asked.seconds and time.monotonic() - began > asked.seconds:
                    break
                done, verdicts = _round(field, fault, victim, asked.orders, f"{asked.seed}-{number}")
                rounds.append(done)
                out.print(
                    f"{number + 1:3} {fault:13} {victim:15} works again after {done.seconds:5.1f} s  "
                    f"{'; '.join(done.wrong) or f'{done.webhooks:,} webhooks, nothing lost, doubled or wrong'}",
                    soft_wrap=True,
                )
                if done.wrong:
                    out.print(*field.complaints(), sep="\n", markup=False, soft_wrap=True)
        verdicts += _once(field)
    if asked.json:
        print(json.dumps({"rounds": [done._asdict() for done in rounds], "check": verdicts}))  # noqa: T201  # it was asked for
    else:
        _print(rounds, verdicts)
    return 0 if all(verdict["holds"] for verdict in verdicts) and not any(done.wrong for done in rounds) else 1


def plan(seed: str, rounds: int, only: str = "") -> Iterator[tuple[str, str]]:
    """Gives (fault, victim) of each round: every fault comes once before any comes again, with its next victim."""
    dice = Random(seed)
    victims = {
        name: cycle(dice.sample(fault.victims, len(fault.victims)))
        for name, fault in FAULTS.items()
        if only in {"", name}
    }
    decks = (name for _ in range(rounds) for name in dice.sample(sorted(victims), len(victims)))
    return ((name, next(victims[name])) for name in islice(decks, rounds))


def _round(field: Ground, fault: str, victim: str, orders: int, seed: str) -> tuple[Round, list[dict[str, Any]]]:
    wrong = []
    with listening(field) if victim == NOTIFY else nullcontext() as seller:
        with field.load(orders, seed) as totals, ThreadPoolExecutor(1) as aside:
            asked = aside.submit(field.ask, field.probed)
            time.sleep(1.0)
            struck = time.monotonic()
            try:
                with seller.busy() if seller else nullcontext():
                    struck = FAULTS[fault].strike(field, victim)
                field.probe()
                if seller:
                    seller.probe()
            except AssertionError as error:
                wrong.append(str(error) or "it does not work again")
            seconds = time.monotonic() - struck
            wait([asked], PATIENCE)
            if not asked.done() or asked.exception():
                wrong.append("a command was neither taken nor refused")
        verdicts = field.prove()
        wrong += [f"{verdict['what']}: {verdict['detail']}" for verdict in verdicts if not verdict["holds"]]
        wrong += seller.wrong() if seller else []
    if totals["given_up"]:
        wrong.append(f"{totals['given_up']} webhooks were not taken within three minutes")
    return Round(fault, victim, seconds, totals["accepted"], wrong), verdicts


def _once(field: Ground) -> list[dict[str, Any]]:
    """Looks into the warehouse's file itself: each record and each change of status lies there once."""
    warehouse, verdicts = Warehouse(warehouse_path(load(home=field.home))), []
    try:
        for table, key in ONCE:
            counted = f"select count(*) as rows, count(distinct ({key})) as once from raw.{table}"  # noqa: S608  # ours
            (row,) = warehouse.query(counted)
            detail = f"{row['rows']:,} rows, {row['rows'] - row['once']:,} doubled"
            verdicts.append({"what": f"{table} in the file", "holds": row["rows"] == row["once"], "detail": detail})
    finally:
        warehouse.close()
    return verdicts


def _print(rounds: list[Round], verdicts: list[dict[str, Any]]) -> None:
    table = Table("fault", "what happens", "rounds", "works again after: median", "longest", title="recovery")
    for name in dict.fromkeys(done.fault for done in rounds):
        times = [done.seconds for done in rounds if done.fault == name]
        table.add_row(name, FAULTS[name].promise, str(len(times)), f"{median(times):.1f} s", f"{max(times):.1f} s")
    result = Table("", "what", "detail", title="what became of it in the end")
    for verdict in verdicts:
        result.add_row("OK" if verdict["holds"] else "ERR", str(verdict["what"]), str(verdict["detail"]))
    for shown in (table, result):
        Console(width=110).print(shown)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        epilog="\n".join(f"  {name:14}{fault.promise}" for name, fault in FAULTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=len(FAULTS), help="how many faults strike (default: each once)")
    parser.add_argument("--seed", default="chaos", help="the same seed tells the same orders and the same faults")
    parser.add_argument("--fault", default="", choices=["", *FAULTS], metavar="NAME", help="this fault alone")
    parser.add_argument("--orders", type=int, default=40, help="how many orders live in each round")
    parser.add_argument("--seconds", type=float, default=0, help="begin no further round after so long")
    parser.add_argument("--json", action="store_true", help="tell all as one JSON object")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
