"""The jobs on a real Kafka: webhooks in, orders out."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from agents.worker import JOBS, jobs
from pipeline.broker import admin
from pipeline.broker.embedded import EmbeddedKafka
from pipeline.broker.reader import records
from pipeline.settings import Settings, load
from pipeline.streams import app
from pipeline.topics import TOPICS
from schemas.deliveries import Delivery
from tests.reference import reference


def test_jobs_read_and_keep_topics_that_there_are(demo_settings: Settings):
    """Every agent's topics and changelog are in TOPICS, and no two agents are called alike."""
    agents = [agent for each in jobs(demo_settings).values() for agent in each]
    assert jobs(demo_settings).keys() == JOBS.keys()
    assert len({agent.name for agent in agents}) == len(agents)
    assert {topic for agent in agents for topic in agent.topics} <= TOPICS.keys()
    assert {agent.table.changelog for agent in agents if agent.table} <= TOPICS.keys()
    assert all(agent.promise.endswith(".") for agent in agents)


def written(settings: Settings) -> dict[str, bytes]:
    """Gives the newest snapshot of each order."""
    return {(r.key or b"").decode(): r.value or b"" for r in records(settings.kafka, "order.snapshots")}


async def send(settings: Settings, deliveries: list[Delivery]) -> None:
    """Writes deliveries as the gateway does."""
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap_servers, acks="all") as producer:
        for delivery in deliveries:
            headers = delivery.record_headers()
            await producer.send("webhooks.received", delivery.body, key=delivery.key, headers=headers)


@pytest.mark.timeout(120)
async def test_webhooks_become_orders(
    demo_settings: Settings, deliveries: list[Delivery], own_kafka: EmbeddedKafka, tmp_path: Path
):
    """Every order's snapshot in Kafka is, byte for byte, what the reference fold makes of the same webhooks."""
    kafka = {"bootstrap_servers": own_kafka.bootstrap, "partitions": 2}
    settings = load(home=tmp_path, kafka=kafka, accounts=demo_settings.accounts, streams={"store": "memory"})
    with admin.connect(settings.kafka) as door:
        door.create_topics()
    wanted = reference(deliveries, settings)
    await send(settings, deliveries)
    async with AsyncExitStack() as stack:
        for job, agents in jobs(settings).items():
            await stack.enter_async_context(app.worker(job, agents, settings))
        for _ in range(200):
            states = await asyncio.to_thread(written, settings)
            if states == wanted:
                break
            await asyncio.sleep(0.3)
    assert states.keys() == wanted.keys()
    assert [key for key in wanted if states[key] != wanted[key]] == []
