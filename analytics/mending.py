"""Mending: a transaction that Kafka left open is ended as it was decided, before anybody has to be called."""

import threading
from collections.abc import Callable, Iterable

import structlog

from analytics.monitor import View
from pipeline.broker.hanging import Hanging

log = structlog.get_logger()

EVERY = 10.0
"""Seconds between two looks."""


class Mender:
    """Looks at what the monitor saw; `mend` ends what hangs and gives it."""

    def __init__(self, view: Callable[[], View], mend: Callable[[], Iterable[Hanging]]) -> None:
        self._view, self._mend = view, mend
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mender", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the looking; does not wait for what is under way."""
        self._stop.set()

    def look(self) -> None:
        """Takes one look. Where it may not or cannot mend, the page says what an operator can do."""
        try:
            if any(standing.held_ms for standing in self._view().standings):
                for one in self._mend():
                    log.warning("mending.ended", topic=one.topic, partition=one.partition, committed=one.committed)
        except Exception as error:  # noqa: BLE001  # nobody would notice that this thread has ended
            log.warning("mending.failed", why=f"{type(error).__name__}: {error}")

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            self.look()
