"""Codes that no table knows: a meaning that somebody gives counts for scans that come and for those that came."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from agents.matching import match
from agents.worker import JOBS
from pipeline import codec
from pipeline.broker import admin
from pipeline.broker.codes import codes
from pipeline.broker.embedded import EmbeddedKafka
from pipeline.cli.app import app as command_line
from pipeline.settings import Account, Settings, load
from pipeline.sources.telling import with_meaning
from pipeline.streams import app, testing
from pipeline.streams.testing import Given, Outcome
from schemas.codes import CodeMapped
from schemas.deliveries import Delivery
from tests.agents.events import START, scan
from tests.agents.test_matching import on_scans
from tests.agents.test_worker import send, written

MAPPED = CodeMapped("ninjavan", "", "Teleported", "delivered", START)
BEFORE = {"order_id": "toko:1001", "before": "awaiting_collection"}
WORD = CodeMapped("shopee", "", "SPLIT", "unknown", START, "ready_to_ship")
STRANGE = scan("unknown", 1, carrier="jne", number="N1", order="a:1", source="ninjavan", code="Teleported")


def learnt(*mappings: CodeMapped) -> Outcome:
    """Runs matching over what operators said."""
    return testing.run(match, [Given(m.of.key, codec.encode(m)) for m in mappings], topic="codes")


def heard(outcome: Outcome) -> list[tuple[str, int, str]]:
    """Gives id, rank and milestone of the scans that were sent to orders."""
    events = [codec.decode(b"package_scanned", m.value) for m in outcome.messages if m.topic == "shipments"]
    return [(event.event_id, event.rank, event.milestone) for event in events]


def test_a_scan_that_comes_has_the_meaning_of_its_code() -> None:
    """The same event, of the rank of its milestone; another code of that sender stays unknown."""
    other = msgspec.structs.replace(
        codec.decode(b"package_scanned", codec.encode_event(STRANGE)), code="X", event_id="x"
    )
    outcome = testing.run(match, [on_scans(STRANGE), on_scans(other)], rows=learnt(MAPPED).rows)
    known = with_meaning(codec.decode(b"package_scanned", codec.encode_event(STRANGE)), "delivered")
    assert heard(outcome) == [(STRANGE.event_id, known.rank, "delivered"), ("x", 0, "unknown")]


def test_a_scan_that_came_is_told_once_more_with_it_and_only_once() -> None:
    """Whoever has it gets it again, of higher rank; after that it is nothing new, however often it comes."""
    first = testing.run(match, [on_scans(STRANGE)])
    rows = {**first.rows, **learnt(MAPPED).rows}
    again = testing.run(match, [on_scans(STRANGE), on_scans(STRANGE)], rows=rows)
    assert [milestone for _, _, milestone in heard(first) + heard(again)] == ["unknown", "delivered"]
    assert heard(testing.run(match, [on_scans(STRANGE)], rows={**rows, **again.rows})) == []


def test_a_meaning_for_one_carrier_is_for_no_other() -> None:
    """And goes before one for all carriers."""
    ours = msgspec.structs.replace(MAPPED, carrier="jne", milestone="lost")
    theirs = msgspec.structs.replace(MAPPED, carrier="sicepat", milestone="damaged")
    for told, milestone in (((MAPPED, ours), "lost"), ((MAPPED, theirs), "delivered"), ((theirs,), "unknown")):
        assert heard(testing.run(match, [on_scans(STRANGE)], rows=learnt(*told).rows))[0][2] == milestone


def test_what_is_no_meaning_is_buried() -> None:
    """A record that somebody wrote to the topic by hand."""
    wrong = msgspec.json.decode(codec.encode(WORD)) | {"status": "arrived"}
    records = [Given(b"code:x//y", b'{"milestone":"arrived"}'), Given(WORD.of.key, codec.encode(wrong))]
    outcome = testing.run(match, records, topic="codes")
    assert [buried.cause for buried in outcome.buried] == ["undecodable", "undecodable"]
    assert outcome.rows == {}


def delivery(order: str) -> Delivery:
    """A webhook of Ninja Van with an event that its document does not know."""
    told = {"tracking_id": f"NV{order}", "shipper_order_ref_no": order, "timestamp": "2026-11-24T10:00:00+0700"}
    body = json.dumps({**told, "event": "Teleported", "status": "Teleported"}).encode()
    return Delivery("ninjavan", "toko", f"d{order}", body, START)


def with_topics(own_kafka: EmbeddedKafka, home: Path, monkeypatch: pytest.MonkeyPatch, account: Account) -> Settings:
    """Makes our topics on a Kafka, gives settings of workers there, and lets commands find it."""
    kafka = {"bootstrap_servers": own_kafka.bootstrap, "partitions": 2}
    settings = load(home=home, kafka=kafka, accounts=(account,), streams={"store": "memory"})
    with admin.connect(settings.kafka) as door:
        door.create_topics()
    monkeypatch.setenv("ARUS_KAFKA__BOOTSTRAP_SERVERS", own_kafka.bootstrap)
    monkeypatch.setenv("ARUS_KAFKA__PARTITIONS", "2")
    return settings


@pytest.mark.timeout(150)
async def test_a_code_is_listed_tried_mapped_and_counts_for_history_and_future(
    own_kafka: EmbeddedKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a real Kafka, by the command line: what the preview says of an order is what becomes of it."""
    account = Account(source="ninjavan", name="toko", secrets=("s",), seller="melati", orders="toko")
    settings = with_topics(own_kafka, tmp_path, monkeypatch, account)
    async with AsyncExitStack() as stack:
        for job in ("intake", "tracking"):
            await stack.enter_async_context(app.worker(job, JOBS[job](settings), settings))
        await send(settings, [delivery("1001")])
        assert await status(settings, "toko:1001") == "awaiting_collection"
        (code,) = await asyncio.to_thread(codes, settings.kafka)
        assert (code.source, code.carrier, code.code) == ("ninjavan", "ninjavan", "Teleported")
        assert (code.scans, code.means) == (1, "")
        tried = await arus("map", "ninjavan", "Teleported", "out_for_delivery", "--dry-run")
        assert (tried["applied"], tried["scans"]) == (False, 0)
        assert tried["orders"] == [{**BEFORE, "after": "in_transit", "scans": 1}]
        done = await arus("map", "ninjavan", "Teleported", "out_for_delivery")
        assert (done["applied"], done["scans"], done["orders"]) == (True, 1, tried["orders"])
        assert await status(settings, "toko:1001", "in_transit") == "in_transit"
        await send(settings, [delivery("1002")])
        assert await status(settings, "toko:1002") == "in_transit"
        listed = await arus("list")
        assert [(row["code"], row["scans"], row["means"]) for row in listed] == [("Teleported", 2, "out_for_delivery")]


async def arus(*arguments: str) -> object:
    """Runs `arus codes` and gives what it printed."""
    told = await asyncio.to_thread(CliRunner().invoke, command_line, ["codes", *arguments, "--json"])
    assert told.exit_code == 0, told.output
    return json.loads(told.stdout)


async def status(settings: Settings, order_id: str, wanted: str = "") -> str:
    """Waits until an order is there, or has the wanted status, and gives it."""
    for _ in range(300):
        states = await asyncio.to_thread(written, settings)
        found = json.loads(states.get(order_id, "{}")).get("status", "unknown" if order_id in states else None)
        if found and found == (wanted or found):
            return str(found)
        await asyncio.sleep(0.3)
    raise AssertionError(order_id)
