"""A seller's own endpoint by API: set, told its secret once, and asked for what did not arrive."""

import asyncio
import threading

import httpx
import msgspec
import pytest

from analytics import endpoints
from analytics.access import OPERATOR, Tokens, Viewer
from analytics.api.app import build
from analytics.api.services import Services
from analytics.loading import Loading
from analytics.monitor import Monitor
from analytics.warehouse import Warehouse
from pipeline import codec
from pipeline.broker import BrokerError
from pipeline.endpoints import message
from pipeline.settings import Endpoints, Settings
from pipeline.streams.agent import Batch
from schemas.endpoints import Endpoint, Sending, Standing, Wish, audience_of, sending_id
from schemas.notices import Notice
from tests.analytics.conftest import Silent
from tests.analytics.seed import NOW, Record

SELLER, STRANGER, BUYER = Viewer("seller", "kios"), Viewer("seller", "other"), Viewer("buyer", "siti")
URL = "https://hooks.kios.example/arus"


class Stream:
    """Kafka and loading in one, and what `arus notify` tells."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._loading, self._offset = Loading(warehouse, clock=lambda: NOW), 0
        self.set, self.wishes, self.gone = list[Endpoint](), list[tuple[bytes, Wish]](), False

    def write(self, topic: str, key: bytes, value: bytes) -> None:
        """Takes what the API writes."""
        if self.gone:
            raise BrokerError("Kafka cannot be reached")
        if topic == "endpoints":
            self.set.append(msgspec.json.decode(value, type=Endpoint))
            self._load(topic, key, value)
            return
        assert topic == "endpoint.wishes"
        wish = msgspec.json.decode(value, type=Wish)
        self.wishes.append((key, wish))
        if wish.what == "resume":
            self.stand(Standing(wish.seller_id, changed_at=NOW))

    def stand(self, standing: Standing) -> None:
        """Tells how an endpoint does."""
        self._load("endpoint.standings", audience_of(standing.seller_id).encode(), codec.encode(standing))

    def send(self, name: str, state: str, seller_id: str = "kios", **said) -> Notice:
        """Tells how a message stands."""
        notice = Notice(name, f"seller:{seller_id}", "order_created", f"kios:{name}", NOW, "e1", {"item": "Kopi"})
        sending = Sending(sending_id(name), seller_id, notice, state, **said)
        self._load("endpoint.sendings", sending.sending_id.encode(), codec.encode(sending))
        return notice

    def _load(self, topic: str, key: bytes, value: bytes) -> None:
        record = Record(key, value, self._offset, NOW + self._offset)
        self._loading.write([Batch(topic, 0, [record])], {(topic, 0): self._offset + 1})
        self._offset += 1


@pytest.fixture
def stream(tmp_path):
    warehouse = Warehouse(tmp_path / "arus.duckdb")
    yield Stream(warehouse)
    warehouse.close()


@pytest.fixture
def door(stream, tmp_path, monkeypatch):
    """Makes clients of an API beside it: `door(STRANGER)`."""
    monkeypatch.setattr(endpoints, "PATIENCE", 0.3)
    tokens, warehouse = Tokens(tmp_path), stream._loading.warehouse
    said = {"loading": lambda: True, "now": lambda: NOW, "writer": stream}
    made = Services(Settings(home=tmp_path), warehouse, tokens, Monitor(Silent(), lambda: NOW), **said)
    app = build(made)

    def make(viewer=SELLER, *, private=False) -> httpx.AsyncClient:
        settings = Settings(home=tmp_path, endpoints=Endpoints(private=private))
        app.state.services = Services(settings, warehouse, tokens, made.monitor, **said)
        headers = {"Authorization": f"Bearer {tokens.make(viewer)}"}
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://arus.test", headers=headers)

    make.tokens = tokens
    return make


async def test_the_secret_is_told_once(door, stream):
    """By the answer that made it; a change of the URL makes no other, and no later answer tells it."""
    async with door() as api:
        assert (await api.get("/v1/endpoint")).json()["state"] == "none"
        first = (await api.put("/v1/endpoint", json={"url": URL})).json()
        assert (first["url"], first["state"], first["secret"][:6]) == (URL, "working", "whsec_")
        second = (await api.put("/v1/endpoint", json={"url": URL + "2"})).json()
        assert (second["secret"], (await api.get("/v1/endpoint")).json()["secret"]) == (None, None)
    assert [told.secret for told in stream.set] == [first["secret"]] * 2
    assert [told.since for told in stream.set] == [NOW, NOW]


async def test_words_to_buyers_are_switched_on_by_kind(door, stream):
    """Left out they stay as they were; a kind that has no template is refused."""
    async with door() as api:
        told = await api.put("/v1/endpoint", json={"url": URL, "messages": ["delivered", "shipped"]})
        assert told.json()["messages"] == ["shipped", "delivered"]
        assert (await api.put("/v1/endpoint", json={"url": URL + "2"})).json()["messages"] == ["shipped", "delivered"]
        assert (await api.put("/v1/endpoint", json={"url": URL, "messages": []})).json()["messages"] == []
        assert (await api.put("/v1/endpoint", json={"url": URL, "messages": ["low_stock"]})).status_code == 422
    assert len(stream.set) == 3


async def test_a_new_secret_leaves_the_old_one_a_day(door, stream):
    """Both sign, so that the receiver can change over."""
    async with door() as api:
        old = (await api.put("/v1/endpoint", json={"url": URL})).json()["secret"]
        new = (await api.post("/v1/endpoint/secret")).json()["secret"]
    told = stream.set[-1]
    assert (told.secret, told.former, told.former_until) == (new, old, NOW + message.BOTH_SIGN)
    assert told.url == URL


@pytest.mark.parametrize("url", ["http://hooks.example", "https://127.0.0.1/", "https://[::1]/", "nothing", "https://"])
async def test_a_url_that_leads_inside_is_refused(door, stream, url):
    """With a sentence, and nothing is kept; where the settings allow it, http and one's own network are taken."""
    async with door() as api:
        refused = await api.put("/v1/endpoint", json={"url": url})
        assert (refused.status_code, refused.json()["detail"][:4]) == (422, "url:")
    assert not stream.set
    async with door(private=True) as api:
        assert (await api.put("/v1/endpoint", json={"url": "http://127.0.0.1:9000/hook"})).status_code == 200


async def test_without_an_endpoint_there_is_nothing_to_ask(door):
    """A sentence says what to do first."""
    async with door() as api:
        for act in ("secret", "test", "resume", "sendings/resend", "sendings/msg_1/resend"):
            answer = await api.post(f"/v1/endpoint/{act}")
            assert (answer.status_code, "set its URL" in answer.json()["detail"]) == (409, True)


async def test_a_test_message_is_asked_for(door, stream):
    """It is a notice of its own kind, to this seller."""
    async with door() as api:
        await api.put("/v1/endpoint", json={"url": URL})
        assert (await api.post("/v1/endpoint/test")).json() == {"sent": 1}
    [(key, wish)] = stream.wishes
    assert (key, wish.what, wish.notice.kind, wish.notice.audience) == (b"seller:kios", "send", "test", "seller:kios")


async def test_messages_are_listed_and_sent_again(door, stream):
    """One, whatever became of it, or all that did not arrive; the very notice goes, so its id is the same."""
    failed, missed = stream.send("n1", "failed", attempts=10, answer="500"), stream.send("n2", "missed")
    arrived = stream.send("n3", "waiting", attempts=1, due=NOW + 5_000, answer="500")
    stream.send("n3", "delivered", attempts=2, attempted_at=NOW, answer="204")
    stream.send("x1", "failed", "other")
    async with door() as api:
        await api.put("/v1/endpoint", json={"url": URL})
        told = (await api.get("/v1/endpoint")).json()["sent"]
        assert told == {"waiting": 0, "delivered": 1, "failed": 1, "missed": 1}
        rows = (await api.get("/v1/endpoint/sendings")).json()["sendings"]
        assert [(row["notice_id"], row["state"], row["attempts"]) for row in rows] == [
            ("n3", "delivered", 2),
            ("n2", "missed", 0),
            ("n1", "failed", 10),
        ]
        assert len((await api.get("/v1/endpoint/sendings", params={"state": "failed"})).json()["sendings"]) == 1
        assert (await api.post("/v1/endpoint/sendings/resend")).json() == {"sent": 2}
        assert [wish.notice for _, wish in stream.wishes] == [missed, failed]
        one = await api.post(f"/v1/endpoint/sendings/{sending_id('n3')}/resend")
        assert (one.json(), stream.wishes[-1][1].notice) == ({"sent": 1}, arrived)
        assert (await api.post(f"/v1/endpoint/sendings/{sending_id('x1')}/resend")).status_code == 404


async def test_a_paused_endpoint_is_resumed_by_a_button_or_a_new_url(door, stream):
    """It says since when and why it is paused."""
    paused = Standing("kios", NOW - 9, NOW - 5, "410", NOW - 5)
    async with door() as api:
        await api.put("/v1/endpoint", json={"url": URL})
        for act, ask in (("resume", {}), ("url", {"url": URL + "2"})):
            stream.stand(paused)
            told = (await api.get("/v1/endpoint")).json()
            assert (told["state"], told["why"]) == ("paused", "410")
            answer = await (api.put("/v1/endpoint", json=ask) if ask else api.post(f"/v1/endpoint/{act}"))
            assert answer.json()["state"] == "working"
    assert [wish.what for _, wish in stream.wishes] == ["resume", "resume"]


async def test_an_endpoint_is_its_sellers_alone(door, stream):
    """Another seller sees none of it; buyers and operators have none."""
    async with door() as api:
        await api.put("/v1/endpoint", json={"url": URL})
    stream.send("n1", "failed")
    async with door(STRANGER) as api:
        assert (await api.get("/v1/endpoint")).json()["state"] == "none"
        assert (await api.get("/v1/endpoint/sendings")).json() == {"sendings": []}
    for viewer in (BUYER, OPERATOR):
        async with door(viewer) as api:
            assert (await api.get("/v1/endpoint")).status_code == 403


async def test_operators_see_which_endpoints_fail(door, stream):
    """The longest failing first, with what waits; of the URL no more than the host, as the rest may be a secret."""
    for viewer in (SELLER, STRANGER):
        async with door(viewer) as api:
            await api.put("/v1/endpoint", json={"url": URL + "?token=secret"})
    stream.stand(Standing("other", NOW - 9, 0, "500", NOW))
    stream.send("n1", "waiting", "other")
    async with door(OPERATOR) as api:
        answer = await api.get("/v1/ops/endpoints")
    assert [(row["seller_id"], row["state"], row["why"], row["waiting"]) for row in answer.json()["rows"]] == [
        ("other", "failing", "500", 1),
        ("kios", "working", None, 0),
    ]
    assert answer.json()["rows"][0]["host"] == "hooks.kios.example"
    assert "secret" not in answer.text


async def test_kafka_that_is_away_is_told(door, stream):
    """Nothing is half changed."""
    stream.gone = True
    async with door() as api:
        assert (await api.put("/v1/endpoint", json={"url": URL})).status_code == 503
        assert (await api.get("/v1/endpoint")).json()["state"] == "none"


async def test_two_changes_at_a_time_hold_up_nobody(door, stream, monkeypatch):
    """The second is told to ask again; another seller's goes on."""
    monkeypatch.setattr(endpoints, "PATIENCE", 5)
    under_way, may_end = threading.Event(), threading.Event()
    write = stream.write

    def slow(topic, key, value):
        if key == audience_of("kios").encode():
            under_way.set()
            may_end.wait(5)
        write(topic, key, value)

    monkeypatch.setattr(stream, "write", slow)
    async with door() as api:
        first = asyncio.ensure_future(api.put("/v1/endpoint", json={"url": URL}))
        await asyncio.to_thread(under_way.wait, 5)
        second = await api.put("/v1/endpoint", json={"url": URL + "2"})
        assert (second.status_code, second.json()["type"]) == (429, "urn:arus:problem:too-many")
        other = {"Authorization": f"Bearer {door.tokens.make(STRANGER)}"}
        assert (await api.put("/v1/endpoint", json={"url": URL}, headers=other)).status_code == 200
        may_end.set()
        assert (await first).status_code == 200
        assert (await api.put("/v1/endpoint", json={"url": URL + "2"})).status_code == 200
