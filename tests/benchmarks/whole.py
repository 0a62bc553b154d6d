"""What a webhook costs on its whole way, and what it costs to do it all over: CPU, memory, disk, rebuild.

`python -m tests.benchmarks.whole 1000` has a whole Arus take the lives of so many orders from the demo's senders, as
fast as it can, and prints one run as JSON. The bench does it three times, and once with ten times the orders.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pipeline.simulate.demo import open_shop
from tests.benchmarks.figures import Figure, apart, tell_and_end
from tests.journeys.system import System, until

NAME = "tests.benchmarks.whole"
ORDERS = 1_000
PATIENCE = 1_800.0
MIB = 1 << 20

STORES = {"Kafka": "kafka", "tables": "tables", "warehouse": "arus.duckdb"}
"""What takes room on disk → its file or folder in the home."""


def run(orders: int) -> dict[str, Any]:
    """Gives CPU seconds and MiB on disk for a million webhooks, memory, and webhooks per second of both rebuilds."""
    with tempfile.TemporaryDirectory(prefix="arus-bench-") as folder:
        system = System(Path(folder))
        open_shop(system.home)
        system.start()
        try:
            idle = _cpu(system)
            done = _told(system, "simulate", "--orders", str(orders), "--seed", "bench", "--commands", "0")
            until(lambda: not any(row["behind"] for row in _told(system, "lag")), PATIENCE)
            spent = {name: seconds - idle.get(name, 0) for name, seconds in _cpu(system).items()}
            memory = sum(process.memory_info().rss for process in system.processes().values()) / MIB
            states = _told(system, "rebuild", "--states", "--shadow")
        finally:
            system.stop()
        room = {name: _size(system.home / place) / MIB for name, place in STORES.items()}
        began = time.perf_counter()
        _told(system, "rebuild")
        rebuilt = time.perf_counter() - began
    webhooks = done["webhooks"]
    return {
        "webhooks": webhooks,
        "cpu": {name: seconds / webhooks * 1e6 for name, seconds in spent.items()},
        "disk": {name: size / webhooks * 1e6 for name, size in room.items()},
        "memory": memory,
        "states": webhooks / states["seconds"],
        "rebuild": webhooks / rebuilt,
    }


def figures(orders: int = ORDERS) -> list[Figure]:
    """Runs it three times, each in a process of its own, and once with ten times the orders."""
    runs = [apart(NAME, orders) for _ in range(3)]
    many = apart(NAME, 10 * orders)
    each = f"{runs[0]['webhooks']:,} webhooks each, of {orders:,} orders"
    more = f"{many['webhooks']:,} webhooks, of {10 * orders:,} orders"
    return [
        _figure("CPU of all processes, a million webhooks", "s", [*map(_cpu_of, runs)], f"{each}; {_parts(runs[0])}"),
        _figure("the same with ten times the orders", "s", [_cpu_of(many)], f"{more}; {_parts(many)}"),
        _figure("disk of a million webhooks", "MiB", [*map(_disk_of, runs)], f"{each}; {_rooms(runs[0])}"),
        _figure("the same with ten times the orders", "MiB", [_disk_of(many)], f"{more}; {_rooms(many)}"),
        _figure("memory of all processes", "MiB", [run["memory"] for run in runs], each),
        _figure("the same with ten times the orders", "MiB", [many["memory"]], more),
        _figure("states anew, `arus rebuild --states --shadow`", "webhooks/s", [many["states"]], more),
        _figure("warehouse anew, `arus rebuild`", "webhooks/s", [many["rebuild"]], f"{more}; starting Kafka included"),
    ]


def _figure(name: str, unit: str, values: list[float], note: str) -> Figure:
    return Figure(name, unit, tuple(values), note=note)


def _cpu_of(run: dict[str, Any]) -> float:
    return float(sum(run["cpu"].values()))


def _disk_of(run: dict[str, Any]) -> float:
    return float(sum(run["disk"].values()))


def _parts(run: dict[str, Any]) -> str:
    return ", ".join(f"{name} {seconds:,.0f}" for name, seconds in run["cpu"].items())


def _rooms(run: dict[str, Any]) -> str:
    return ", ".join(f"{name} {size:,.0f}" for name, size in run["disk"].items())


def _told(system: System, *command: str) -> Any:
    done = system.run(*command, "--json", patience=PATIENCE)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def _cpu(system: System) -> dict[str, float]:
    return {name: sum(process.cpu_times()[:2]) for name, process in system.processes().items()}


def _size(place: Path) -> int:
    """Gives what files really take: Kafka sets room aside that holds nothing."""
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.stat().st_blocks * 512 for file in files if file.is_file())


if __name__ == "__main__":
    tell_and_end(run(int(sys.argv[1])))
