"""The one poller of Kafka's groups: once a second, in a thread, however many people look."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol

import structlog

from analytics.lag import Sighting, Track, Verdict
from analytics.watermark import STAGES, Place, Stage, Watermark

log = structlog.get_logger()

EVERY = 1.0  # seconds between two polls

MOVES_KEPT = 500


class Reading(Protocol):
    """What Kafka says of one group's partition; `oldest_at` is the record time at the committed position."""

    group: str
    topic: str
    partition: int
    committed: int
    end: int
    behind: int
    oldest_at: int | None
    owner: str
    hidden: int


class Source(Protocol):
    """An open connection to Kafka."""

    def lag(self) -> Sequence[Reading]:
        """Reads where every group stands, and the ends after that."""

    def close(self) -> None:
        """Ends the connection."""


class Standing(NamedTuple):
    """How one partition of one group does; `history` is how far behind it was at the last polls.

    held_ms: for how long a transaction that hangs has hidden `hidden` records from the group; 0 while none does.
    """

    group: str
    topic: str
    partition: int
    owner: str
    committed: int
    end: int
    behind: int
    behind_ms: int
    still_ms: int
    rate_in: float
    rate_out: float
    verdict: Verdict
    eta_ms: int | None
    history: tuple[int, ...]
    hidden: int = 0
    held_ms: int = 0


class Move(NamedTuple):
    """A partition changed hands between two polls; an empty owner is nobody."""

    at: int
    group: str
    topic: str
    partition: int
    before: str
    after: str


class View(NamedTuple):
    """What the last poll showed. While Kafka does not answer the standings are the last known, with since when."""

    at: int | None = None
    standings: tuple[Standing, ...] = ()
    moves: tuple[Move, ...] = ()
    """The last that were seen, newest first, since `watched_since`."""
    watched_since: int | None = None
    watermark: int | None = None
    silent_since: int | None = None
    reason: str = ""


class Monitor:
    """Polls and keeps the newest view; whoever looks takes `view`, which never changes under their eyes."""

    def __init__(
        self,
        connect: Callable[[], Source],
        now: Callable[[], int],
        *,
        partitions: int = 1,
        stages: Sequence[Stage] = STAGES,
    ) -> None:
        self.view = View()
        self._connect, self._now = connect, now
        self._source: Source | None = None
        self._tracks: dict[tuple[str, str, int], Track] = defaultdict(Track)
        self._watermark = Watermark(stages, partitions=partitions)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)

    def start(self) -> None:
        """Begins to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the polling; does not wait for an answer that is under way."""
        self._stop.set()

    def poll(self) -> None:
        """Takes one look. A Kafka that does not answer, or says what cannot be, is part of the view, not an error."""
        at = self._now()
        try:
            self._source = self._source or self._connect()
            self._keep(at, self._source.lag())
        except Exception as error:  # noqa: BLE001  # whatever it is, the page must say so and go on
            self._lose(at, f"{type(error).__name__}: {error}")

    def _run(self) -> None:
        while not self._stop.is_set():
            self.poll()
            self._stop.wait(EVERY)
        if self._source:
            self._source.close()

    def _keep(self, at: int, readings: Iterable[Reading]) -> None:
        readings = list(readings)
        for one in readings:
            sighting = Sighting(self._now(), one.committed, one.end, one.behind, one.oldest_at, one.hidden)
            self._tracks[one.group, one.topic, one.partition].see(sighting)
        # What is left is Kafka's own marks where nothing waits, so a group stands where the first waiting record lies.
        places = {(r.group, r.topic, r.partition): Place(r.end - r.behind, r.end + r.hidden) for r in readings}
        self._watermark.see(at, places)
        standings = tuple(_standing(one, self._tracks[one.group, one.topic, one.partition]) for one in readings)
        moves = (*_moves(at, self.view.standings, standings), *self.view.moves)[:MOVES_KEPT]
        self.view = View(at, standings, moves, self.view.watched_since or at, self._watermark.value)

    def _lose(self, at: int, reason: str) -> None:
        if self.view.silent_since is None:
            log.warning("monitor.kafka_silent", reason=reason)
        self.view = self.view._replace(silent_since=self.view.silent_since or at, reason=reason)
        source, self._source = self._source, None
        if source:
            with suppress(Exception):
                source.close()


def orders_at_most(standings: Iterable[Standing]) -> int:
    """Tells how many orders may wait for their partitions: each waiting record could be of another order."""
    return sum(standing.behind + standing.hidden for standing in standings if standing.verdict != "ok")


def _moves(at: int, before: Iterable[Standing], after: Iterable[Standing]) -> Iterator[Move]:
    owners = {(s.group, s.topic, s.partition): s.owner for s in before}
    for s in after:
        owner = owners.get((s.group, s.topic, s.partition), s.owner)
        if owner != s.owner:
            yield Move(at, s.group, s.topic, s.partition, owner, s.owner)


def _standing(one: Reading, track: Track) -> Standing:
    history = tuple(sighting.behind for sighting in track.sightings)
    return Standing(
        one.group,
        one.topic,
        one.partition,
        one.owner,
        one.committed,
        one.end,
        one.behind,
        track.behind_ms(),
        track.still_ms(),
        track.rate_in(),
        track.rate_out(),
        track.verdict(),
        track.eta_ms(),
        history,
        one.hidden,
        track.held_ms(),
    )
