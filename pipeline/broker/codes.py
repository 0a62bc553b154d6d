"""What no table knows of senders' codes and words: counted, given a meaning, and told once more with it."""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import msgspec
from kafka import KafkaProducer
from msgspec import Struct

from pipeline import codec
from pipeline.broker import BrokerError, admin
from pipeline.broker.asking import asking
from pipeline.broker.clients import client_options
from pipeline.broker.reader import Stored, records
from pipeline.settings import Kafka
from pipeline.sources.telling import with_meaning
from schemas.codes import CodeMapped, Kind, Unknown, unknown_in
from schemas.events import Event

TOPIC, SCANS, GROUP = "codes", "scans", "arus-intake"
UNKNOWN = (b'"milestone":"unknown"', b'"status":"unknown"')
"""What stands in each event without a meaning, and in few others: a look at the bytes spares reading the rest."""

LIE: dict[Kind, str] = {"scan": SCANS, "status": "orders"}
"""Where what was told before its meaning lies as it came; it is told once more on topic `scans`, by matching."""

COUNT: dict[Kind, str] = {"scan": "shipments", "status": "orders"}
"""Where orders were told of it."""

PATIENCE = 20.0
"""Seconds that the workers may take to learn what a code means."""

OPTIONS = {"client_id": "arus-codes", "acks": "all", "max_block_ms": 10_000}


class Code(Struct):
    """A code or word that our tables do not know, with what was said beside it; `means` is empty until it is mapped.

    `scans`: how many events said it, be they scans or reports of a status.
    """

    kind: Kind
    source: str
    carrier: str
    code: str
    words: str
    scans: int
    first_at: int
    last_at: int
    means: str = ""


class Change(Struct):
    """An order that a meaning touches: its status before and after, and how many of its events get the meaning."""

    order_id: str
    before: str
    after: str
    scans: int


class Given(NamedTuple):
    """What giving a meaning did, or would do: what the code meant before, the events told again, the orders touched."""

    was: str
    scans: int
    orders: list[Change]


Preview = Callable[[Kafka, CodeMapped], list[Change]]
"""Tells which orders a meaning touches; it takes the rules of an order to know."""


def no_preview(kafka: Kafka, mapping: CodeMapped) -> list[Change]:
    """Raises BrokerError: this process does not know the rules of an order."""
    del kafka, mapping
    raise BrokerError("this process does not know what a meaning changes; `arus codes map` does")


def unknowns(kafka: Kafka, topic: str) -> Iterator[tuple[Stored, Event, Unknown]]:
    """Gives each event of the topic that has no meaning: as it came, whatever was made of it since."""
    for record in records(kafka, topic):
        value = record.value or b""
        if any(look in value for look in UNKNOWN):
            try:
                event = codec.decode(dict(record.headers).get(codec.TYPE, b""), value)
            except (KeyError, msgspec.MsgspecError, ValueError):
                continue  # who reads the topic buries it
            if unknown := unknown_in(event):
                yield record, event, unknown


def mappings(kafka: Kafka) -> list[CodeMapped]:
    """Gives what codes mean now."""
    newest = {record.key: record.value for record in records(kafka, TOPIC)}
    return [msgspec.json.decode(value, type=CodeMapped) for value in newest.values() if value]


def codes(kafka: Kafka) -> list[Code]:
    """Counts the unknown codes and words of the last weeks, the most frequent first."""
    found: dict[Unknown, Code] = {}
    seen: set[str] = set()
    # a status that had its meaning when it came lies as it came in `scans`, one from before this was so in `orders`
    for _, event, unknown in chain(unknowns(kafka, SCANS), unknowns(kafka, "orders")):
        if event.event_id in seen:
            continue
        seen.add(event.event_id)
        code = found.setdefault(unknown, Code(*unknown, "", 0, event.received_at, event.received_at))
        code.scans += 1
        code.words = code.words or getattr(event, "words", "")
        code.first_at, code.last_at = min(code.first_at, event.received_at), max(code.last_at, event.received_at)
    told = mappings(kafka)
    for unknown, code in found.items():
        code.means = meaning(told, unknown)
    return sorted(found.values(), key=lambda code: (bool(code.means), -code.scans, code.source, code.code))


def meaning(told: Iterable[CodeMapped], unknown: Unknown) -> str:
    """Gives what a code or word means by what operators said; what they said of this carrier goes before."""
    covering = [one for one in told if one.covers(unknown)]
    return max(covering, key=lambda one: bool(one.carrier)).means if covering else ""


def affected(kafka: Kafka, mapping: CodeMapped) -> dict[str, dict[str, Event]]:
    """Gives the orders whose events a mapping would give a meaning: order → id of the event → the event with it."""
    found: dict[str, dict[str, Event]] = {}
    for _, event, unknown in unknowns(kafka, COUNT[mapping.of.kind]):
        if mapping.covers(unknown):
            found.setdefault(event.order_id, {})[event.event_id] = with_meaning(event, mapping.means)
    return found


def learn(kafka: Kafka, mapping: CodeMapped) -> None:
    """Keeps a mapping and returns when every worker counts it for new events. Raises BrokerError when none takes it."""
    with asking("the mapping cannot be kept"), KafkaProducer(**client_options(kafka), **OPTIONS) as producer:
        value = codec.encode(mapping)
        sent = [producer.send(TOPIC, value, mapping.of.key, partition=p) for p in range(kafka.partitions)]
        for future in sent:
            future.get()
    patience = time.monotonic() + PATIENCE
    with admin.connect(kafka) as door:
        while any(row.behind for row in door.lag((GROUP,)) if row.topic == TOPIC):
            if time.monotonic() > patience:
                raise BrokerError(
                    "the mapping is kept, but no intake worker takes it: start `arus agents intake`, then say it "
                    "again, and the events until now are told with it too"
                )
            time.sleep(0.2)


def give(kafka: Kafka, mapping: CodeMapped, preview: Preview, *, dry_run: bool) -> Given:
    """Gives a code a meaning, for events to come and those of the last weeks; with `dry_run` only tells what it would.

    What another meaning said of an event is not taken back: a code that has one gets a new one for coming events alone.
    """
    was = next((one.means for one in mappings(kafka) if one.of == mapping.of), mapping.means)
    is_new = was == mapping.means
    orders = preview(kafka, mapping) if is_new else []
    if dry_run:
        return Given(was, 0, orders)
    learn(kafka, mapping)
    return Given(was, retell(kafka, mapping) if is_new else 0, orders)


def retell(kafka: Kafka, mapping: CodeMapped) -> int:
    """Tells the events that came before the mapping once more, with its meaning; how often does not matter."""
    told: set[str] = set()
    with asking("events cannot be told again"), KafkaProducer(**client_options(kafka), **OPTIONS) as producer:
        for record, event, unknown in unknowns(kafka, LIE[mapping.of.kind]):
            if mapping.covers(unknown) and event.event_id not in told:
                told.add(event.event_id)
                value = codec.encode(with_meaning(event, mapping.means))
                producer.send(SCANS, value, record.key, record.headers)
        producer.flush()
    return len(told)
