"""A gateway that runs on a real Kafka, and what senders would post to it."""

import asyncio
import contextlib
import json
import time
from queue import Queue
from threading import Thread

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline import settings
from pipeline.broker import admin
from pipeline.broker.clients import client_options
from pipeline.broker.embedded import EmbeddedKafka
from pipeline.broker.embedded.folder import FOR_TESTS
from pipeline.gateway.app import build
from pipeline.gateway.producer import TOPIC
from pipeline.gateway.server import Server, listen
from pipeline.settings import Account, Gateway, Kafka, Settings
from pipeline.sources import SOURCES
from tests import keys

NEW, OLD = "5ec2e7c0ffee5ec2e7c0ffee", "0ddba11c0ddba11c0ddba11c"
"""Two live secrets: text, hexadecimal and base64 at once, so that every sender's scheme takes them."""

SECRETS = {"shipstation": (keys.NEW, keys.OLD)}
"""Those of senders whose secrets are of another kind."""

ACCOUNTS = tuple(
    Account(source=s.id, name="main", secrets=SECRETS.get(s.id, (NEW, OLD)), **s.example) for s in SOURCES.values()
)
BY_SOURCE = {account.source: account for account in ACCOUNTS}


@pytest.fixture(scope="session")
def accounts():
    """One account of each sender."""
    return ACCOUNTS


@pytest.fixture(scope="session")
def topics(tmp_path_factory):
    """A broker with all topics of TOPICS, for the tests of the gateway."""
    folder = tmp_path_factory.mktemp("gateway") / "kafka"
    with EmbeddedKafka(folder, settings.load().cache, config=FOR_TESTS) as broker:
        kafka = Kafka(bootstrap_servers=broker.bootstrap)
        with admin.connect(kafka) as door:
            door.create_topics()
        yield kafka


async def until(question):
    """Asks again and again, and returns when the answer is yes."""
    async with asyncio.timeout(60):
        while not await question():  # noqa: ASYNC110  # what is waited for happens in another process
            await asyncio.sleep(0.05)


async def until_ready(client):
    """Returns when the gateway has found Kafka."""

    async def ready():
        return (await client.get("/readyz")).status_code == 200

    await until(ready)


@pytest.fixture(name="until")
def until_fixture():
    """Waits for what happens elsewhere: `await until(question)`, where `question()` is awaited."""
    return until


class Sender(httpx.AsyncClient):
    """A client that comes again after a 503, as senders do: on a busy machine Kafka may be slow for a moment."""

    async def request(self, *args, **told):
        until = time.monotonic() + 30
        while True:
            answer = await super().request(*args, **told)
            if answer.status_code != 503 or time.monotonic() > until:
                return answer
            await asyncio.sleep(0.1)


@pytest.fixture
def run():
    """Starts a gateway of this test alone, as a context that gives its client; `client.gateway` is the application."""

    @contextlib.asynccontextmanager
    async def run(kafka, *, wait=True, kind=httpx.AsyncClient):
        application = build(Settings(kafka=kafka, gateway=Gateway(port=0), accounts=ACCOUNTS))
        ready = asyncio.get_running_loop().create_future()
        server = Server(application, ready.set_result)
        with listen("127.0.0.1", 0) as port:
            serving = asyncio.create_task(server.serve([port]))
            async with kind(base_url=await ready, timeout=10) as client:
                client.gateway = application
                if wait:
                    await until_ready(client)
                yield client
            server.should_exit = True
            await serving

    return run


@pytest.fixture(scope="session")
def shared(topics):
    """A gateway for many tests, in a thread: the application and its address."""
    application = build(Settings(kafka=topics, gateway=Gateway(port=0), accounts=ACCOUNTS))
    told = Queue()
    server = Server(application, told.put)
    with listen("127.0.0.1", 0) as port:
        thread = Thread(target=server.run, args=([port],))
        thread.start()
        yield application, told.get(timeout=20)
        server.should_exit = True
        thread.join()


@pytest.fixture
async def client(shared):
    """Posts to a gateway that is ready."""
    application, address = shared
    async with Sender(base_url=address, timeout=10) as client:
        client.gateway = application
        await until_ready(client)
        yield client


@pytest.fixture
def signed():
    """Signs a body as its sender: `signed("ninjavan", b"{}", client)` → what `client.post` takes."""

    def signed(source, body, base_url="http://127.0.0.1", account=None):
        url = f"/webhooks/{source}/main"
        owner = account or BY_SOURCE[source]
        proof = SOURCES[source].scheme.sign(body, owner, time.time_ns() // 1_000_000, str(base_url).rstrip("/") + url)
        url += f"?{proof.query}" if proof.query else ""
        return {"url": url, "content": proof.body, "headers": {**proof.headers, "content-type": "application/json"}}

    return signed


@pytest.fixture
def fresh(signed, unlike):
    """Signs a body that no other test has: `fresh("ninjavan")` → what `client.post` takes."""
    return lambda source, base_url="http://127.0.0.1": signed(source, unlike(source), base_url)


@pytest.fixture
def stored():
    """Reads all records that topic `webhooks.received` holds."""

    async def stored(kafka):
        async with AIOKafkaConsumer(**client_options(kafka), enable_auto_commit=False) as consumer:
            places = [TopicPartition(TOPIC, n) for n in range(kafka.partitions)]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            for place in places:
                consumer.seek(place, 0)
            found = []
            while any([await consumer.position(place) < ends[place] for place in places]):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += records
            return found

    return stored


@pytest.fixture
def unlike():
    """Makes bodies that no other test has: `unlike("ninjavan")`."""

    def unlike(source):
        return json.dumps({"event": "test", "status": "test", "source": source, "at": time.time_ns()}).encode()

    return unlike
