"""Asking something of an order by API: one answer a key, refusals by their rule, and patience that ends."""

import httpx
import msgspec
import pytest

from agents.tracking import track
from analytics.access import OPERATOR, Tokens, Viewer
from analytics.api.app import build
from analytics.api.services import Services
from analytics.api.shop import asking
from analytics.loading import Loading
from analytics.monitor import Monitor
from analytics.warehouse import Warehouse
from pipeline import codec
from pipeline.broker import BrokerError
from pipeline.settings import Settings
from pipeline.streams import testing
from pipeline.streams.agent import Batch
from schemas.commands import COMMANDS, Command
from tests.agents.events import ORDER, order_of
from tests.agents.rules.test_commands import APPROVED, DELIVERED, NEW, NOW, PLACED
from tests.analytics.conftest import Silent
from tests.analytics.seed import Record

SELLER, BUYER, STRANGER = Viewer("seller", "toko"), Viewer("buyer", "b1"), Viewer("seller", "other")


class Stream:
    """Kafka, tracking and loading in one: what is written is judged and loaded at once, unless it is told to stand."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.loading, self.offset = Loading(warehouse, clock=lambda: NOW), 0
        self.rows, self.commands = {}, list[Command]()
        self.stands, self.gone = False, False

    def load(self, order) -> None:
        """Puts an order where it stands."""
        self.rows[order.order_id.encode()] = order
        self._loaded(order.order_id.encode())

    def write(self, topic: str, key: bytes, value: bytes) -> None:
        """Takes a command as Kafka would."""
        if self.gone:
            raise BrokerError("Kafka cannot be reached")
        if topic == "sellers":
            self._load("sellers", Record(key, value, self.offset, NOW))
            return
        assert topic == "commands"
        self.commands.append(msgspec.json.decode(value, type=Command))
        if self.stands:
            return
        record = testing.Given(key, value, offset=len(self.commands), timestamp=NOW)
        outcome = testing.run(track, [record], rows=self.rows, topic="commands", now=NOW + 5)
        self.rows |= outcome.rows
        for message in outcome.messages:
            if message.topic == "orders":
                self._load("orders", Record(message.key, message.value, self.offset, NOW, message.headers))
        self._loaded(key)

    def _loaded(self, key: bytes) -> None:
        self._load("order.snapshots", Record(key, codec.encode(self.rows[key]), self.offset, NOW))

    def _load(self, topic: str, record: Record) -> None:
        self.loading.write([Batch(topic, 0, [record])], {(topic, 0): self.offset + 1})
        self.offset += 1


@pytest.fixture
def stream(tmp_path):
    """A stream beside a warehouse of its own."""
    warehouse = Warehouse(tmp_path / "arus.duckdb")
    yield Stream(warehouse)
    warehouse.close()


@pytest.fixture
def door(stream, tmp_path, monkeypatch):
    """Makes clients of an API that is a part of it."""
    monkeypatch.setattr(asking, "PATIENCE", 0.3)
    tokens = Tokens(tmp_path)
    services = Services(
        Settings(home=tmp_path),
        stream.loading.warehouse,
        tokens,
        Monitor(Silent(), lambda: NOW),
        loading=lambda: True,
        now=lambda: NOW,
        writer=stream,
    )
    app = build(services)

    def make(viewer=SELLER) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {tokens.make(viewer)}"}
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://arus.test", headers=headers)

    return make


async def post(client: httpx.AsyncClient, name: str, key: str = "", **payload) -> httpx.Response:
    """Asks."""
    headers = {"Idempotency-Key": key} if key else {}
    body = {"json": payload} if payload else {}
    return await client.post(f"/v1/orders/{ORDER}/{name}", headers=headers, **body)


async def test_a_confirmation_is_done_and_seen(door, stream):
    """The answer says where the order now stands, and whoever reads the order then finds it there."""
    stream.load(order_of(*NEW))
    async with door() as api:
        answer = await post(api, "confirm", "k1")
        assert answer.status_code == 200
        told = answer.json()
        assert (told["state"], told["command"], told["by"]) == ("done", "confirm", "seller")
        assert told["order_status"] == "ready_to_ship"
        assert (await api.get(f"/v1/orders/{ORDER}")).json()["status"] == "ready_to_ship"
        assert (await api.get(f"/v1/commands/{told['command_id']}")).json() == told


async def test_one_key_is_one_command(door, stream):
    """Sent again it has the same answer and no second effect; for another matter it is no key."""
    stream.load(order_of(*NEW))
    async with door() as api:
        first, again = await post(api, "confirm", "k1"), await post(api, "confirm", "k1")
        assert first.json() == again.json()
        assert len(stream.commands) == 1
        other = await post(api, "cancel", "k1", reason="sold out")
        assert (other.status_code, other.json()["type"]) == (422, "urn:arus:problem:invalid")
        assert (await post(api, "confirm")).status_code == 409


async def test_a_refusal_names_its_rule(door, stream):
    """As a problem document, with what the sentence is about; it is kept and can be looked up."""
    stream.load(order_of(*PLACED))
    async with door() as api:
        answer = await post(api, "confirm", "k1")
        problem = answer.json()
        assert (answer.status_code, problem["rule"], problem["values"]["status"]) == (409, "status", "unpaid")
        assert answer.headers["content-type"] == "application/problem+json"
        kept = (await api.get(f"/v1/commands/{problem['command_id']}")).json()
        assert (kept["state"], kept["rule"]) == ("refused", "status")
        assert (await api.get(f"/v1/orders/{ORDER}/commands")).json()["asked"] == [kept]
    async with door(BUYER) as api:
        assert (await api.get(f"/v1/orders/{ORDER}/commands")).json()["asked"] == []
    async with door(OPERATOR) as api:
        assert (await api.get(f"/v1/orders/{ORDER}/commands")).json()["asked"] == [kept]


async def test_a_slow_stream_is_told_where_to_look(door, stream):
    """202 and an address; once it is judged the answer is there, and the same key gives it too."""
    stream.load(order_of(*NEW))
    stream.stands = True
    async with door() as api:
        answer = await post(api, "confirm", "k1")
        assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
        place = answer.headers["location"]
        assert (await api.get(place)).json()["state"] == "waiting"
        stream.stands = False
        assert (await post(api, "confirm", "k1")).status_code == 200
        assert (await api.get(place)).json()["state"] == "done"


async def test_a_buyer_tells_how_the_goods_come_back(door, stream):
    """Once: the trail says with which carrier, and a second word is refused by its rule."""
    stream.load(order_of(*APPROVED))
    async with door(BUYER) as api:
        told = (await post(api, "ship_return", "k1", carrier="JNE", tracking_number="cgk77")).json()
        assert (told["state"], told["order_status"]) == ("done", "return_in_progress")
        [sent] = (await api.get(f"/v1/orders/{ORDER}/events")).json()["events"]
        assert (sent["event_id"], sent["type"]) == (told["events"][0], "return_shipped")
        assert (sent["carrier"], sent["tracking_number"]) == ("jne", "CGK77")
        again = await api.post(f"/v1/orders/{ORDER}/ship_return", json={})
        assert (again.status_code, again.json()["rule"], again.json()["values"]["step"]) == (409, "already", "shipped")


async def test_without_kafka_nothing_is_taken(door, stream):
    """503, and the same key may be sent again."""
    stream.load(order_of(*NEW))
    stream.gone = True
    async with door() as api:
        answer = await post(api, "confirm", "k1")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize(("viewer", "status"), [(STRANGER, 404), (OPERATOR, 403), (BUYER, 403)])
async def test_only_the_right_party_asks(door, stream, viewer, status):
    """Another seller's order is as absent as one that never was; an operator looks; a buyer confirms no order."""
    stream.load(order_of(*NEW))
    async with door(viewer) as api:
        assert (await post(api, "confirm")).status_code == status


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("arrange_shipping", {}),
        ("arrange_shipping", {"carrier": "jne", "tracking_number": "a b"}),
        ("cancel", {"reason": " "}),
        ("request_refund", {"reason": "x", "amount": 0}),
        ("decide_return", {"accept": "perhaps"}),
        ("ship_return", {"tracking_number": "a b"}),
    ],
)
async def test_what_does_not_fit_is_refused_before_it_is_asked(door, stream, name, payload):
    """422 says which field; nothing goes into the stream."""
    stream.load(order_of(*NEW))
    async with door() as api:
        answer = await api.post(f"/v1/orders/{ORDER}/{name}", json=payload)
        assert answer.status_code == 422
        assert answer.json()["errors"]
        assert stream.commands == []


async def test_what_can_be_asked_is_told(door, stream):
    """To each party its own; what is missing for a confirmation, too."""
    stream.load(order_of(*PLACED))
    async with door() as api:
        told = (await api.get(f"/v1/orders/{ORDER}/commands")).json()
        assert (told["order_status"], told["missing"]) == ("unpaid", ["payment"])
        assert [offer["command"] for offer in told["offers"]] == ["cancel"]
        assert told["stock"] == [{"sku": "S", "quantity": 1, "state": "uncounted", "available": None}]
    stream.load(order_of(*DELIVERED))
    async with door(BUYER) as api:
        told = (await api.get(f"/v1/orders/{ORDER}/commands")).json()
        names = {offer["command"] for offer in told["offers"]}
        assert names == {"confirm_receipt", "open_claim", "request_return", "request_refund"}


async def test_every_command_of_a_party_has_a_door(door):
    """The document has each with its body; what only automation does has none."""
    async with door() as api:
        paths = (await api.get("/openapi.json")).json()["paths"]
    doors = {path.rpartition("/")[2] for path in paths if path.startswith("/v1/orders/{order_id}/")}
    automatic = {name for name, kind in COMMANDS.items() if kind.by == ("system",)}
    assert automatic >= {"complete", "ask_review"}
    assert doors >= COMMANDS.keys() - automatic
    assert not doors & automatic
