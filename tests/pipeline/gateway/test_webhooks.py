"""Webhooks at the door of a gateway on a real Kafka: kept and answered, or refused and not kept."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from pipeline.gateway import bodies, connections
from pipeline.sources import SOURCES
from schemas.deliveries import Delivery

SAMPLES = sorted((Path(__file__).parents[1] / "sources" / "samples").glob("*/*.json"))
SECRETS = re.compile(rb"5ec2e7c0ffee|0ddba11c")

pytestmark = pytest.mark.xdist_group("gateway")


async def test_what_is_answered_200_lies_in_kafka_byte_for_byte(client, topics, signed, stored):
    """Each sample body of each sender is answered as it must hear it, and stored untouched, with how it arrived."""
    sent = [(file.parent.name, signed(file.parent.name, file.read_bytes(), client.base_url)) for file in SAMPLES]
    for source, webhook in sent:
        answer = await client.post(**webhook)
        assert (answer.status_code, answer.content) == (200, SOURCES[source].manners.body), source
    kept = [Delivery.read(r.key, r.value, dict(r.headers), at=(0, 0, 0)) for r in await stored(topics)]
    found = {(delivery.source, delivery.body): delivery for delivery in kept}
    for source, webhook in sent:
        delivery = found[source, webhook["content"]]
        assert delivery.account == "main"
        assert delivery.headers["content-type"] == "application/json"
        assert set(delivery.headers) <= {"content-type", "user-agent", *SOURCES[source].kept_headers}


async def test_no_secret_lies_in_kafka(client, topics, signed, stored, unlike):
    """Of the headers that prove a request nothing is stored."""
    for source in SOURCES:
        body = unlike(source) if source != "midtrans" else SAMPLES[0].read_bytes()
        await client.post(**signed(source, body, client.base_url))
    for record in await stored(topics):
        assert not SECRETS.search(record.key + record.value + repr(record.headers).encode())


async def test_repetitions_meet_in_one_partition(client, topics, signed, stored, unlike):
    """A webhook that comes twice is stored twice under one key: dropping it is for those who read."""
    body = unlike("ninjavan")
    for _ in range(2):
        await client.post(**signed("ninjavan", body, client.base_url))
    first, second = (record for record in await stored(topics) if record.value == body)
    assert (first.key, first.partition) == (second.key, second.partition)


async def test_the_old_secret_is_taken_while_secrets_change(client, signed, unlike, accounts):
    """An account with two live secrets takes webhooks signed with either."""
    from pipeline.settings import Account

    live = accounts[0].live_secrets()
    for secret, status in (*((secret, 200) for secret in live), ("older", 401)):
        account = Account(source="ninjavan", name="main", secrets=(secret,))
        assert (await client.post(**signed("ninjavan", unlike("ninjavan"), account=account))).status_code == status


@pytest.mark.parametrize("source", ["ninjavan", "tiktok_shop", "shopee", "easypost", "xendit", "standard_webhooks"])
async def test_a_body_that_nobody_can_read_is_kept(client, topics, signed, stored, source):
    """A signature proves who sent it: what no retry can mend is kept for the dead letters and answered 200."""
    body = f"{{ this is no JSON, {source}".encode()
    answer = await client.post(**signed(source, body, client.base_url))
    assert answer.status_code == 200
    assert body in [record.value for record in await stored(topics)]


async def test_types_that_nobody_knows_are_kept(client, signed):
    """A new type is no mistake of the sender's."""
    for source, body in (
        ("tiktok_shop", {"type": 999, "data": {}}),
        ("shopee", {"code": 999, "data": {}}),
        ("standard_webhooks", {"type": "stock.counted", "data": {}}),
    ):
        answer = await client.post(**signed(source, json.dumps(body).encode(), client.base_url))
        assert answer.status_code == 200


def told(answer):
    """Checks that the answer is a problem document, and gives its detail."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem.keys() == {"type", "title", "status", "detail"}
    return problem["detail"]


@pytest.mark.parametrize("source", ["ninjavan", "biteship", "easypost", "aftership", "xendit", "standard_webhooks"])
async def test_what_proves_nothing_is_refused_and_not_kept(client, topics, signed, stored, source):
    """Without a proof, or with one of another body, the answer is 401 with the reason; nothing is stored."""
    body = f'{{"refused": "{source}"}}'.encode()
    webhook = signed(source, body, client.base_url)
    assert "is missing" in told(await client.post(webhook["url"], content=body))
    if source not in ("biteship", "xendit"):  # whose proof is a secret beside the body, the same for each
        forged = await client.post(**{**webhook, "content": body + b" "})
        assert forged.status_code == 401
        assert told(forged)
    assert body not in [record.value for record in await stored(topics)]


async def test_tiktok_hears_401_of_a_wrong_signature_alone(client, fresh):
    """A 401 ends TikTok's retries: one that misses its signature, which a proxy may have dropped, is 400. No bodies."""
    webhook = fresh("tiktok_shop", client.base_url)
    forged = await client.post(**{**webhook, "content": webhook["content"] + b" "})
    unsigned = await client.post(webhook["url"], content=webhook["content"])
    assert [(a.status_code, a.content) for a in (forged, unsigned)] == [(401, b""), (400, b"")]


async def test_shopee_hears_no_body(client, fresh):
    """An answer with a body would count as a failed push; a refusal has none either."""
    webhook = fresh("shopee", "https://elsewhere.example")
    answer = await client.post(**webhook)
    assert (answer.status_code, answer.content) == (401, b"")


async def test_a_proof_that_is_there_twice_is_refused(client, signed, unlike):
    """Of two signatures nobody can say which one counts, even if they are alike."""
    webhook = signed("ninjavan", unlike("ninjavan"))
    twice = [*webhook["headers"].items(), ("X-Ninjavan-Hmac-Sha256", webhook["headers"]["x-ninjavan-hmac-sha256"])]
    answer = await client.post(webhook["url"], content=webhook["content"], headers=twice)
    assert answer.status_code == 401
    assert "is there more than once" in told(answer)


async def test_midtrans_hears_400_of_a_body_that_hides_its_signature(client, topics, stored):
    """What cannot be read cannot be proved: it is not kept, for anybody could have sent it."""
    answer = await client.post("/webhooks/midtrans/main", content=b"{ midtrans")
    assert answer.status_code == 400
    assert "without it there is no signature" in told(answer)
    assert b"{ midtrans" not in [record.value for record in await stored(topics)]


async def test_a_stale_webhook_is_refused(client, fresh, monkeypatch):
    """A captured webhook that comes after its window is 401."""
    webhook = fresh("standard_webhooks")
    monkeypatch.setattr(client.gateway, "clock", lambda: 4_000_000_000_000)
    answer = await client.post(**webhook)
    assert answer.status_code == 401
    assert "more than 5 minutes" in told(answer)


async def test_trials_of_an_address_are_answered_and_not_kept(client, topics, stored):
    """Biteship's installation and Shopee's console are answered 200 without any proof; nothing is stored."""
    before = len(await stored(topics))
    for url in ("/webhooks/biteship/main", "/webhooks/shopee/main"):
        answer = await client.post(url)
        assert (answer.status_code, answer.content) == (200, b"")
    assert len(await stored(topics)) == before


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/webhooks/tiktok/main", "There is no source of that name; there are tiktok_shop, shopee"),
        ("/webhooks/ninjavan/other", "There is no account of that name for Ninja Van"),
        ("/webhooks/ninjavan/main/more", "There is no account"),
        ("/webhooks", "Webhooks are posted to /webhooks/{source}/{account}"),
        ("/", "Webhooks are posted to"),
    ],
)
async def test_an_address_that_is_none_says_what_is(client, path, says):
    """404, and what the address should be."""
    answer = await client.post(path, content=b"{}")
    assert answer.status_code == 404
    assert says in told(answer)


async def test_a_sender_that_takes_no_address_with_its_own_name_has_another_word(client):
    """Shiprocket refuses to be pointed at an address that holds `shiprocket`."""
    for word in ("shiprocket", "ship-rocket"):
        assert "Shiprocket posts its webhooks" in told(await client.get(f"/webhooks/{word}/main"))
    assert "There is no account of that name for Shiprocket" in told(await client.post("/webhooks/ship-rocket/none"))


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_a_webhook_s_address_takes_posts_alone(client, method):
    """405 with `Allow`, and what the address is for."""
    answer = await client.request(method, "/webhooks/ninjavan/main")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    if method != "HEAD":
        assert "Ninja Van posts its webhooks (scans of parcels)" in told(answer)


async def test_a_sender_that_asks_before_it_sends_is_answered(client):
    """CloudEvents' OPTIONS request: who asked may send, by POST."""
    asked = {"webhook-request-origin": "eventemitter.example.com", "webhook-request-rate": "120"}
    answer = await client.options("/webhooks/cloudevents/main", headers=asked)
    assert (answer.status_code, answer.headers["allow"]) == (200, "POST")
    assert answer.headers["webhook-allowed-origin"] == "eventemitter.example.com"
    assert answer.headers["webhook-allowed-rate"] == "*"


async def test_an_event_in_headers_keeps_them(client, topics, signed, stored):
    """Of a binary CloudEvent the attributes travel with the body; the token does not."""
    request = signed("cloudevents", b"{}")
    told = {"ce-id": "kept-1", "ce-source": "/kasir", "ce-type": "order.confirmed", "ce-specversion": "1.0"}
    assert (await client.post(**{**request, "headers": {**request["headers"], **told}})).status_code == 200
    (record,) = [r for r in await stored(topics) if ("http.ce-id", b"kept-1") in r.headers]
    headers = dict(record.headers)
    assert {headers[f"http.{name}"].decode() for name in told} == set(told.values())
    assert "http.authorization" not in headers


async def test_the_gateway_s_own_pages_are_read_alone(client):
    """Health, readiness and metrics take GET and HEAD."""
    assert (await client.get("/healthz")).text == "ok"
    answer = await client.post("/healthz")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_what_happens_is_counted(run, topics, client, signed, unlike):
    """Accepted, refused, turned away and stray requests, and bytes, by source, account and reason."""
    body = unlike("aftership")
    async with run(topics, kind=type(client)) as sender:
        await sender.post(**signed("aftership", body))
        await sender.post("/webhooks/aftership/main", content=body)
        await sender.post("/webhooks/aftership/nobody")
        text = (await sender.get("/metrics")).text
    labels = 'account="main",source="aftership"'
    assert f"arus_webhooks_accepted_total{{{labels}}} 1.0" in text
    assert f"arus_webhooks_bytes_total{{{labels}}} {float(len(body))}" in text
    assert 'arus_webhooks_refused_total{account="main",reason="missing_signature",source="aftership"} 1.0' in text
    assert f"arus_webhook_seconds_count{{{labels}}} 2.0" in text
    assert 'arus_webhooks_strays_total{status="404"} 1.0' in text
    assert "nobody" not in text


async def test_a_body_of_the_limit_is_taken_and_one_byte_more_is_not(client, signed):
    """1 MiB is kept; a byte more is 413, and says the limit."""
    whole = json.dumps({"pad": "x" * (2**20 - 11)}).encode()
    assert len(whole) == 2**20
    assert (await client.post(**signed("ninjavan", whole))).status_code == 200
    answer = await client.post(**signed("ninjavan", whole + b" "))
    assert answer.status_code == 413
    assert "larger than 1048576 bytes" in told(answer)


async def test_a_body_that_does_not_say_its_length_is_measured(client):
    """A chunked body is cut off at the limit, however long it goes on."""

    async def endless():
        for _ in range(40):
            yield b"x" * 2**16

    answer = await client.post("/webhooks/ninjavan/main", content=endless())
    assert answer.status_code == 413


async def raw(client, text, *more, wait=0.0):
    """Sends bytes as they are and gives the status line of the answer."""
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(text)
    for piece in more:
        await asyncio.sleep(wait)
        writer.write(piece)
    try:
        return (await asyncio.wait_for(reader.readline(), 5)).split(b" ")[1:2]
    finally:
        writer.close()


async def test_a_sender_that_asks_first_is_told_before_it_sends(client):
    """`Expect: 100-continue` with too large a body: 413 at once, no byte of it is read."""
    head = (
        b"POST /webhooks/ninjavan/main HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9999999\r\n\r\n"
    )
    assert await raw(client, head) == [b"413"]


async def test_a_sender_that_hangs_up_leaves_nothing(client, topics, stored):
    """A body that breaks off is not kept, and the gateway goes on."""
    before = len(await stored(topics))
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(b'POST /webhooks/ninjavan/main HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"half":')
    await writer.drain()
    writer.close()
    await asyncio.sleep(0.1)
    assert (await client.get("/healthz")).status_code == 200
    assert len(await stored(topics)) == before
    assert 'reason="gone"' in (await client.get("/metrics")).text
    assert await reader.read() == b""


async def test_a_sender_that_does_not_wait_for_the_answer_is_kept(client, topics, stored, fresh, until):
    """Who hangs up after the last byte has said all: the webhook is kept, whoever hears of it."""
    webhook = fresh("ninjavan")
    headers = {**webhook["headers"], "host": "x", "content-length": str(len(webhook["content"]))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    _, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(f"POST {webhook['url']} HTTP/1.1\r\n{head}\r\n".encode() + webhook["content"])
    await writer.drain()
    writer.close()

    async def kept():
        return webhook["content"] in [record.value for record in await stored(topics)]

    await until(kept)


async def test_a_sender_that_dawdles_is_told_so(client, monkeypatch):
    """A body that does not come in time is 408: nobody holds a place for ever."""
    monkeypatch.setattr(bodies, "SECONDS", 0.2)
    head = b"POST /webhooks/ninjavan/main HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"
    assert await raw(client, head) == [b"408"]


async def test_unfinished_bodies_have_room_for_so_many(client, monkeypatch):
    """When too many unfinished bytes are held, further ones are 503, and all is forgotten when they end."""
    monkeypatch.setattr(bodies, "ROOM", 1_000)
    head = b"POST /webhooks/ninjavan/main HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n"
    assert await raw(client, head + b"x" * 500, b"y" * 900, wait=0.05) == [b"503"]
    assert client.gateway.bodies._held == 0


async def hung_up(client, text):
    """Sends bytes and tells that the gateway hung up without an answer."""
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(text)
    try:
        return await asyncio.wait_for(reader.read(), 5) == b""
    except ConnectionResetError:
        return True
    finally:
        writer.close()


async def test_headers_have_an_end(client):
    """A sender whose headers go on and on is hung up on before they fill the memory."""
    assert await hung_up(client, b"POST / HTTP/1.1\r\nx-long: " + b"x" * 100_000)


@pytest.mark.parametrize("beginning", [b"", b"POST /webhooks/ninjavan/main HTTP/1.1\r\nhost:"])
async def test_a_connection_must_ask_for_something(client, monkeypatch, beginning):
    """A sender that connects and says nothing, or does not finish its headers, is hung up on."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    assert await hung_up(client, beginning)


async def test_requests_on_one_connection_follow_each_other(client, fresh):
    """A refused request does not spoil the connection for the next one."""
    for status in (401, 200, 401, 200):
        webhook = fresh("aftership")
        answer = await client.post(**webhook if status == 200 else {**webhook, "content": b"{}"})
        assert answer.status_code == status
