"""Words for a status that no table knows: one of ours, that somebody gave them, counts for orders then and now."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from agents.addressing import messages
from agents.matching import match
from agents.worker import JOBS
from pipeline import codec
from pipeline.broker.embedded import EmbeddedKafka
from pipeline.broker.reader import records
from pipeline.cli.app import app as command_line
from pipeline.cli.proof import deliveries
from pipeline.cli.proof.beside import beside
from pipeline.cli.proof.reference import _with_meaning, reference
from pipeline.settings import Account
from pipeline.sources.telling import ADVANCE, with_meaning
from pipeline.streams import app, testing
from pipeline.streams.testing import Given, Outcome
from schemas.codes import CodeMapped, Unknown
from schemas.deliveries import Delivery
from schemas.events import Event
from tests.agents.events import START, order_of, tell
from tests.agents.test_codes import STRANGE, WORD, arus, heard, learnt, status, with_topics
from tests.agents.test_matching import on_scans
from tests.agents.test_worker import send, written

SPLIT = tell("status_reported", 1, order_id="shopee:1", source="shopee", status="unknown", word="SPLIT")
WORDLESS = tell("status_reported", 2, status="unknown", word="FERTIG")


def test_a_mapping_of_an_older_arus_is_one_of_a_scan() -> None:
    """It has no status; and what a newer one says of a status an older one reads as a code that is unknown."""
    kept = b'{"source":"jne","carrier":"","code":"U99","milestone":"lost","mapped_at":1}'
    mapping = msgspec.json.decode(kept, type=CodeMapped)
    assert (mapping.of, mapping.means) == (Unknown("scan", "jne", "", "U99"), "lost")
    assert WORD.milestone == "unknown"


def statuses(outcome: Outcome) -> list[tuple[str, str, int, str]]:
    """Gives topic, key, rank and status of what was sent."""
    told = [(m.topic, m.key.decode(), codec.decode(b"status_reported", m.value)) for m in outcome.messages]
    return [(topic, key, event.rank, event.status) for topic, key, event in told]


def test_a_word_for_a_status_is_sent_to_its_order_with_its_meaning() -> None:
    """By way of matching, which keeps nothing of it; one that has none goes on as it is."""
    (message,) = messages(SPLIT)
    assert (message.topic, message.key) == ("scans", b"shopee:1")
    assert [message.topic for message in messages(tell("status_reported"))] == ["orders"]
    record = Given(message.key, message.value, message.headers)
    unmapped = testing.run(match, [record])
    assert statuses(unmapped) == [("orders", "shopee:1", 0, "unknown")]
    assert unmapped.messages[0].value == message.value
    learned = learnt(WORD)
    mapped = testing.run(match, [record], rows=learned.rows)
    assert statuses(mapped) == [("orders", "shopee:1", ADVANCE["ready_to_ship"], "ready_to_ship")]
    assert (unmapped.rows, mapped.rows.keys()) == ({}, learned.rows.keys())


def test_a_word_has_the_meaning_of_no_other_and_of_no_scan() -> None:
    """Nor a scan that of a word with the same letters."""
    other = msgspec.structs.replace(WORD, source="lazada")
    scans = CodeMapped("shopee", "", "SPLIT", "lost", START)
    record = Given(b"shopee:1", codec.encode_event(SPLIT), codec.headers(SPLIT))
    assert statuses(testing.run(match, [record], rows=learnt(other, scans).rows))[0][3] == "unknown"
    alike = msgspec.structs.replace(WORD, source="ninjavan", code="Teleported")
    assert heard(testing.run(match, [on_scans(STRANGE)], rows=learnt(alike).rows))[0][2] == "unknown"


@given(st.permutations([tell("order_placed"), tell("payment_paid", 1), WORDLESS, with_meaning(WORDLESS, "completed")]))
def test_what_a_word_was_given_counts_whether_it_comes_before_or_after(events: list[Event]) -> None:
    """An order that had it as unknown, and one that never had, are one state; the proof's reference says the same."""
    order = order_of(*events)
    assert order == order_of(tell("order_placed"), tell("payment_paid", 1), with_meaning(WORDLESS, "completed"))
    assert order.status == "completed"
    meanings = [CodeMapped("tiktok_shop", "", "FERTIG", "unknown", START, "completed")]
    assert [_with_meaning(event, meanings).rank for event in events if event.type == "status_reported"] == [
        ADVANCE["completed"]
    ] * 2


def told(order: str, word: str, at: int = START) -> Delivery:
    """A webhook of TikTok Shop with a status of an order."""
    data = {"order_id": order, "order_status": word, "update_time": at // 1_000}
    body = {"type": 1, "shop_id": "7", "timestamp": at // 1_000, "tts_notification_id": word, "data": data}
    return Delivery("tiktok_shop", "toko", f"{order}{word}", json.dumps(body).encode(), at)


@pytest.mark.timeout(150)
async def test_a_word_for_a_status_is_listed_tried_mapped_and_counts_for_history_and_future(
    own_kafka: EmbeddedKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where an older Arus sent it to its order as it was; and what became of all is what the proof asks for."""
    account = Account(source="tiktok_shop", name="toko", secrets=("s",), app_key="k")
    settings = with_topics(own_kafka, tmp_path, monkeypatch, account)
    old = tell("status_reported", order_id="tiktok_shop:1", status="unknown", word="TELEPORTED")
    async with AIOKafkaProducer(bootstrap_servers=own_kafka.bootstrap, acks="all") as producer:
        await producer.send_and_wait("orders", codec.encode_event(old), b"tiktok_shop:1", headers=codec.headers(old))
    async with AsyncExitStack() as stack:
        for job in ("intake", "tracking"):
            await stack.enter_async_context(app.worker(job, JOBS[job](settings), settings))
        await send(settings, [told("2", "UNPAID"), told("2", "TELEPORTED", START + 9_000)])
        assert await status(settings, "tiktok_shop:1") == "unknown"
        assert await status(settings, "tiktok_shop:2", "unpaid") == "unpaid"
        await until_listed(2)
        tried = await arus("map", "tiktok_shop", "TELEPORTED", "completed", "--status", "--dry-run")
        assert [(row["order_id"], row["before"], row["after"]) for row in tried["orders"]] == [
            ("tiktok_shop:1", "unknown", "completed"),
            ("tiktok_shop:2", "unpaid", "completed"),
        ]
        done = await arus("map", "tiktok_shop", "TELEPORTED", "completed", "--status")
        assert (done["applied"], done["scans"], done["orders"]) == (True, 2, tried["orders"])
        await send(settings, [told("3", "TELEPORTED")])
        for order in ("tiktok_shop:1", "tiktok_shop:2", "tiktok_shop:3"):
            assert await status(settings, order, "completed") == "completed"
        (listed,) = await arus("list")
        assert (listed["kind"], listed["scans"], listed["means"]) == ("status", 3, "completed")
        wanted = reference(
            settings, deliveries(records(settings.kafka, "webhooks.received")), beside(settings.kafka)
        ).orders
        states = await asyncio.to_thread(written, settings)
        assert {name: codec.encode(order) for name, order in wanted.items()} == {
            name: state for name, state in states.items() if name != "tiktok_shop:1"
        }


async def until_listed(events: int) -> None:
    """Waits until a word that so many events said is listed, without a meaning."""
    for _ in range(100):
        if [(row["code"], row["scans"], row["means"]) for row in await arus("list")] == [("TELEPORTED", events, "")]:
            return
        await asyncio.sleep(0.3)
    raise AssertionError(events)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("tiktok_shop", "X", "picked_up", "--status"), "is no status"),
        (("tiktok_shop", "X", "ready_to_ship"), "`--status` is for words"),
        (("tiktok_shop", "X", "unknown", "--status"), "is no status"),
        (("tiktok_shop", "X", "completed", "--status", "--carrier", "jne"), "has no carrier"),
    ],
)
def test_a_meaning_that_is_none_is_refused(arguments: tuple[str, ...], words: str) -> None:
    """Before Kafka is asked: a code means a milestone, a word a status."""
    answer = CliRunner().invoke(command_line, ["codes", "map", *arguments])
    assert answer.exit_code == 2
    assert words in " ".join(answer.output.replace("│", " ").split())
