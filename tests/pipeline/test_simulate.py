"""The simulated lives: seeded, plausible, understood by the senders' own tables, and sent as senders send."""

import json
from collections import Counter
from itertools import islice, pairwise, takewhile
from random import Random

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pipeline.settings import Account, load
from pipeline.simulate import demo, world
from pipeline.simulate.senders import VOICES
from pipeline.simulate.sending import Sending
from pipeline.simulate.sending.record import Record, fingerprint
from pipeline.simulate.shelves import shelves
from pipeline.simulate.shops import Shop, shops
from pipeline.simulate.stories import STORIES
from pipeline.simulate.traffic import Manner, Webhook, life, past, traffic
from pipeline.sources import SOURCES, Request, Untranslatable, check, translate
from schemas import times
from schemas.deliveries import Delivery

UNTIL = times.parse("2026-11-24T12:00:00Z")


@pytest.fixture(scope="session")
def accounts(tmp_path_factory) -> tuple[Account, ...]:
    """The demo's accounts, as the settings read them."""
    home = tmp_path_factory.mktemp("home")
    demo.open_shop(home)
    return load(home=home).accounts


@pytest.fixture(scope="session")
def open_shops(accounts) -> tuple[Shop, ...]:
    return shops(accounts)


@pytest.fixture(scope="session")
def told(open_shops) -> list[Webhook]:
    """Six hundred lives, as far as they have come."""
    return list(past(open_shops, 600, seed="s", days=21, until=UNTIL))


def events(webhook: Webhook) -> list:
    account = webhook.account
    delivery = Delivery(account.source, account.name, "id", webhook.body, received_at=webhook.due)
    return translate(delivery, account)


def test_the_demos_accounts_have_what_their_senders_need(accounts, tmp_path) -> None:
    """Every account of the demo passes the check that `arus sources check` makes."""
    demo.open_shop(tmp_path)
    check(load(home=tmp_path))
    assert {account.source for account in accounts} == set(VOICES)
    assert (tmp_path / "demo.toml").stat().st_mode & 0o077 == 0


def test_the_same_seed_tells_the_same_story(open_shops, told) -> None:
    """Two tellings with one seed are equal to the byte; another seed tells another."""
    again = list(past(open_shops, 600, seed="s", days=21, until=UNTIL))
    assert again == told
    assert list(past(open_shops, 600, seed="t", days=21, until=UNTIL)) != told


def test_webhooks_come_in_the_order_of_their_arrival_and_not_after_the_present(told) -> None:
    """Arrivals never go back in time, and none lies after the story's present."""
    assert all(first.due <= second.due for first, second in pairwise(told))
    assert told[-1].due <= UNTIL


def test_every_sender_is_understood(told) -> None:
    """What each sender tells becomes events; the few broken bodies are Untranslatable, and no code is unknown."""
    broken, kinds, unknown = 0, Counter(), []
    for webhook in told:
        try:
            translated = events(webhook)
        except Untranslatable:
            broken += 1
            continue
        kinds.update(event.type for event in translated)
        unknown += [
            event
            for event in translated
            if "unknown" in (getattr(event, "milestone", ""), getattr(event, "status", ""))
        ]
    assert {webhook.account.source for webhook in told} == set(VOICES)
    assert broken <= len(told) * 0.003
    assert not unknown
    assert kinds.keys() >= {"order_placed", "payment_paid", "refund_settled", "package_scanned", "review_left"}
    assert kinds.keys() >= {"return_requested", "return_closed", "cancellation_requested", "order_cancelled"}


def test_each_order_has_one_seller_and_one_name(told, open_shops) -> None:
    """All senders of an order call it by one id, and no order is of two sellers."""
    sellers: dict[str, set[str]] = {}
    for webhook in told:
        try:
            for event in events(webhook):
                if event.order_id:
                    sellers.setdefault(event.order_id, set()).add(event.seller_id)
        except Untranslatable:
            continue
    placed = {event.order_id for webhook in told if b"order_placed" in webhook.body for event in _or_none(webhook)}
    assert len(placed) > 550
    assert {frozenset(names) for names in sellers.values()} == {frozenset({shop.seller}) for shop in open_shops}
    assert len(sellers.keys() - placed) < 30  # their order_placed is still on its way


def _or_none(webhook: Webhook) -> list:
    try:
        return events(webhook)
    except Untranslatable:
        return []


def test_mischief(told) -> None:
    """Some webhooks come twice, byte for byte, and some after later ones of the same order."""
    twice = [n for n in Counter((w.account.source, w.account.name, w.body) for w in told).values() if n > 1]
    assert len(told) * 0.01 < len(twice) < len(told) * 0.05


@pytest.mark.parametrize("name", STORIES)
def test_every_story_is_told_whole(name, open_shops, monkeypatch) -> None:
    """Each story runs for every shop and place without mischief, in the order of time, from placed on."""
    monkeypatch.setattr("pipeline.simulate.stories.draw", lambda _: STORIES[name])
    for number in range(12):
        steps = list(life(open_shops, UNTIL, f"{name}/{number}", Manner(mischief=False)))
        assert steps[0].due == UNTIL
        assert [w.due for w in steps] == sorted(w.due for w in steps)
        assert all(event.order_id or event.type == "package_scanned" for w in steps for event in events(w))


def test_a_life_at_a_faster_pace_tells_the_same(open_shops) -> None:
    """Pace changes when things happen, not what happens."""
    slow, fast = (list(life(open_shops, UNTIL, "one", Manner(pace, mischief=False))) for pace in (1, 240))
    assert [w.account for w in slow] == [w.account for w in fast]
    assert fast[-1].due - UNTIL < (slow[-1].due - UNTIL) / 20


def test_the_usual_trade_never_ends_and_keeps_its_hours() -> None:
    """Placements go on, never back, with fewer orders at night than in the evening."""
    placed = list(islice(world.placements(Random(1), UNTIL, 200), 3_000))
    assert placed == sorted(placed)
    hours = Counter(times.to_datetime(at, times.WIB).hour for at in placed)
    assert hours[20] > 4 * hours[3]


def test_double_dates_are_campaigns() -> None:
    """On 11.11 three times as much is bought as on the day before."""
    eleventh = times.to_datetime(times.parse("2026-11-11T05:00:00Z"), times.WIB)
    assert world.campaign(eleventh) == 3 * world.campaign(eleventh.replace(day=10))


class Gateway:
    """A gateway that proves signatures, and answers as it is told to."""

    def __init__(self, accounts: tuple[Account, ...], answers: list[int]) -> None:
        self.accounts, self.answers, self.taken = accounts, answers, []

    async def take(self, request: web.Request) -> web.Response:
        source, name = request.match_info["source"], request.match_info["name"]
        account = next(a for a in self.accounts if a.source == source and a.name == name)
        body = await request.read()
        headers = {key.lower(): value for key, value in request.headers.items()}
        now = int(headers.get("webhook-timestamp", 0)) * 1_000
        SOURCES[source].scheme.verify(account, Request(body, headers, str(request.url), now))
        status = self.answers.pop() if self.answers else 200
        if status == 200:
            self.taken.append(fingerprint(source, name, body))
        return web.Response(status=status, headers={"retry-after": "0"} if status == 503 else {})


async def test_sending_proves_itself_and_tries_again(accounts, told, tmp_path) -> None:
    """Every webhook carries its sender's proof; a 503 is tried again until it is taken, and the record has them all."""
    gateway = Gateway(accounts, answers=[503] * 40)
    app = web.Application()
    app.router.add_post("/webhooks/{source}/{name}", gateway.take)
    async with TestServer(app) as server:
        with Record(tmp_path / "record.jsonl") as record:
            totals = await Sending(str(server.make_url("/")), accept=record.keep).run(told[:400])
    assert (totals.sent, totals.accepted, totals.retried, totals.given_up) == (400, 400, 40, 0)
    assert record.digests == set(gateway.taken)
    lines = [json.loads(line) for line in (tmp_path / "record.jsonl").read_text().splitlines()]
    assert {fingerprint(line["source"], line["account"], line["body"].encode()) for line in lines} == record.digests


async def test_what_is_refused_is_told_and_not_tried_again(accounts, told) -> None:
    """A 401 ends it at once and is counted by sender."""
    gateway = Gateway(accounts, answers=[401])
    app = web.Application()
    app.router.add_post("/webhooks/{source}/{name}", gateway.take)
    async with TestServer(app) as server:
        totals = await Sending(str(server.make_url("/"))).run(told[:1])
    assert dict(totals.refused) == {f"{told[0].account.source} 401": 1}
    assert totals.accepted == 0


async def test_a_gateway_that_is_not_there_is_waited_for(told, unused_tcp_port) -> None:
    """Without an answer a webhook is tried again until patience ends, and then counted as given up."""
    sending = Sending(f"http://127.0.0.1:{unused_tcp_port}", patience=0.5)
    totals = await sending.run(told[:3])
    assert totals.given_up == 3
    assert totals.retried >= 3


def test_orders_of_two_runs_are_different_orders(open_shops) -> None:
    """Another seed gives other order ids, so that one run does not continue the other's orders."""
    first, second = (
        {w.body for w in islice(traffic(open_shops, iter([UNTIL] * 20), seed, Manner()), 100)} for seed in "ab"
    )
    assert not first & second


def test_shops_tell_their_stock(open_shops) -> None:
    """Each article is counted once when the story begins, then goods come in; both are understood."""
    start = UNTIL - 21 * times.DAY
    webhooks = list(takewhile(lambda webhook: webhook.due <= UNTIL, shelves(open_shops, start, 90, "s")))
    told = [event for webhook in webhooks for event in events(webhook)]
    counts = [(event.seller_id, event.sku) for event in told if event.type == "stock_counted"]
    assert sorted(counts) == sorted((shop.seller, item.sku) for shop in open_shops for item in shop.catalogue)
    assert {event.type for event in told} == {"stock_counted", "stock_received"}
    assert all(event.quantity > 0 for event in told)
    assert [webhook.due for webhook in webhooks] == sorted(webhook.due for webhook in webhooks)
