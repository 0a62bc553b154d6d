"""States anew: every order folded from its webhooks beside the live ones, compared, and put right while work goes on.

A wrong state is not swapped for another table: a correction names the very state that it replaces, goes to tracking
like any fact, and counts only where that state still stands. So nothing stands still, and what is told meanwhile wins.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
from kafka import KafkaProducer

from agents.rules.fold import FOLDS
from analytics.rebuilding.filling import Progress
from analytics.rebuilding.pile import Pile
from pipeline import codec
from pipeline.broker import BrokerError, admin, codes
from pipeline.broker.asking import asking
from pipeline.broker.clients import client_options
from pipeline.broker.reader import Stored, records
from pipeline.cli.states.gathering import gather, known
from pipeline.cli.states.judging import Judged, Suspect, judge
from pipeline.cli.states.reasons import Wrong, explain
from pipeline.cli.states.sources import Source
from pipeline.settings import Kafka, Settings
from schemas.corrections import Correction
from schemas.ids import digest
from schemas.registry import EVENTS

TOPIC = "order.corrections"
LOOKS = 3
"""How often what is still wrong, as more was told of it meanwhile, is corrected."""

PATIENCE = 60.0
"""Seconds that workers may take to come up to where a look began."""

OPTIONS = {"client_id": "arus-states", "acks": "all", "max_block_ms": 10_000}


class Anew(NamedTuple):
    """What came of it; the counts are those of the last look.

    wrong: the states that the first look found, with their reasons; left: those that still are. moving: told of while
    we looked, so not judged. older: than what is kept of webhooks. untold: known from no webhook.
    """

    webhooks: int
    orders: int
    wrong: list[Wrong]
    left: int
    moving: int
    older: int
    untold: int
    seconds: float


class Look(NamedTuple):
    """One comparison: webhooks read, what was found, and why."""

    webhooks: int
    judged: Judged
    wrong: list[Wrong]


def fold_anew(settings: Settings, *, archived: bool, shadow: bool, progress: Progress) -> Anew:
    """Compares all states with what webhooks tell and corrects those that are wrong; `shadow` only compares.

    Raises BrokerError when workers do not come up to what is compared.
    """
    began = time.monotonic()
    first = last = _look(settings, Source(settings, archived=archived), progress)
    for _ in range(0 if shadow else LOOKS):
        if not last.wrong:
            break
        progress(0, 0, f"correcting {len(last.wrong):,} states")
        _correct(settings.kafka, last)
        last = _look(settings, Source(settings, archived=archived), progress)
    same, suspects, moving, older, untold = last.judged
    orders = same + len(suspects) + moving + older
    seconds = round(time.monotonic() - began, 1)
    return Anew(last.webhooks, orders, first.wrong, len(suspects), moving, older, untold, seconds)


def _look(settings: Settings, source: Source, progress: Progress) -> Look:
    kafka, now = settings.kafka, _now()
    with Pile(settings.home / "states.duckdb") as pile:
        webhooks = gather(pile, settings, source.records, codes.mappings(kafka), lambda far: progress(0, 0, far))
        progress(0, 0, "waiting for the workers")
        for group in ("arus-intake", "arus-intake", "arus-tracking"):  # intake reads what it wrote itself: scans
            _wait_for(kafka, group)
        progress(0, 0, "reading states")
        pile.keep(record for record in records(kafka, "order.snapshots") if record.key)
        progress(0, 0, f"folding {webhooks:,} webhooks")
        judged = judge(known(pile), now, source.reach)
    return Look(webhooks, judged, _explained(source, judged.suspects))


def _explained(source: Source, suspects: Iterable[Suspect]) -> list[Wrong]:
    by_order = {suspect.anew.order_id: suspect for suspect in suspects}
    heard: dict[str, defaultdict[str, set[bytes]]] = {order_id: defaultdict(set) for order_id in by_order}
    for topic in sorted({EVENTS[kind].topic for kind in FOLDS}) if by_order else ():
        for record in source.records(topic):
            if (order_id := (record.key or b"").decode()) in heard:
                _hear(heard[order_id], record)
    return [explain(suspect, heard[order_id]) for order_id, suspect in by_order.items()]


def _hear(heard: Mapping[str, set[bytes]], record: Stored) -> None:
    try:
        event = codec.decode(dict(record.headers).get(codec.TYPE, b""), record.value or b"")
    except (KeyError, msgspec.MsgspecError, ValueError):
        return  # tracking buried it
    heard[event.event_id].add(codec.encode(event))


def _correct(kafka: Kafka, look: Look) -> None:
    with asking("corrections cannot be sent"), KafkaProducer(**client_options(kafka), **OPTIONS) as producer:
        for suspect, wrong in zip(look.judged.suspects, look.wrong, strict=True):
            name = digest(wrong.order_id, suspect.was, codec.encode(suspect.anew))
            told = Correction(name, wrong.order_id, suspect.was, suspect.anew, wrong.why, _now())
            producer.send(TOPIC, codec.encode(told), wrong.order_id.encode())
        producer.flush()
    _wait_for(kafka, "arus-tracking")


def _wait_for(kafka: Kafka, group: str) -> None:
    """Returns when a group has read all that lies there now."""
    now, patience = _now(), time.monotonic() + PATIENCE
    with admin.connect(kafka) as door:
        while waiting := sum(row.behind for row in door.lag((group,)) if row.oldest_at and row.oldest_at <= now):
            if time.monotonic() > patience:
                job = group.removeprefix("arus-")
                raise BrokerError(f"{waiting:,} records still wait for {group}: `arus agents {job}` must run")
            time.sleep(0.3)


def _now() -> int:
    return time.time_ns() // 1_000_000
