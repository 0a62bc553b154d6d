"""What operators ask of Kafka itself: topics, and dead letters sent once more."""

import httpx
import pytest
from kafka import KafkaConsumer, KafkaProducer

from analytics.access import OPERATOR, Tokens
from analytics.api.app import build
from analytics.api.services import Services
from analytics.monitor import Monitor
from pipeline.broker import admin
from pipeline.broker.clients import client_options
from pipeline.settings import Kafka, Settings
from pipeline.topics import TOPICS
from schemas.letters import DeadLetter
from tests.analytics.conftest import Silent
from tests.analytics.seed import NOW


@pytest.fixture
def own(own_kafka) -> Kafka:
    """A Kafka of this test with our topics."""
    where = Kafka(bootstrap_servers=own_kafka.bootstrap)
    with admin.connect(where) as door:
        door.create_topics()
    return where


@pytest.fixture
async def operator(own, warehouse, tmp_path):
    """An operator's client of an API beside that Kafka."""
    monitor, tokens = Monitor(Silent(), lambda: NOW), Tokens(tmp_path)
    settings = Settings(home=tmp_path, kafka=own)
    app = build(Services(settings, warehouse, tokens, monitor, loading=lambda: True, now=lambda: NOW))
    headers = {"Authorization": f"Bearer {tokens.make(OPERATOR)}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://arus.test", headers=headers
    ) as api:
        yield api


def bury(own: Kafka, *letters: tuple[str, str]) -> None:
    """Buries records: (cause, value)."""
    with KafkaProducer(**client_options(own)) as producer:
        for cause, value in letters:
            told = DeadLetter("tracking", cause, "a sentence", "orders", 3, 7, NOW)
            producer.send("dead-letters", value.encode(), b"shop:1", told.headers()).get(10)


def values(own: Kafka, topic: str) -> list[bytes]:
    """Gives the values of a topic."""
    options = {**client_options(own), "auto_offset_reset": "earliest", "isolation_level": "read_committed"}
    with KafkaConsumer(topic, group_id=None, consumer_timeout_ms=2_000, **options) as consumer:
        return [record.value for record in consumer]


async def test_topics_are_listed(operator):
    """Ours as TOPICS has them, with nothing wrong."""
    topics = (await operator.get("/v1/ops/topics")).json()["topics"]
    assert {topic["name"] for topic in topics if topic["holds"]} == set(TOPICS)
    assert [topic["problem"] for topic in topics if topic["problem"]] == []


async def test_dead_letters_are_sent_once_more_and_once_only(operator, own):
    """First only told, then done; the bytes are the original ones, and a second time none is left."""
    bury(own, ("undecodable", "{"), ("unknown_type", "{}"), ("unknown_type", "[]"))
    piles = (await operator.get("/v1/ops/dead-letters")).json()["piles"]
    assert {pile["cause"]: pile["letters"] for pile in piles} == {"undecodable": 1, "unknown_type": 2}

    async def redrive(**asked):
        return (await operator.post("/v1/ops/dead-letters/redrive", json=asked)).json()

    assert (await redrive(dry_run=True, cause="unknown_type"))["letters"] == 2
    assert values(own, "orders") == []
    assert (await redrive(dry_run=False, cause="unknown_type"))["letters"] == 2
    assert values(own, "orders") == [b"{}", b"[]"]
    assert (await redrive(dry_run=False, cause="unknown_type"))["letters"] == 0
    assert (await redrive(dry_run=True))["letters"] == 1
    piles = (await operator.get("/v1/ops/dead-letters")).json()["piles"]
    assert {pile["cause"]: pile["redriven"] for pile in piles} == {"undecodable": 0, "unknown_type": 2}


@pytest.mark.parametrize("asked", [{}, {"dry_run": "maybe"}, {"dry_run": True, "all": True}, [], None])
async def test_a_redrive_says_what_it_means(operator, asked):
    """Nothing is sent by mistake: `dry_run` must be said."""
    assert (await operator.post("/v1/ops/dead-letters/redrive", json=asked)).status_code == 422
