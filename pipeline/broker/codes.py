"""Codes that no table knows: counted, given a meaning, and the scans of the last weeks told once more with it."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, cast

import msgspec
from kafka import KafkaProducer
from msgspec import Struct

from pipeline import codec
from pipeline.broker import BrokerError, admin
from pipeline.broker.asking import asking
from pipeline.broker.clients import client_options
from pipeline.broker.reader import Stored, records
from pipeline.settings import Kafka
from pipeline.sources.telling import with_milestone
from schemas.codes import CodeMapped
from schemas.shipments import PackageScanned

TOPIC, SCANS, GROUP = "codes", "scans", "arus-intake"
SCANNED = (codec.TYPE, b"package_scanned")
UNKNOWN = b'"milestone":"unknown"'
"""What stands in each scan of an unknown code, and in few others: a look at the bytes spares reading the rest."""

PATIENCE = 20.0
"""Seconds that the workers may take to learn what a code means."""

OPTIONS = {"client_id": "arus-codes", "acks": "all", "max_block_ms": 10_000}


class Code(Struct):
    """A code that our tables do not know, with what its carrier said beside it; `means` is empty until it is mapped."""

    source: str
    carrier: str
    code: str
    words: str
    scans: int
    first_at: int
    last_at: int
    means: str = ""


class Change(Struct):
    """An order that a meaning touches: its status before and after, and how many of its scans get the meaning."""

    order_id: str
    before: str
    after: str
    scans: int


class Given(NamedTuple):
    """What giving a meaning did, or would do: what the code meant before, the scans told again, the orders touched."""

    was: str
    scans: int
    orders: list[Change]


Preview = Callable[[Kafka, CodeMapped], list[Change]]
"""Tells which orders a meaning touches; it takes the rules of an order to know."""


def no_preview(kafka: Kafka, mapping: CodeMapped) -> list[Change]:
    """Raises BrokerError: this process does not know the rules of an order."""
    del kafka, mapping
    raise BrokerError("this process does not know what a meaning changes; `arus codes map` does")


def unknown_scans(kafka: Kafka, topic: str = SCANS) -> Iterator[tuple[Stored, PackageScanned]]:
    """Gives each scan of an unknown code that the topic holds: as it came, whatever was made of it since."""
    for record in records(kafka, topic):
        if UNKNOWN in (record.value or b"") and SCANNED in record.headers:
            try:
                event = cast("PackageScanned", codec.decode(SCANNED[1], record.value or b""))
            except (msgspec.MsgspecError, ValueError):
                continue  # matching buries it
            if event.milestone == "unknown":
                yield record, event


def mappings(kafka: Kafka) -> list[CodeMapped]:
    """Gives what codes mean now."""
    newest = {record.key: record.value for record in records(kafka, TOPIC)}
    return [msgspec.json.decode(value, type=CodeMapped) for value in newest.values() if value]


def codes(kafka: Kafka) -> list[Code]:
    """Counts the unknown codes of the last weeks, the most frequent first."""
    found: dict[tuple[str, str, str], Code] = {}
    seen: set[str] = set()
    for _, event in unknown_scans(kafka):
        if event.event_id in seen:
            continue
        seen.add(event.event_id)
        name = (event.source, event.carrier, event.code)
        code = found.setdefault(name, Code(*name, "", 0, event.received_at, event.received_at))
        code.scans += 1
        code.words = code.words or event.words
        code.first_at, code.last_at = min(code.first_at, event.received_at), max(code.last_at, event.received_at)
    told = mappings(kafka)
    for code in found.values():
        code.means = meaning(told, code.source, code.carrier, code.code)
    return sorted(found.values(), key=lambda code: (bool(code.means), -code.scans, code.source, code.code))


def meaning(told: Iterable[CodeMapped], source: str, carrier: str, code: str) -> str:
    """Gives the milestone that a code has by what operators said; what they said of this carrier goes before."""
    covering = [one for one in told if one.covers(source, carrier, code)]
    return max(covering, key=lambda one: bool(one.carrier)).milestone if covering else ""


def affected(kafka: Kafka, mapping: CodeMapped) -> dict[str, dict[str, PackageScanned]]:
    """Gives the orders whose scans a mapping would give a meaning: order → id of the event → the scan with it."""
    found: dict[str, dict[str, PackageScanned]] = {}
    for _, event in unknown_scans(kafka, "shipments"):
        if mapping.covers(event.source, event.carrier, event.code):
            found.setdefault(event.order_id, {})[event.event_id] = with_milestone(event, mapping.milestone)
    return found


def learn(kafka: Kafka, mapping: CodeMapped) -> None:
    """Keeps a mapping and returns when every worker counts it for new scans. Raises BrokerError when none takes it."""
    with asking("the mapping cannot be kept"), KafkaProducer(**client_options(kafka), **OPTIONS) as producer:
        value = codec.encode(mapping)
        sent = [producer.send(TOPIC, value, mapping.key, partition=p) for p in range(kafka.partitions)]
        for future in sent:
            future.get()
    patience = time.monotonic() + PATIENCE
    with admin.connect(kafka) as door:
        while any(row.behind for row in door.lag((GROUP,)) if row.topic == TOPIC):
            if time.monotonic() > patience:
                raise BrokerError(
                    "the mapping is kept, but no intake worker takes it: start `arus agents intake`, then say it "
                    "again, and the scans until now are told with it too"
                )
            time.sleep(0.2)


def give(kafka: Kafka, mapping: CodeMapped, preview: Preview, *, dry_run: bool) -> Given:
    """Gives a code a meaning, for scans that come and those of the last weeks; with `dry_run` only tells what it would.

    What another meaning said of a scan is not taken back: a code that has one gets a new one for coming scans alone.
    """
    was = next((one.milestone for one in mappings(kafka) if one.key == mapping.key), mapping.milestone)
    is_new = was == mapping.milestone
    orders = preview(kafka, mapping) if is_new else []
    if dry_run:
        return Given(was, 0, orders)
    learn(kafka, mapping)
    return Given(was, retell(kafka, mapping) if is_new else 0, orders)


def retell(kafka: Kafka, mapping: CodeMapped) -> int:
    """Tells the scans that came before the mapping once more, with its milestone; how often does not matter."""
    told: set[str] = set()
    with asking("scans cannot be told again"), KafkaProducer(**client_options(kafka), **OPTIONS) as producer:
        for record, event in unknown_scans(kafka):
            if mapping.covers(event.source, event.carrier, event.code) and event.event_id not in told:
                told.add(event.event_id)
                value = codec.encode(with_milestone(event, mapping.milestone))
                producer.send(SCANS, value, record.key, record.headers, partition=record.partition)
        producer.flush()
    return len(told)
