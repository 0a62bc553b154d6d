"""The garbage collector: switched off, and asked by hand.

Left alone it costs half of the work, as every full pass walks over all the rows that live long. What asyncio, aiokafka
and exceptions leave behind in cycles is collected when there is nothing else to do, and seldom if that is dear.
"""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger("arus.streams")

REST = 30.0
"""Seconds between two sweeps of an idle worker; a busy one is swept ten times as seldom."""

SHARE = 0.005
"""The most of our time that sweeps may take."""


@contextmanager
def collector() -> Iterator[None]:
    """Keeps the collector off inside; what was made before is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()  # frozen stays frozen, or the end of the program would go through all of it


class Sweeper:
    """Collects by hand, if the collector is off."""

    def __init__(self) -> None:
        self._last, self._rest = time.monotonic(), REST

    def sweep(self, *, idle: bool) -> None:
        """Collects what was made since the last time, if it is time for that."""
        since = time.monotonic() - self._last
        if not gc.isenabled() and since > (self._rest if idle else 10 * self._rest):
            self._collect()

    def sweep_all(self) -> None:
        """Collects everything, as after a rebalance, when the work stands still anyway."""
        if not gc.isenabled():
            gc.unfreeze()
            self._collect()

    def _collect(self) -> None:
        began = time.monotonic()
        found = gc.collect()
        gc.freeze()  # what is alive now is not looked at again
        self._last = time.monotonic()
        self._rest = max(REST, (self._last - began) / SHARE)
        log.debug("worker.swept", found=found, seconds=round(self._last - began, 3))
