"""What a benchmark says: a figure with its spread, the machine and the versions it was measured on."""

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, NamedTuple, NoReturn

import psutil

LIBRARIES = ("faust-streaming", "aiokafka", "duckdb", "msgspec", "rocksdict", "starlette", "uvicorn")


class Figure(NamedTuple):
    """One row of the table: the same measurement several times. `goal` is what it should reach."""

    name: str
    unit: str
    values: tuple[float, ...]
    goal: str = ""
    note: str = ""

    @property
    def median(self) -> float:
        """The figure to quote."""
        return statistics.median(self.values)

    def row(self) -> str:
        """Gives the row as Markdown: name, median, lowest to highest, goal, note."""
        spread = f"{_round(min(self.values))}-{_round(max(self.values))}"
        return f"| {self.name} | **{_round(self.median)}** {self.unit} | {spread} | {self.goal} | {self.note} |"


def _round(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(figures: list[Figure]) -> str:
    """Gives all figures as one Markdown table under a line about the machine."""
    head = f"{machine()}\n\n| what | median | lowest-highest | goal | note |\n|---|---|---|---|---|"
    return "\n".join([head, *(figure.row() for figure in figures)])


def machine() -> str:
    """Tells what this was measured on."""
    memory = psutil.virtual_memory().total / (1 << 30)
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; {libraries}; load average at the end {os.getloadavg()[0]:.1f}"
    )


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123  # not a path of ours
        return next(
            (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
        )


def apart(module: str, *arguments: object) -> dict[str, Any]:
    """Runs a benchmark in a process of its own, and gives what it told as JSON."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return dict(json.loads(told.splitlines()[-1]))


def tell_and_end(result: dict[str, Any]) -> NoReturn:
    """Tells a result as `apart` reads it, and ends the process: kafka-python's threads need no farewell."""
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
    os._exit(0)


def repeated(measure: Callable[[], float], times: int = 3) -> tuple[float, ...]:
    """Measures several times."""
    return tuple(measure() for _ in range(times))
