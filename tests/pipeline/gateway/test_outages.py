"""Kafka comes late, goes away and comes back: nothing that was answered 200 is lost, and nobody waits for long."""

import asyncio

import pytest

from pipeline.broker import admin
from pipeline.gateway import producer
from pipeline.settings import Kafka

pytestmark = pytest.mark.xdist_group("gateway-outages")


@pytest.fixture
def kafka(own_kafka):
    """Settings of a broker of this test alone, with the topics."""
    kafka = Kafka(bootstrap_servers=own_kafka.bootstrap)
    with admin.connect(kafka) as door:
        door.create_topics()
    return kafka


@pytest.fixture
def until_kept(until):
    """Posts a webhook until the answer is 200."""

    async def until_kept(client, webhook):
        async def kept():
            return (await client.post(**webhook)).status_code == 200

        await until(kept)

    return until_kept


def turned_away(answer):
    """Checks that the sender is told to come again."""
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    return answer.json()["detail"]


async def test_a_gateway_starts_without_kafka_and_finds_it(run, own_kafka, fresh, stored, until_kept):
    """It listens, says that it is not ready, turns webhooks away at once, and goes to work when Kafka comes."""
    kafka = Kafka(bootstrap_servers=own_kafka.bootstrap)
    with admin.connect(kafka) as door:
        door.create_topics()
    own_kafka.stop()
    async with run(kafka, wait=False) as client:
        webhook = fresh("ninjavan")
        assert (await client.get("/healthz")).status_code == 200
        assert "not reachable" in turned_away(await client.get("/readyz"))
        assert "not reachable" in turned_away(await client.post(**webhook))
        own_kafka.start()
        await until_kept(client, webhook)
        assert (await client.get("/readyz")).status_code == 200
    assert webhook["content"] in [record.value for record in await stored(kafka)]


async def test_what_is_answered_200_outlives_kafka_s_death(run, own_kafka, kafka, fresh, stored, until):  # noqa: PLR0917
    """Kafka is killed under load and comes back: the gateway answers 503 meanwhile, then 200 again, by itself."""
    answered, statuses, ending = [], [], asyncio.Event()

    def more(count):
        wanted = len(answered) + count

        async def enough():
            return len(answered) >= wanted

        return enough

    async def sender(client):
        while not ending.is_set():
            webhook = fresh("ninjavan")
            answer = await client.post(**webhook)
            statuses.append(answer.status_code)
            if answer.status_code == 200:
                answered.append(webhook["content"])

    async with run(kafka) as client:
        senders = [asyncio.create_task(sender(client)) for _ in range(8)]
        await until(more(100))
        await asyncio.to_thread(own_kafka.stop)
        await asyncio.sleep(3)
        await asyncio.to_thread(own_kafka.start)
        await until(more(100))
        ending.set()
        await asyncio.gather(*senders)
    assert set(statuses) == {200, 503}
    assert set(answered) <= {record.value for record in await stored(kafka)}


async def test_nobody_waits_longer_than_its_patience(run, own_kafka, kafka, fresh):
    """While Kafka is away a webhook waits two seconds at most; once that is known, none waits at all."""
    async with run(kafka) as client:
        own_kafka.stop()
        webhook = fresh("ninjavan")
        assert turned_away(await client.post(**webhook)) == "Kafka did not confirm within 2 seconds."
        assert "confirmed nothing for" in turned_away(await client.post(**webhook))
        assert "arus_kafka_silence_seconds" in (await client.get("/metrics")).text


async def test_what_waits_for_kafka_has_so_much_room(run, own_kafka, kafka, fresh, monkeypatch):
    """Without Kafka no more than a bounded number of bytes waits; what does not fit is turned away at once."""
    monkeypatch.setattr(producer, "ROOM", 5_000)
    async with run(kafka) as client:
        own_kafka.stop()
        answers = await asyncio.gather(*(client.post(**fresh("ninjavan")) for _ in range(20)))
        told = [turned_away(answer) for answer in answers]
        assert "too many webhooks wait for Kafka." in told
        assert told.count("Kafka did not confirm within 2 seconds.") <= 4


async def test_tiktok_and_shopee_hear_503_without_a_body(run, own_kafka, kafka, fresh):
    """Neither takes a body; both come again after a 503."""
    async with run(kafka) as client:
        own_kafka.stop()
        for source in ("tiktok_shop", "shopee"):
            answer = await client.post(**fresh(source, client.base_url))
            assert (answer.status_code, answer.content, answer.headers["retry-after"]) == (503, b"", "5")


async def test_without_its_topic_a_gateway_is_not_ready(run, own_kafka, fresh, until, until_kept):
    """A Kafka that has not the topic takes nothing; /readyz says what makes it, and when it is made all is well."""
    kafka = Kafka(bootstrap_servers=own_kafka.bootstrap)
    async with run(kafka, wait=False) as client:
        webhook = fresh("ninjavan")

        async def told():
            answer = await client.get("/readyz")
            assert answer.status_code == 503
            return "arus topics create" in answer.text

        await until(told)
        turned_away(await client.post(**webhook))
        with admin.connect(kafka) as door:
            door.create_topics()
        await until_kept(client, webhook)
