"""An hour at a steady rate, with rebalances, kills and webhooks that say nothing: everything must stay flat.

    python -m tests.endurance --rate 500 --minutes 60 --plot docs/endurance.svg

Every few minutes a second worker joins and leaves, or a process is killed with -9. Memory, file handles and threads of
each process and the time that the oldest record has waited are noted; ends with exit code 1 if one of them grows, or
if fewer webhooks are in the warehouse than were taken.
"""

import argparse
import multiprocessing
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path

import httpx
import psutil

from tests.benchmarks.figures import machine
from tests.benchmarks.freshness import TOML
from tests.endurance.flatness import Series, drawn, growth, is_flat
from tests.endurance.sending import send
from tests.journeys.system import System, until

EVERY = 10.0
"""Seconds between two looks."""

DISTURBED = 240.0
"""Seconds between two disturbances."""

SMALL = "[analytics]\nmemory_bytes = 268435456\n"
"""The warehouse keeps in memory what it has read, up to a limit: one that is reached before the growth is looked at."""

JOBS = ("agents tracking", "agents intake", "agents stock", "agents promises")
DRAINS = 300.0

Points = dict[tuple[str, str], list[tuple[float, float]]]


def main() -> int:
    """Runs it and prints what grew."""
    asked = _asked()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing is left behind
    with tempfile.TemporaryDirectory(prefix="arus-endurance-") as folder:
        Path(folder, "arus.toml").write_text(TOML + SMALL)
        system = System(Path(folder)).start()
        try:
            found, taken, counted = _run(system, asked.rate, asked.minutes * 60)
        finally:
            system.stop()
    flat = [_told(series) for series in found]
    title = f"{asked.rate:,} webhooks/s for {asked.minutes:g} minutes; {machine().partition(';')[0]}"
    print(f"{title}: {taken:,} taken, {counted:,} in the warehouse")  # noqa: T201  # it was asked for
    if asked.plot:
        asked.plot.write_text(drawn(found, title))
    return 0 if all(flat) and counted == taken else 1


def _run(system: System, rate: int, seconds: float) -> tuple[list[Series], int, int]:
    taken = multiprocessing.Value("q", 0, lock=False)
    sending = multiprocessing.Process(target=send, args=(system.ready["gateway"], rate, seconds, taken))
    began, disturbed, points = time.monotonic(), time.monotonic(), defaultdict(list)
    disturbances = cycle([(what, job) for job in JOBS for what in ("join", "kill")])
    sending.daemon = True
    sending.start()
    with system.api() as http:
        while sending.is_alive():
            sending.join(EVERY)
            at = time.monotonic() - began
            for key, value in _looked(system, http):
                points[key].append((at, value))
            if time.monotonic() - disturbed > DISTURBED:
                disturbed = time.monotonic()
                _disturb(system, *next(disturbances))
            sys.stderr.write(f"\r{at / 60:.1f} min, {taken.value:,} taken ")
        until(lambda: _counted(http) >= taken.value, DRAINS)
        return [Series(*key, told) for key, told in points.items()], taken.value, _counted(http)


def _looked(system: System, http: httpx.Client) -> Iterator[tuple[tuple[str, str], float]]:
    for name, process in system.processes().items():
        try:
            with process.oneshot():
                yield ("memory, MiB", name), process.memory_info().rss / (1 << 20)
                yield ("file handles", name), process.num_fds()
                yield ("threads", name), process.num_threads()
        except psutil.NoSuchProcess:  # it was just killed
            continue
    with suppress(httpx.HTTPError):  # who answers was just killed; the hour goes on
        lag = http.get("/v1/ops/lag").raise_for_status().json()["partitions"]
        yield ("waiting, s", "the oldest record"), max((row["behind_seconds"] for row in lag), default=0)


def _disturb(system: System, what: str, job: str) -> None:
    if what == "kill":
        system.processes()[job].kill()
    else:
        with system.second(job):
            time.sleep(EVERY)


def _counted(http: httpx.Client) -> int:
    return sum(row["accepted"] for row in http.get("/v1/ops/sources").json()["rows"])


def _told(series: Series) -> bool:
    before, after = growth(series)
    flat = is_flat(series)
    print(f"{'OK ' if flat else 'ERR'} {series.measure:14} {series.name:20} {before:10.1f} → {after:10.1f}")  # noqa: T201  # it was asked for
    return flat


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.endurance", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--rate", type=int, default=500, help="webhooks a second; each becomes some seven records in Kafka"
    )
    parser.add_argument("--minutes", type=float, default=60, help="how long")
    parser.add_argument("--plot", type=Path, help="draw it there, as SVG")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
