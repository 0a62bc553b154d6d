"""Public keys of a sender: fetched over HTTP when a signature names one, seldom, and never at the cost of a webhook."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pipeline.gateway import keys as fetching
from pipeline.gateway.answers import TurnedAway
from pipeline.gateway.app import build
from pipeline.settings import Account, Kafka, Settings
from pipeline.sources import SOURCES, Request
from pipeline.sources.rsa import KeysWanted, Rsa
from tests import keys

NOW = 1_800_000_000_000


class Publisher:
    """A sender's web server; `answer` is what lies at its address."""

    def __init__(self):
        self.asked, self.answer = 0, keys.jwks(pinned=keys.NEW)

    async def get(self, request):
        del request
        self.asked += 1
        if self.answer is None:
            raise web.HTTPServiceUnavailable
        return web.Response(body=self.answer)


@pytest.fixture
async def publisher():
    publisher = Publisher()
    application = web.Application()
    application.router.add_get("/jwks", publisher.get)
    async with TestServer(application) as server:
        publisher.url = str(server.make_url("/jwks"))
        yield publisher


@pytest.fixture
def clock():
    return [NOW]


@pytest.fixture
def known(clock):
    return fetching.Keys(lambda: clock[0])


@pytest.fixture
def scheme(publisher):
    return Rsa("signature", "key", "instant", publisher.url)


async def test_a_set_is_fetched_once_for_many(publisher, known, scheme):
    """Requests that want one set at one time share the look; another name soon after does not ask again."""
    await asyncio.gather(*(known.renew(scheme, publisher.url) for _ in range(20)))
    await known.renew(scheme, publisher.url)
    assert publisher.asked == 1
    assert set(scheme.known[publisher.url].keys) == {"pinned"}


async def test_a_new_key_is_found_after_a_minute(publisher, known, scheme, clock):
    """A sender that changes its key waits a minute at most."""
    await known.renew(scheme, publisher.url)
    publisher.answer = keys.jwks(newer=keys.OLD)
    clock[0] += fetching.PAUSE
    await known.renew(scheme, publisher.url)
    assert set(scheme.known[publisher.url].keys) == {"newer"}


@pytest.mark.parametrize("answer", [None, b"no keys"])
async def test_without_any_key_the_sender_must_come_again(publisher, known, scheme, clock, answer):
    """No key means no refusal: it is we who cannot tell; and a set that is down is not asked without end."""
    publisher.answer = answer
    for _ in range(3):
        with pytest.raises(TurnedAway) as away:
            await known.renew(scheme, publisher.url)
        assert away.value.reason == "no_keys"
    assert publisher.asked == 1
    publisher.answer = keys.jwks(pinned=keys.NEW)
    clock[0] += fetching.PAUSE_AFTER_FAILURE
    await known.renew(scheme, publisher.url)
    assert publisher.asked == 2


async def test_while_a_set_is_down_its_old_keys_are_believed(publisher, known, scheme, clock):
    """A sender's web server that fails for an hour stops none of its webhooks."""
    await known.renew(scheme, publisher.url)
    publisher.answer = None
    clock[0] += 2 * 3_600_000
    await known.renew(scheme, publisher.url)
    assert scheme.known[publisher.url].until > clock[0]


async def test_an_address_where_nobody_listens_turns_away(known):
    """A refused connection and an address that is none are the same to the sender: come again."""
    for url in ("http://127.0.0.1:1/jwks", "http://[/"):
        with pytest.raises(TurnedAway):
            await known.renew(Rsa("signature", "key", "instant", url), url)


async def test_a_webhook_is_proved_by_the_key_that_is_fetched_for_it(publisher):
    """Through the door: one signed by a published key is believed, one that names another key is refused."""
    account = Account(source="shipstation", name="main", jwks=publisher.url)
    application = build(Settings(kafka=Kafka(bootstrap_servers="127.0.0.1:1"), accounts=(account,)))
    application.clock = lambda: NOW
    (door,) = application.doors.values()
    signed = SOURCES["shipstation"].scheme.sign(
        b"{}", Account(source="shipstation", name="x", secrets=(keys.NEW,)), NOW
    )
    request = Request(signed.body, signed.headers, received_at=NOW)
    with pytest.raises(KeysWanted):
        door.source.scheme.verify(door.account, request)
    application.keys = fetching.Keys(lambda: NOW)
    await application._prove(door, request)
    stranger = {**signed.headers, "x-shipengine-rsa-sha256-key-id": "stranger"}
    with pytest.raises(KeysWanted):
        await application._prove(door, request._replace(headers=stranger))
    assert publisher.asked == 1
