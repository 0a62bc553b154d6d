"""How simulated people act: their commands go through an API, and an endpoint hears what the shop is told."""

import json
import time
from datetime import UTC, datetime

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook as Signing

from pipeline.settings import load
from pipeline.simulate import demo
from pipeline.simulate.demo.endpoint import MOST_BYTES, Listener
from pipeline.simulate.hands import Ask
from pipeline.simulate.sending import asking
from pipeline.simulate.sending.asking import Asking
from pipeline.simulate.shops import shops
from pipeline.simulate.tales import Tale
from pipeline.simulate.traffic import Manner, Webhook, deeds, past
from schemas.times import MINUTE, parse

UNTIL = parse("2026-11-24T12:00:00Z")
SECRET = "whsec_c2VjcmV0LW9mLXRoZS1kZW1vLXNlbGxlci1oZXJlIQ=="


class Api:
    """Answers what it is told to, first come, and remembers what was asked."""

    def __init__(self, *answers: tuple[int, dict]) -> None:
        self.answers, self.asked = list(answers), []

    async def take(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, request.headers["authorization"], await request.text()))
        status, told = self.answers.pop(0) if self.answers else (200, {})
        return web.json_response(told, status=status)


def ask(order: str = "kopi:1", name: str = "confirm", due: int = 0) -> Ask:
    return Ask(due, order, "seller", "kopi", name, {}, f"{name}-0")


async def asked(api: Api, *asks: Ask, patience: float = 20) -> asking.Answers:
    """Has an API asked, and gives what became of it."""
    app = web.Application()
    app.router.add_post("/v1/orders/{order}/{command}", api.take)
    async with TestServer(app) as server, Asking(str(server.make_url("/")), "{}-{}".format, patience) as people:
        for one in asks:
            people.give(one)
        return await people.finish()


async def test_commands_are_given_with_a_token_and_counted_by_what_became_of_them() -> None:
    """Done by name, refused by rule; each with the token of whoever asks, those of one order one after the other."""
    api = Api((200, {}), (409, {"rule": "already"}), (202, {}))
    answers = await asked(api, ask(), ask(), ask(name="cancel"))
    assert (dict(answers.done), dict(answers.refused), answers.waiting) == ({"confirm": 1}, {"already": 1}, 1)
    assert {token for _, token, _ in api.asked} == {"Bearer seller-kopi"}
    assert [path for path, _, _ in api.asked] == [*["/v1/orders/kopi:1/confirm"] * 2, "/v1/orders/kopi:1/cancel"]


async def test_an_order_that_is_not_loaded_yet_is_waited_for(monkeypatch) -> None:
    """404 without a rule and 503 are no judgement: it is asked again, and given up when patience ends."""
    monkeypatch.setattr(asking, "PAUSE", 0.01)
    assert (await asked(Api((404, {}), (503, {})), ask())).done == {"confirm": 1}
    assert (await asked(Api((404, {})), ask(), patience=0)).in_vain == 1


async def test_a_command_waits_until_it_is_due() -> None:
    """Nobody acts before the time."""
    due = time.time_ns() // 1_000_000 + 300
    await asked(Api(), ask(due=due))
    assert time.time_ns() // 1_000_000 >= due


def test_whoever_acts_the_lives_are_the_same(tmp_path) -> None:
    """By hand an order lives the same hours; its system is silent of what was asked, and everybody else is not."""
    demo.open_shop(tmp_path)
    open_shops = shops(load(home=tmp_path).accounts)
    placed = [UNTIL + number * MINUTE for number in range(60)]
    plain = list(deeds(open_shops, iter(placed), "s", Manner()))
    by_hand = list(deeds(open_shops, iter(placed), "s", Manner(by_hand=1.0)))
    later = list(deeds(open_shops, iter(placed), "s", Manner(by_hand=1.0, since=by_hand[-1].due)))
    assert later == plain
    webhooks = [deed for deed in by_hand if isinstance(deed, Webhook)]
    assert len(webhooks) < len(plain)
    assert {w.body for w in plain if w.account.source in {"shopee", "tiktok_shop"}} <= {w.body for w in webhooks}
    assert not any(w.body.startswith(b'{"type":"order_confirmed"') for w in webhooks)


def signed(text: str, secret: str = SECRET) -> dict[str, str]:
    now = datetime.now(UTC)
    sign = Signing(secret).sign("msg_1", now, text)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": sign}


@pytest.fixture
def listener():
    """The demo's endpoint, with its secret."""
    with Listener() as listening:
        listening.secret = SECRET
        yield listening


def test_the_endpoint_shows_what_was_signed_for_it(listener) -> None:
    """A message with the shop's signature is taken and shown; any other, or one that is too long, is not."""
    text = json.dumps({"type": "notice.shipped", "data": {"order_id": "kopi:1"}})
    other = "whsec_b3RoZXItc2VjcmV0LW9mLXNvbWVib2R5LWVsc2UhIQ=="
    with httpx.Client(base_url=listener.url) as http:
        assert http.post("", content=text, headers=signed(text)).status_code == 204
        assert http.post("", content=text, headers=signed(text, other)).status_code == 401
        assert http.post("", content=text).status_code == 401
        assert http.post("", content=b"x" * (MOST_BYTES + 1)).status_code == 413
        shown = http.get("").text
    assert shown.splitlines() == ["1 messages came, each verified; 2 were refused", "", "msg_1  notice.shipped  kopi:1"]


def test_the_endpoint_ends_with_the_demo_and_is_on_this_machine_alone(listener) -> None:
    """It listens at 127.0.0.1, and nobody answers there once it is left."""
    assert listener.url.startswith("http://127.0.0.1:")
    listener.__exit__(None, None, None)
    with pytest.raises(httpx.ConnectError):
        httpx.get(listener.url)


def test_people_go_on_where_a_past_has_ended(tmp_path) -> None:
    """The next that people do is asked of orders of which all has arrived; the past itself is told as ever."""
    demo.open_shop(tmp_path)
    open_shops = shops(load(home=tmp_path).accounts)
    tale = Tale(open_shops, 300, "s", 14, UNTIL)
    told = list(tale.deeds())
    lives = [deed for deed in told if deed.account.source != "standard_webhooks" or b"stock_" not in deed.body]
    assert lives == list(past(open_shops, 300, seed="s", days=14, until=UNTIL))
    asks = tale.next_asks(12)
    assert len(asks) == 12
    assert {ask.name for ask in asks} >= {"confirm", "arrange_shipping"}
    assert all(ask.due > UNTIL for ask in asks)
    assert tale.next_asks(0) == []


def test_days_to_come_pass_faster_and_people_act_in_them(tmp_path) -> None:
    """A week passes in ten minutes; commands come among the webhooks, or none where nobody can act."""
    demo.open_shop(tmp_path)
    tale = Tale(shops(load(home=tmp_path).accounts), 60, "s", 7, UNTIL, speed=1_008)
    coming = list(tale.deeds())
    assert [deed.due for deed in coming] == sorted(deed.due for deed in coming)
    assert min(deed.due for deed in coming) >= UNTIL
    placed = [deed.due for deed in coming if isinstance(deed, Webhook) and b'"order_placed"' in deed.body]
    assert max(placed) - UNTIL > 5 * MINUTE
    assert sum(due <= UNTIL + 10 * MINUTE + 5_000 for due in placed) > 50
    assert any(isinstance(deed, Ask) for deed in coming)
    assert not any(isinstance(deed, Ask) for deed in tale._replace(by_hand=0.0).deeds())
