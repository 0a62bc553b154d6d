"""Raw webhooks: the very bytes, for operators and for sellers whose orders alone they speak of."""

import dataclasses
import json

import httpx
import pytest
from kafka import KafkaProducer

from analytics.access import OPERATOR, Tokens
from analytics.api.app import build
from analytics.api.services import Services
from analytics.api.shop.raw import all_of_one
from analytics.loading import Loading
from analytics.monitor import Monitor
from analytics.warehouse import Warehouse
from pipeline import codec, sources
from pipeline.broker.clients import client_options
from pipeline.settings import Account, Kafka, Settings
from schemas.deliveries import Delivery
from schemas.events import Evidence
from schemas.facts import Details, Order
from tests.analytics import seed
from tests.analytics.conftest import KOPI, MELATI, SITI, Silent
from tests.analytics.seed import NOW
from tests.analytics.test_api_session import problem

PUSH = {
    "description": "tracker.updated",
    "result": {
        "tracking_code": "EZ1000000001",
        "carrier": "USPS",
        "tracking_details": [
            {"status": "in_transit", "message": "Picked up", "datetime": "2026-11-23T01:00:00Z"},
            {"status": "delivered", "message": "Delivered", "datetime": "2026-11-24T01:00:00Z"},
        ],
    },
}


class Desk:
    """An API beside a real Kafka that holds one webhook of a carrier's account of the whole platform."""

    def __init__(self, home, kafka: Kafka, topic: str):
        self.account = Account(source="easypost", name="main", secrets=("s3cret",))
        self.topic, self.warehouse = topic, Warehouse(home / "arus.duckdb")
        settings = Settings(home=home, kafka=kafka, accounts=(self.account,))
        self.services = Services(
            settings,
            self.warehouse,
            Tokens(home),
            Monitor(Silent(), lambda: NOW),
            loading=lambda: True,
            now=lambda: NOW,
        )
        self.body = json.dumps(PUSH, indent=3).encode() + b"\n"
        self.delivery = Delivery("easypost", "main", "d1", self.body, NOW, {"content-type": "application/json"})

    def send(self, **changed):
        """Puts the webhook into Kafka and gives its events with their evidence."""
        sent = dataclasses_replace(self.delivery, **changed)
        with KafkaProducer(**client_options(self.services.settings.kafka)) as producer:
            at = producer.send(self.topic, sent.body, sent.key, headers=sent.record_headers(), partition=0).get(10)
        evidence = Evidence(self.topic, 0, at.offset, at.timestamp)
        events = sources.translate(sent, self.account)
        return [dataclasses.replace(event, evidence=evidence) for event in events]

    def load(self, *bound):
        """Loads events as those of orders: (event, seller)."""
        stream = seed.Kafka()
        for event, seller in bound:
            order_id = f"shop:{seller.id}"
            order = Order(order_id, (2, 0, "", seller.id), details=Details((0, 0, "e"), buyer_id=SITI.id))
            stream.add("order.snapshots", order_id, codec.encode(order), NOW)
            told = codec.encode_event(dataclasses.replace(event, order_id=order_id))
            stream.add("shipments", order_id, told, NOW, codec.headers(event))
        stream.write(Loading(self.warehouse, clock=lambda: NOW))

    async def read(self, viewer, event):
        """Asks for an event's webhook."""
        token = self.services.tokens.make(viewer)
        transport = httpx.ASGITransport(build(self.services), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://arus.test") as api:
            return await api.get(f"/v1/events/{event.event_id}/raw", headers={"Authorization": f"Bearer {token}"})


def dataclasses_replace(delivery: Delivery, **changed):
    """Gives a delivery with some fields changed."""
    fields = {name: getattr(delivery, name) for name in delivery.__struct_fields__}
    return Delivery(**(fields | changed))


@pytest.fixture
def desk(tmp_path, kafka, topic):
    """A desk with a topic of this test."""
    made = Desk(tmp_path, kafka, topic("received"))
    yield made
    made.warehouse.close()


async def test_the_very_bytes(desk):
    """Blanks and all, as the sender sent them, to be saved and not run."""
    picked, delivered = desk.send()
    desk.load((picked, MELATI), (delivered, MELATI))
    for viewer in (OPERATOR, MELATI):
        answer = await desk.read(viewer, picked)
        assert answer.status_code == 200
        assert answer.content == desk.body
        assert answer.headers["content-type"] == "application/json"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["content-disposition"].startswith("attachment")


async def test_a_buyer_reads_none(desk):
    """Not even of their own parcel."""
    picked, delivered = desk.send()
    desk.load((picked, MELATI), (delivered, MELATI))
    assert problem(await desk.read(SITI, picked)) == "forbidden"


async def test_anothers_event_is_absent(desk):
    """As one that never was."""
    picked, delivered = desk.send()
    desk.load((picked, MELATI), (delivered, MELATI))
    assert problem(await desk.read(KOPI, picked)) == "not-found"
    assert problem(await desk.read(KOPI, dataclasses.replace(picked, event_id="x" * 22))) == "not-found"


async def test_a_webhook_that_speaks_of_two_sellers_is_for_operators(desk):
    """Each sees the event in the trail, neither reads the other's part."""
    picked, delivered = desk.send()
    desk.load((picked, MELATI), (delivered, KOPI))
    for viewer, event in ((MELATI, picked), (KOPI, delivered)):
        assert problem(await desk.read(viewer, event)) == "forbidden"
    assert (await desk.read(OPERATOR, picked)).status_code == 200


async def test_a_parcel_with_two_sellers_orders_is_for_operators(desk):
    """One scan, two orders."""
    picked, delivered = desk.send()
    desk.load((picked, MELATI), (delivered, MELATI), (delivered, KOPI))
    assert problem(await desk.read(MELATI, picked)) == "forbidden"


async def test_a_webhook_that_speaks_of_an_unknown_order_is_for_operators(desk):
    """What is parked may be anybody's."""
    picked, _parked = desk.send()
    desk.load((picked, MELATI))
    assert problem(await desk.read(MELATI, picked)) == "forbidden"


@pytest.mark.parametrize(
    "sent", ["text/html", "image/svg+xml", "", "application/json\r\nX: y", "APPLICATION/JSON; charset=x"]
)
async def test_no_browser_runs_what_a_sender_sent(desk, sent):
    """Anything but plain data goes out as bytes."""
    [picked, _] = desk.send(headers={"content-type": sent})
    desk.load((picked, MELATI))
    shown = (await desk.read(OPERATOR, picked)).headers["content-type"]
    assert shown.lower().partition(";")[0] == (
        "application/json" if sent.startswith("APP") else "application/octet-stream"
    )


async def test_what_kafka_no_longer_has_is_gone(desk):
    """410, with why."""
    [picked, _] = desk.send()
    lost = dataclasses.replace(picked, evidence=dataclasses.replace(picked.evidence, offset=4_000))
    desk.load((lost, MELATI))
    answer = await desk.read(OPERATOR, lost)
    assert problem(answer) == "gone"
    assert desk.topic in answer.json()["detail"]


async def test_a_silent_kafka_is_told(desk, tmp_path):
    """503, to be tried again."""
    [picked, _] = desk.send()
    desk.load((picked, MELATI))
    nowhere = desk.services.settings.model_copy(update={"kafka": Kafka(bootstrap_servers="127.0.0.1:1")})
    desk.services = dataclasses.replace(desk.services, settings=nowhere)
    answer = await desk.read(OPERATOR, picked)
    assert problem(answer) == "unavailable"
    assert answer.headers["retry-after"]


@pytest.mark.parametrize(
    ("rows", "allowed"),
    [
        ([("a", "m"), ("b", "m")], True),
        ([("a", "m")], False),
        ([("a", "m"), ("b", "")], False),
        ([("a", "m"), ("b", "k")], False),
        ([("a", "m"), ("b", "m"), ("b", "k")], False),
        ([], False),
    ],
)
def test_all_of_one(rows, allowed):
    """Every event known, and known of this seller alone."""
    told = [{"event_id": event, "seller_id": seller} for event, seller in rows]
    assert all_of_one("m", ["a", "b"], told) is allowed
    assert not all_of_one("m", [], told)
