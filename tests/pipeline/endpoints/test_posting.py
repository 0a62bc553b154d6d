"""One attempt over HTTP, against a receiver that verifies by the library of Standard Webhooks."""

import ssl
import time
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from pipeline.endpoints import message, posting
from pipeline.endpoints.posting import Poster, judged
from schemas import times
from schemas.endpoints import Endpoint, Sending
from schemas.notices import Notice
from schemas.times import HOUR
from tests.pipeline.endpoints.receiver import SECRET, Receiver

NOW = times.parse("2026-11-30T10:00:00Z")
NOTICE = Notice("kios:1/shipped/picked_up/p1/s", "seller:kios", "shipped", "kios:1", NOW, "e1", {"carrier": "jne"})
SENDING = Sending("msg_1", "kios", NOTICE)


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


@pytest.fixture
async def poster():
    made = Poster(ssl.create_default_context(), private=True)
    yield made
    await made.close()


async def send(poster, url, endpoint=None):
    body = message.body(SENDING)
    now = time.time_ns() // 1_000_000  # by which the library judges the age of what it hears
    signed = message.headers(endpoint or Endpoint("kios", url, SECRET), SENDING.sending_id, body, now)
    return await poster.post(url, signed, body)


async def test_what_is_sent_is_what_the_library_believes(poster, receiver):
    """Type, time and data are the specification's; the id and the order lead back to us."""
    assert (await send(poster, receiver.url)).is_taken
    [told] = receiver.messages.values()
    assert told["type"] == "notice.shipped"
    assert datetime.fromisoformat(told["timestamp"]).timestamp() == pytest.approx(NOW / 1_000)
    assert told["data"] == {
        "notice_id": NOTICE.notice_id,
        "seller_id": "kios",
        "kind": "shipped",
        "order_id": "kios:1",
        "event_id": "e1",
        "values": {"carrier": "jne"},
    }
    assert not receiver.refused


async def test_a_word_to_a_buyer_comes_with_the_words(poster, receiver, monkeypatch):
    """In both languages, with the buyer whom the seller's own system is to bring it to."""
    values = {"tracking_number": "JX1"}
    notice = Notice("kios:1/shipped/picked_up/p1/b", "buyer:siti", "shipped", "kios:1", NOW, "e1", values, "kios")
    monkeypatch.setitem(globals(), "SENDING", Sending("msg_2", "kios", notice))
    await send(poster, receiver.url)
    [told] = receiver.messages.values()
    assert (told["type"], told["data"]["buyer_id"]) == ("message.shipped", "siti")
    assert told["data"]["texts"] == {
        "en": "Your order 1 is on its way. Tracking number: JX1.",
        "id": "Pesanan 1 sedang dalam perjalanan. Nomor resi: JX1.",
    }


async def test_after_a_change_of_the_secret_both_sign_for_a_while(poster, receiver):
    """A receiver that still has the old one believes it; after a day it must have the new one."""
    new, now = message.make_secret(), time.time_ns() // 1_000_000
    both, over = (Endpoint("kios", receiver.url, new, SECRET, until) for until in (now + HOUR, now - 1))
    await send(poster, receiver.url, both)
    receiver.secret = new
    await send(poster, receiver.url, both)
    assert not receiver.refused
    receiver.secret = SECRET
    await send(poster, receiver.url, over)
    assert receiver.refused == ["No matching signature found"]


def test_a_secret_is_what_the_specification_wants():
    """32 random bytes; each is another."""
    made = {message.make_secret() for _ in range(5)}
    assert len(made) == 5
    assert all(secret.startswith("whsec_") and len(Webhook(secret)._whsecret) == 32 for secret in made)


@pytest.mark.parametrize(
    ("status", "retry_after", "is_taken", "is_gone", "rest"),
    [
        (200, "", True, False, 0),
        (204, "60", True, False, 0),
        (301, "", False, False, 0),
        (404, "", False, False, 0),
        (410, "", False, True, 0),
        (429, "", False, False, 10_000),
        (429, "120", False, False, 120_000),
        (502, "", False, False, 10_000),
        (503, "Mon, 30 Nov 2026 10:01:00 GMT", False, False, 60_000),
        (503, "99999999999999999999", False, False, 3_600_000),
        (503, "soon", False, False, 0),
    ],
)
def test_what_an_answer_means(status, retry_after, is_taken, is_gone, rest):
    """2xx is taken and nothing else is; rest is given to who asks for it, an hour at most."""
    outcome = judged(status, retry_after, datetime(2026, 11, 30, 10, 0, tzinfo=UTC))
    assert (outcome.is_taken, outcome.is_gone, outcome.rest) == (is_taken, is_gone, rest)


async def test_who_does_not_answer_is_left(poster, receiver, monkeypatch):
    """An attempt ends, however long the other side keeps silent."""
    monkeypatch.setattr(posting, "PATIENCE", 0.2)
    receiver.gate.clear()
    outcome = await send(poster, receiver.url)
    assert (outcome.is_taken, outcome.answer) == (False, "no answer within 0.2 seconds")


async def test_nobody_there_is_an_outcome(poster):
    """Refused connections, names that do not exist and addresses that are none are told, not raised."""
    for url in ("http://127.0.0.1:1/", "http://nowhere.invalid/", "http://a..b/"):
        outcome = await send(poster, url)
        assert not outcome.is_taken
        assert outcome.answer


async def test_a_redirect_is_not_followed(poster, receiver):
    """It might lead anywhere."""
    with Receiver() as other:
        receiver.status, receiver.headers = 307, {"location": other.url}
        assert (await send(poster, receiver.url)).answer == "307"
    assert not other.attempts


async def test_an_endpoints_cookies_are_not_kept(poster, receiver, monkeypatch):
    """They would grow with each of its answers, and hold up the messages of all other sellers."""
    heard = []
    monkeypatch.setattr(receiver, "hear", lambda headers, _: heard.append({name.lower() for name in headers}))
    receiver.headers = {"set-cookie": "name=value; Path=/"}
    for _ in range(2):
        await send(poster, receiver.url)
    assert len(heard) == 2
    assert "cookie" not in heard[1]
