"""How Lazada is asked: signatures by its own example, questions, refusals, and what the account must say."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline.settings import Account, Settings, SettingsError
from pipeline.sources import check, translate
from pipeline.sources.apis import APIS
from pipeline.sources.apis.api import Answer, Ask, Declined, Expired, Locked, Span, Throttled, Tokens, Unwell
from pipeline.sources.apis.lazada import FARTHEST, PAGE, sign
from schemas.deliveries import ASKED, Delivery
from tests.pipeline.completion.fake_lazada import order_item

API = APIS["lazada"]
ACCESS = Tokens("test", "refresh")
AT = 1_764_000_000


def account(**said):
    told = {"source": "lazada", "name": "main", "secrets": ("helloworld",), "app_key": "123456", "seller": "toko"}
    return Account(**{**told, "api": {"refresh_token": "r"}, **said})


def query(call):
    return {name: values[0] for name, values in parse_qs(urlsplit(call.url).query).items()}


def test_a_call_is_signed_as_lazada_s_example():
    """The published example of "Signing a request"."""
    told = {"app_key": "123456", "access_token": "test", "timestamp": "1517820392000", "sign_method": "sha256"}
    expected = "4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A"
    assert sign("helloworld", "/order/get", {**told, "order_id": "1234"}) == expected


def test_every_part_of_a_call_is_signed():
    """Path, each name and each value."""
    calls = [
        API.call(account(), ACCESS, Ask("order", "5"), 1_000),
        API.call(account(), ACCESS, Ask("order", "6"), 1_000),
        API.call(account(), ACCESS, Ask("order", "5"), 2_000),
        API.search(account(), ACCESS, "orders", Span(0, 1_000), 1_000),
        API.search(account(), ACCESS, "orders", Span(0, 2_000), 1_000),
        API.search(account(), ACCESS, "orders", Span(0, 1_000, "0+100"), 1_000),
        API.renew(account(), ACCESS, 1_000),
    ]
    assert len({query(call)["sign"] for call in calls}) == len(calls)


def test_times_are_written_as_lazada_wants_them():
    """To the second, with an offset; no second at either end is left out."""
    asked = query(API.search(account(), ACCESS, "orders", Span(AT * 1000 + 1, AT * 1000 + 1_001), 1_000))
    assert (asked["update_after"], asked["update_before"]) == ("2025-11-24T16:00:00+00:00", "2025-11-24T16:00:02+00:00")


def page(count):
    orders = [{"order_id": number, "updated_at": "2025-11-24 23:00:00 +0700"} for number in range(count)]
    return json.dumps({"code": "0", "data": {"orders": orders}}).encode()


def test_pages_go_on_as_far_as_lazada_lets_them_and_begin_anew_then():
    """A search skips no more than 5,000 orders; the next one begins at the time of the last order."""
    assert API.next_page(page(PAGE - 1), Span(7, 9)) == ""
    assert API.next_page(page(PAGE), Span(7, 9)) == "7+100"
    assert API.next_page(page(PAGE), Span(7, 9, "7+100")) == "7+200"
    assert API.next_page(page(PAGE), Span(7, 9, f"7+{FARTHEST - PAGE}")) == f"{AT * 1000}+0"


def test_new_tokens_are_good_for_so_many_seconds():
    """Lazada tells a duration, which begins with the answer."""
    told = {"code": "0", "access_token": "a", "refresh_token": "b", "expires_in": 604_800}
    tokens = API.read_tokens(account(), Answer(200, {}, json.dumps(told).encode()), 1_000)
    assert tokens == Tokens("a", "b", 604_801_000)


@pytest.mark.parametrize(
    ("body", "asks"),
    [
        ({"message_type": 0, "data": {"trade_order_id": "5"}}, ["order/5"]),
        ({"message_type": 10, "data": {"trade_order_id": 5, "reverse_order_id": 8}}, ["order/5"]),
        ({"message_type": 14, "data": {"trade_order_id": "5"}}, ["order/5"]),
        ({"message_type": 3, "data": {"item_id": "5"}}, []),
    ],
)
def test_a_push_asks_for_what_is_in_its_order(body, asks):
    """What tells of no order asks nothing."""
    assert [str(ask) for ask in API.asks(Delivery("lazada", "main", "1", json.dumps(body).encode(), 1))] == asks


def test_asking_comes_to_an_end():
    """A page of orders asks for each, and an order for nothing."""
    pieces = json.dumps({"data": [{"order_id": 5}]}).encode()
    assert len(API.asks(Delivery("lazada", "main", "1", page(3), 1, {ASKED: "orders/1-2"}))) == 3
    assert API.asks(Delivery("lazada", "main", "1", pieces, 1, {ASKED: "order/5"})) == []


@pytest.mark.parametrize(
    ("status", "told", "kind"),
    [
        (429, {}, Throttled),
        (200, {"type": "SYSTEM", "code": "ApiCallLimit", "message": "this ban will last 7 more seconds"}, Throttled),
        (503, {}, Unwell),
        (200, {"type": "ISP", "code": "ServiceTimeout", "message": "try again"}, Unwell),
        (200, {"type": "ISV", "code": "6", "message": "E006: System Error"}, Unwell),
        (200, {"type": "ISV", "code": "IllegalAccessToken", "message": "invalid or expired"}, Expired),
        (200, {"type": "ISV", "code": "IncompleteSignature", "message": "does not conform"}, Locked),
        (200, {"type": "ISV", "code": "InvalidAppKey", "message": "invalid"}, Locked),
        (200, {"type": "ISV", "code": "16", "message": "E016: Invalid Order ID"}, Declined),
        (200, {}, Declined),
    ],
)
def test_a_failure_is_known_by_lazada_s_own_code(status, told, kind):
    """Whether to wait, repeat, renew, ask a person or give up is decided by code and type."""
    with pytest.raises(kind):
        API.judge(account(), Answer(status, {}, json.dumps(told).encode()))


def test_a_ban_says_how_long_it_lasts():
    """The words tell the seconds; without them our own pauses hold."""
    for words, seconds in (("this ban will last 7 more seconds", 7), ("too many", None)):
        told = {"type": "SYSTEM", "code": "AppCallLimit", "message": words}
        with pytest.raises(Throttled) as caught:
            API.judge(account(), Answer(200, {}, json.dumps(told).encode()))
        assert caught.value.seconds == seconds


def test_the_same_thing_answered_twice_is_one_content():
    """The request's id and the counts change from call to call."""
    first = b'{"request_id":"1","data":{"count":1,"countTotal":3,"orders":[{"order_id":5}]}}'
    again = b'{"request_id":"2","data":{"count":2,"countTotal":4,"orders":[{"order_id":5}]}}'
    assert API.content(first) == API.content(again)
    assert API.content(b'{"data":[{"order_id":5}]}') != API.content(b'{"data":[{"order_id":6}]}')


def tell(*pieces):
    body = json.dumps({"code": "0", "data": [order_item("5", AT, **piece) for piece in pieces]}).encode()
    events = translate(Delivery("lazada", "main", "1", body, 1, {ASKED: "order/5"}), account())
    return {event.type: event for event in events}


def test_an_order_is_as_far_as_its_last_piece():
    """What is cancelled does not count while something else goes on."""
    told = tell({"status": "shipped"}, {"status": "pending"}, {"status": "canceled"})
    assert told["status_reported"].word == "pending"
    assert "order_cancelled" not in told


def test_an_order_is_cancelled_with_its_last_piece():
    """Lazada tells who cancelled, and why."""
    cancelled = {"status": "canceled", "cancel_return_initiator": "cancellation-seller", "reason": "Out of stock"}
    told = tell(cancelled, cancelled)
    assert told["status_reported"].status == "cancelled"
    assert (told["order_cancelled"].by, told["order_cancelled"].reason) == ("seller", "Out of stock")


def test_an_order_is_paid_when_each_piece_is():
    """One that is paid at the door has no time, and nobody is told that it was paid."""
    assert tell({}, {"payment_time": (AT + 9) * 1000})["payment_paid"].occurred_at == (AT + 9) * 1000
    assert "payment_paid" not in tell({}, {"payment_time": None})


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"api": {"app": "x"}}, "api.refresh_token is missing"),
        ({"seller": ""}, "api.seller_id is missing"),
    ],
)
def test_what_an_account_lacks_to_be_asked_for_is_said(said, sentence):
    """One sentence a mistake, which names the account."""
    with pytest.raises(SettingsError) as caught:
        check(Settings(accounts=(account(**said),)))
    assert sentence in str(caught.value)
