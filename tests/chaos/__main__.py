"""`make chaos`: kill -9 of each process in turn, and of Kafka, during a simulated load; then the proof.

    python -m tests.chaos --rounds 1 --orders 1500

Ends with exit code 1 unless every accepted webhook is there once, and every order is what its webhooks say.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import NamedTuple

import httpx
from rich.console import Console
from rich.table import Table

from analytics.rebuild import warehouse_path
from analytics.warehouse import Warehouse
from pipeline.broker.embedded.java import answers
from pipeline.settings import load
from pipeline.simulate import demo
from tests.journeys.system import System, until

VICTIMS = ("gateway", "agents intake", "agents tracking", "agents stock", "analytics", "kafka")
SPACING = 8.0
"""Seconds from one kill to the next, at least."""

WEBHOOKS = 13.5
"""How many webhooks an order's life has."""

out = Console(width=110)


class Kill(NamedTuple):
    """One process killed: at which second of the load, and how long until it worked again."""

    victim: str
    at: float
    back_after: float
    under_load: bool


def main() -> int:
    """Runs the rounds and prints what became of them."""
    asked = _asked()
    with tempfile.TemporaryDirectory(prefix="arus-chaos-") as folder:
        system = System(Path(folder))
        demo.open_shop(system.home)
        system.start()
        try:
            kills, totals = _storm(system, asked)
            verified = system.run("verify", "--record", str(system.folder / "accepted.jsonl"), "--json", patience=900)
        finally:
            system.stop()
        verdicts = [*_verdicts(verified), *_once(system)]
    _print(kills, totals, verdicts)
    return 0 if all(verdict["holds"] for verdict in verdicts) else 1


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=2, help="how often each process is killed")
    parser.add_argument("--orders", type=int, default=6_000, help="how many orders live meanwhile")
    parser.add_argument(
        "--seed", default="chaos", help="the same seed tells the same orders and kills in the same order"
    )
    return parser.parse_args()


def _storm(system: System, asked: argparse.Namespace) -> tuple[list[Kill], dict[str, object]]:
    """Kills every victim in each round while the load runs; gives the kills and the load's totals."""
    dice = Random(asked.seed)
    victims = [victim for _ in range(asked.rounds) for victim in dice.sample(VICTIMS, len(VICTIMS))]
    rate = round(asked.orders * WEBHOOKS / (SPACING * (len(victims) + 1)))
    story = ("--orders", str(asked.orders), "--seed", asked.seed, "--rate", str(rate), "--json")
    command = [sys.executable, "-m", "pipeline.cli", "simulate", *story, "--record", "accepted.jsonl"]
    out.print(
        f"{asked.orders:,} orders at {rate:,} webhooks a second; to be killed: {', '.join(victims)}", soft_wrap=True
    )
    started, kills = time.monotonic(), []
    with subprocess.Popen(
        command, cwd=system.folder, env=system.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as load_:
        for number, victim in enumerate(victims, 1):
            time.sleep(max(0.0, started + SPACING * (number + dice.uniform(-0.3, 0.3)) - time.monotonic()))
            at, under_load = time.monotonic() - started, load_.poll() is None
            kills.append(Kill(victim, at, _kill(system, victim), under_load))
            out.print(f"{at:5.0f} s  killed {victim:16} back after {kills[-1].back_after:.1f} s")
        told, _ = load_.communicate(timeout=900)
    return kills, json.loads(told)


def _kill(system: System, victim: str) -> float:
    """Kills a process and gives the seconds until its successor works."""
    killed = system.processes()[victim]
    killed.kill()
    started = time.monotonic()
    until(
        lambda: (
            (found := system.processes().get(victim)) and found.pid != killed.pid and _works(system, victim, found.pid)
        )
    )
    return time.monotonic() - started


def _works(system: System, victim: str, pid: int) -> bool:
    if victim == "kafka":
        return answers(json.loads((system.home / "kafka" / "owner.json").read_text())["port"])
    if victim.startswith("agents"):
        file = system.home / "run" / f"{victim.removeprefix('agents ')}.ready"
        return file.exists() and file.read_text() == str(pid)
    url = system.ready["gateway" if victim == "gateway" else "api"]
    try:
        return httpx.get(f"{url}/readyz", timeout=2).is_success
    except httpx.TransportError:
        return False


def _verdicts(verified: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    if not verified.stdout:
        return [{"what": "the proof", "holds": False, "detail": verified.stderr.strip()}]
    return list(json.loads(verified.stdout))


def _once(system: System) -> list[dict[str, object]]:
    """Looks into the warehouse's file itself: each record and each change of status lies there once."""
    warehouse = Warehouse(warehouse_path(load(home=system.home)))
    verdicts = []
    try:
        for table, key in (
            ("deliveries", "part, kafka_offset"),
            ("events", "topic, part, kafka_offset"),
            ("transitions", "transition_id"),
            ("movements", "movement_id"),
        ):
            counted = f"select count(*) as rows, count(distinct ({key})) as once from raw.{table}"  # noqa: S608  # ours
            (row,) = warehouse.query(counted)
            detail = f"{row['rows']:,} rows, {row['rows'] - row['once']:,} doubled"
            verdicts.append(
                {"what": f"{table} in the warehouse's file", "holds": row["rows"] == row["once"], "detail": detail}
            )
    finally:
        warehouse.close()
    return verdicts


def _print(kills: list[Kill], totals: dict[str, object], verdicts: list[dict[str, object]]) -> None:
    table = Table("killed", "at", "back after", "under load", title="kill -9")
    for kill in kills:
        table.add_row(kill.victim, f"{kill.at:.0f} s", f"{kill.back_after:.1f} s", "yes" if kill.under_load else "no")
    out.print(table)
    out.print(
        f"webhooks: {totals['accepted']:,} accepted, {totals['retried']:,} tried again, {totals['given_up']:,} given up"
    )
    result = Table("", "what", "detail", title="what became of it")
    for verdict in verdicts:
        result.add_row("OK" if verdict["holds"] else "ERR", str(verdict["what"]), str(verdict["detail"]))
    out.print(result)


if __name__ == "__main__":
    sys.exit(main())
