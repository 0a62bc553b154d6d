"""The proof: what the stream made of a load equals what the same facts give when they are folded in one go.

Read from outside: Kafka as it lies there, and the warehouse through the API that everybody uses. Nothing of the
stream's own state is believed.
"""

import csv
import io
import time
from collections.abc import Collection, Iterable, Iterator, Sequence

import httpx
import msgspec

from pipeline import codec
from pipeline.broker.reader import Stored, records
from pipeline.cli.proof.beside import beside, compare_answers
from pipeline.cli.proof.draining import drain
from pipeline.cli.proof.reference import Reference, reference, seen
from pipeline.cli.proof.told import compare_levels, compare_notices
from pipeline.cli.proof.verdict import Verdict, none_of
from pipeline.settings import Kafka, Settings
from pipeline.simulate.sending.record import fingerprint
from schemas.deliveries import Delivery
from schemas.notices import Notice
from schemas.times import DAY

PAGE = 500
"""Notices that the API gives at once."""


LOADED_WITHIN = 60.0
"""Seconds in which the warehouse must have a notice."""


class UnansweredError(Exception):
    """The API gave no answer, so nothing is proved."""


def deliveries(kept: Iterable[Stored]) -> Iterator[Delivery]:
    """Gives the deliveries that lie in records of `webhooks.received`."""
    for record in kept:
        at = (record.partition, record.offset, record.timestamp)
        yield Delivery.read(record.key or b"", record.value or b"", dict(record.headers), at=at)


def compare(settings: Settings, api: str, token: str, accepted: Collection[str]) -> Iterator[Verdict]:
    """Compares all that Kafka holds, and what the API tells, with the reference."""
    kept = list(deliveries(records(settings.kafka, "webhooks.received")))
    there = {fingerprint(delivery.source, delivery.account, delivery.body) for delivery in kept}
    lost = [one for one in accepted if one not in there]
    yield none_of("accepted webhooks are in Kafka", len(accepted), {"lost": lost})

    besides = beside(settings.kafka)
    yield compare_answers(records(settings.kafka, "commands"), besides)

    told = reference(settings, kept, besides)
    letters = sum(1 for record in records(settings.kafka, "dead-letters") if ("dead.step", b"intake") in record.headers)
    detail = f"{told.untranslatable:,} cannot be translated, {letters:,} dead letters"
    yield Verdict("what cannot be translated is a dead letter", letters == told.untranslatable, detail)

    states = {record.key.decode(): record.value for record in records(settings.kafka, "order.snapshots") if record.key}
    wrong = [id_ for id_, order in told.orders.items() if states.get(id_) != codec.encode(order)]
    odd = states.keys() - told.orders.keys()
    yield none_of("states equal the reference fold", len(told.orders), {"differ": wrong, "that nobody told of": odd})
    yield compare_levels(records(settings.kafka, "stock.levels"), told.orders)

    who, answers = {"authorization": f"Bearer {token}"}, {"response": [_take]}
    with httpx.Client(base_url=api, headers=who, event_hooks=answers, timeout=60) as http:
        yield _compare_intake(http, kept)
        yield from _compare_orders(http, told)
        yield from _compare_notices(settings.kafka, http, told)


def _take(response: httpx.Response) -> None:
    """Says what the API said instead of an answer."""
    if response.is_error:
        raise UnansweredError(f"{response.request.url.path}: {response.status_code} {response.read().decode()}")


def _compare_notices(kafka: Kafka, http: httpx.Client, told: Reference) -> Iterator[Verdict]:
    """Compares them as they were before and after the warehouse was asked: alarms ring whenever their time comes."""
    before = {notice.notice_id for notice in _notices(kafka)}
    drain(kafka, LOADED_WITHIN)
    rows = list(_listed(http))
    yield from compare_notices(list(_notices(kafka)), rows, told, before)


def _notices(kafka: Kafka) -> Iterator[Notice]:
    return (msgspec.json.decode(record.value or b"", type=Notice) for record in records(kafka, "notices"))


def _listed(http: httpx.Client) -> Iterator[str]:
    """Gives the id of each notice that the warehouse lists, page by page."""
    after = 0
    while rows := http.get("/v1/notices", params={"after": after, "limit": PAGE}).json()["notices"]:
        yield from (row["notice_id"] for row in rows)
        after = rows[-1]["seq"]


def _compare_intake(http: httpx.Client, kept: Sequence[Delivery]) -> Verdict:
    """Compares how many webhooks the warehouse counts: those of the day that ends while we ask."""
    asked = time.time_ns() // 1_000_000
    rows = http.get("/v1/ops/sources", params={"limit": 10_000}).json()["rows"]
    answered = time.time_ns() // 1_000_000
    counted = tuple(sum(row[name] for row in rows) for name in ("accepted", "duplicates"))
    early, late = (seen(kept, now - DAY, now) for now in (asked, answered))
    holds = all(min(pair) <= count <= max(pair) for count, *pair in zip(counted, early, late, strict=True))
    detail = f"{counted[0]:,} and {counted[1]:,} repeats, in Kafka {late.once:,} and {late.again:,}"
    return Verdict("the warehouse counts each webhook once", holds, detail)


def _compare_orders(http: httpx.Client, told: Reference) -> Iterator[Verdict]:
    listed = list(csv.DictReader(io.StringIO(http.get("/v1/orders", params={"format": "csv"}).text)))
    states = {row["order_id"]: row["status"] for row in listed}
    wrong = [id_ for id_, order in told.orders.items() if states.get(id_) != order.status]
    doubled = len(listed) - len(states)
    holds = not wrong and not doubled and states.keys() == told.orders.keys()
    detail = f"{len(listed):,} rows, {len(wrong):,} wrong or missing, {doubled:,} doubled"
    yield Verdict("the warehouse lists each order once, as it is", holds, detail)

    sample = sorted(told.events)[:: max(1, len(told.events) // 200)]
    off = [order for order in sample if not _same_trail(http, order, told.events[order])]
    yield none_of("trails tell each event once", len(sample), {"wrong": off})


def _same_trail(http: httpx.Client, order: str, events: Collection[str]) -> bool:
    trail = [event["event_id"] for event in http.get(f"/v1/orders/{order}/events").json()["events"]]
    return len(trail) == len(events) and set(trail) == set(events)
