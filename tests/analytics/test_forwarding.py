"""Forwarding: whoever asks the wrong node gets the right one's answer, and no request goes round and round."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from analytics import pages
from analytics.access import OPERATOR, Tokens, Viewer
from analytics.api import forwarding
from analytics.api.app import build
from analytics.api.services import Services
from analytics.loading import Loading
from analytics.monitor import Monitor
from analytics.shards import WHOLE, Shard, node_of
from analytics.warehouse import Warehouse
from pipeline.settings import Analytics, Settings
from tests.analytics.conftest import Silent
from tests.analytics.seed import NOW, SELLERS, Kafka, told

HERE, THERE = (next(f"toko-{n}" for n in range(99) if node_of(f"toko-{n}", 2) == node) for node in (0, 1))
"""A seller of each of two nodes."""
NODES = ("http://node-0", "http://node-1")


@dataclass
class Between:
    """The network between the nodes: what goes over it, and what is cut off."""

    apps: dict[str, FastAPI] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    asked: list[httpx.Request] = field(default_factory=list)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self.pass_on))

    async def pass_on(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.host in self.down:
            raise httpx.ConnectError("refused")
        transport = httpx.ASGITransport(self.apps[request.url.host], raise_app_exceptions=False)
        return await transport.handle_async_request(request)


@pytest.fixture
def between(monkeypatch) -> Between:
    network = Between()
    monkeypatch.setattr(forwarding, "client", network.client)
    return network


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Iterator[dict[str, Warehouse]]:
    """The files of both nodes, and that of one that is alone."""
    topics, folder = told(60, (*SELLERS, HERE, THERE))[0], tmp_path_factory.mktemp("files")
    shares = {"node-0": Shard(0, 2), "node-1": Shard(1, 2), "whole": WHOLE}
    opened = {name: Warehouse(folder / name, shard) for name, shard in shares.items()}
    for warehouse in opened.values():
        fresh = Kafka()
        fresh.records = topics.records
        fresh.write(Loading(warehouse, clock=lambda: NOW))
    yield opened
    for warehouse in opened.values():
        warehouse.close()


Ask = Callable[..., httpx.AsyncClient]


@pytest.fixture
def ask(between, files, tmp_path) -> Ask:
    """Makes clients of nodes: the first, the second, and `whole`, which is alone."""
    for name, warehouse in files.items():
        shard = warehouse.shard
        share = Analytics(shards=NODES, shard=shard.number) if shard != WHOLE else Analytics()
        settings = Settings(home=tmp_path / "home", analytics=share)
        tokens, monitor = Tokens(tmp_path / "home"), Monitor(Silent(), lambda: NOW)
        services = Services(settings, warehouse, tokens, monitor, loading=lambda: True, now=lambda: NOW)
        between.apps[name] = build(services)
        pages.join(between.apps[name])

    def make(node: str, viewer: Viewer | None = None, **headers: str) -> httpx.AsyncClient:
        if viewer:
            headers["Authorization"] = f"Bearer {tokens.make(viewer)}"
        transport = httpx.ASGITransport(between.apps[node], raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://arus.test", headers=headers)

    return make


async def read(client: httpx.AsyncClient, path: str) -> tuple[int, str | None, bytes]:
    """Gives status, type and body of an answer."""
    async with client as api:
        answer = await api.get(path)
    return answer.status_code, answer.headers.get("content-type"), answer.content


LISTS = ("/v1/orders?format=csv", "/v1/orders", "/v1/notices?format=csv", "/v1/stock", "/v1/orders/shop:none", "/v1/x")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("seller", [HERE, THERE])
async def test_any_node_answers_as_one_alone_would(ask, seller, path):
    """Byte for byte, files and refusals too; a notice's number is its file's own, so the CSV has none of them."""
    viewer, left_out = Viewer("seller", seller), path.startswith("/v1/notices")
    answers = [await read(ask(node, viewer), path) for node in ("whole", "node-0", "node-1")]
    if left_out:
        answers = [
            (code, kind, sorted(line.partition(b",")[2] for line in body.splitlines())) for code, kind, body in answers
        ]
    assert answers[1:] == answers[:1] * 2
    assert answers[0][2]


async def test_a_buyer_of_another_node_and_a_page(ask, between):
    """Buyers are passed on as sellers are, and a page as it was drawn there."""
    buyer = next(Viewer("buyer", f"buyer-{n}") for n in range(1, 13) if node_of(f"buyer-{n}", 2) == 1)
    assert await read(ask("node-0", buyer), "/v1/orders") == await read(ask("whole", buyer), "/v1/orders")
    async with ask("node-0") as browser:
        token = between.apps["node-0"].state.services.tokens.make(buyer)
        await browser.get("/enter", params={"token": token})
        page = await browser.get("/buyer", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert page.headers["arus-shard"] == "1/2"
    assert "content-encoding" not in page.headers or "gzip" in between.asked[-1].headers["accept-encoding"]


async def test_a_body_arrives_whole(ask, between):
    """What a seller sets at the wrong node is judged at the right one, with the body that they sent."""
    seen = []

    def heard(topic: str, key: bytes, value: bytes) -> None:
        seen.append((topic, key, value))

    for node in ("node-0", "node-1"):
        services = between.apps[node].state.services
        object.__setattr__(services, "writer", type("Writes", (), {"write": staticmethod(heard)}))
    wanted = {"confirms": True, "completes": False, "cancels": False, "buyer_cancels": "new", "asks_review": 0}
    async with ask("node-0", Viewer("seller", THERE)) as api:
        answer = await api.put("/v1/settings", json=wanted)
    assert answer.status_code == 200, answer.text
    assert [(topic, key) for topic, key, _ in seen] == [("sellers", THERE.encode())]
    assert b'"confirms":true' in seen[0][2]
    assert between.asked[-1].headers["content-length"] == str(len(answer.request.content))


async def test_nobody_sees_more_by_a_detour(ask, between):
    """Each node judges the token itself: what the first refuses goes nowhere, what the second revoked is refused."""
    async with ask("node-0", Authorization="Bearer arus_x.y") as api:
        assert (await api.get("/v1/orders")).status_code == 401
        assert (await api.get(f"/v1/ops/lag?seller={THERE}")).status_code == 401
    assert not between.asked
    async with ask("node-0", Viewer("seller", THERE)) as api:
        assert not (await api.get(f"/v1/stock?seller={HERE}")).json()["articles"]
        assert (await api.get(f"/v1/ops/lag?seller={HERE}")).status_code == 403
        between.apps["node-1"].state.services.tokens.revoke(api.headers["authorization"].removeprefix("Bearer "))
        assert (await api.get("/v1/orders")).status_code == 401


async def test_a_node_that_is_down_is_503_for_its_own_alone(ask, between):
    """With what to do, as a document and as a page; the other's sellers never notice."""
    between.down.add("node-1")
    async with ask("node-0", Viewer("seller", THERE)) as api:
        answer = await api.get("/v1/orders")
        page = await api.get("/", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "node 1 of the 2" in answer.json()["detail"]
    assert "arus analytics" in answer.json()["detail"]
    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert (await read(ask("node-0", Viewer("seller", HERE)), "/v1/orders"))[0] == 200


async def test_settings_that_disagree_make_no_loop(ask, between):
    """Two nodes that each think the other keeps a seller: one hop, then a sentence; a client's own header is no key."""
    between.apps["node-1"] = between.apps["node-0"]
    answer = await read(ask("node-0", Viewer("seller", THERE)), "/v1/orders")
    assert answer[0] == 503
    assert b"analytics.shards must be the same list" in answer[2]
    assert len(between.asked) == 1
    for hops in ("1", "99", "x", "-1", "99999999999"):
        answer = await read(ask("node-0", Viewer("seller", THERE), **{"Arus-Hops": hops}), "/v1/orders")
        assert answer[0] == 503
    assert len(between.asked) == 1


async def test_an_operator_finds_one_order_at_any_node(ask, between):
    """Lists are of the node asked, and say so; one thing that is not there is looked for at the others, each once."""
    listed = {}
    for node in ("node-0", "node-1"):
        async with ask(node, OPERATOR) as api:
            answer = await api.get("/v1/orders", params={"limit": 200})
        assert answer.headers["arus-shard"] == node[-1] + "/2"
        listed[node] = [order["order_id"] for order in answer.json()["orders"]]
        async with ask(node, OPERATOR) as api:
            page = await api.get("/ops?as=operator&lang=en", headers={"accept": "text/html"})
        assert f"Node {node[-1]} of 2." in page.text
    assert len(set(listed["node-0"]) | set(listed["node-1"])) == 60
    assert not between.asked
    for of, at in (("node-0", "node-1"), ("node-1", "node-0")):
        for path in ("/v1/orders/{}", "/ops/orders/{}?as=operator"):
            async with ask(at, OPERATOR) as api:
                answer = await api.get(path.format(listed[of][0]))
            assert answer.status_code == 200
            assert answer.headers["arus-shard"] == of[-1] + "/2"
    between.asked.clear()
    assert (await read(ask("node-0", OPERATOR), "/v1/orders/shop:none"))[0] == 404
    assert (await read(ask("node-0", OPERATOR), "/v1/nothing"))[0] == 404
    assert len(between.asked) == 1
    between.down.add("node-1")
    assert (await read(ask("node-0", OPERATOR), "/v1/orders/shop:none"))[0] == 503


async def test_an_operator_who_names_a_seller_asks_their_node(ask):
    """A seller's stock is not empty because another node has it."""
    path = f"/v1/stock?seller={THERE}"
    alone = await read(ask("whole", OPERATOR), path)
    assert b"sku" in alone[2]
    assert await read(ask("node-0", OPERATOR), path) == await read(ask("node-1", OPERATOR), path) == alone


SCOPE = {
    "type": "http",
    "method": "GET",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "asgi": {"spec_version": "2.4"},
}


async def passed(app: ASGIApp, shard: Shard, answered: Callable, *headers: tuple[bytes, bytes]) -> list[dict]:
    """Gives what a node of three sends, whose app is this, while the others answer so."""
    asking, sent = httpx.AsyncClient(transport=httpx.MockTransport(answered)), []

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    nodes = (*NODES, "http://node-2")
    await forwarding.Forwarding(app, shard, nodes, asking)({**SCOPE, "headers": list(headers)}, receive, send)
    return sent


@pytest.mark.parametrize(("hops", "may_be_anywhere", "asked"), [(1, True, 1), (1, False, 0), (2, True, 0)])
async def test_a_search_goes_once_round(hops, may_be_anywhere, asked):
    """From node to node until all were asked; what names its seller is not there if it is not at theirs."""
    seen = []

    async def found():
        yield b"here"

    async def app(scope, receive, send):
        scope["state"] = {"may_be_anywhere": may_be_anywhere}
        await PlainTextResponse("no", 404)(scope, receive, send)

    def answered(request: httpx.Request) -> httpx.Response:
        seen.append((str(request.url), request.headers["arus-hops"]))
        return httpx.Response(200, content=found())

    sent = await passed(app, Shard(1, 3), answered, (b"arus-hops", b"%d" % hops))
    assert seen == [("http://node-2/", "2")] * asked
    assert (sent[0]["status"], sent[1]["body"]) == ((200, b"here") if asked else (404, b"no"))


async def test_an_answer_that_breaks_off_is_left_unfinished():
    """Half a file must not look like a whole one."""

    async def half():
        yield b"order_id\n"
        raise httpx.ReadError("gone")

    async def app(scope, receive, send):
        raise forwarding.Elsewhere(1)

    def answered(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=half())

    sent = await passed(app, Shard(0, 3), answered)
    assert [message.get("body") for message in sent[1:]] == [b"order_id\n"]
    assert sent[-1]["more_body"]
