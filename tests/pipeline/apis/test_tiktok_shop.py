"""How TikTok Shop is asked: signatures by its own examples, questions, refusals, and what the account must say."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline.settings import Account, Settings, SettingsError
from pipeline.sources import check
from pipeline.sources.apis import APIS
from pipeline.sources.apis.api import Answer, Ask, Declined, Expired, Locked, Span, Throttled, Tokens, Unwell
from pipeline.sources.apis.tiktok_shop import sign
from schemas.deliveries import ASKED, Delivery

API = APIS["tiktok_shop"]
ACCESS = Tokens("access", "refresh")


def account(seller="toko", **api):
    said = {"refresh_token": "r", "shop_cipher": "cipher", **api}
    return Account(
        source="tiktok_shop", name="main", secrets=("e59af819cc",), app_key="29a39d", seller=seller, api=said
    )


def test_a_call_is_signed_as_tiktok_s_example():
    """The published example of "Sign your API request"."""
    query = {"timestamp": "1623812664", "app_key": "29a39d", "sign": "x", "access_token": "y"}
    expected = "b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8"
    assert sign("e59af819cc", "/authorization/202309/shops", query) == expected


def test_every_part_of_a_call_is_signed():
    """Path, each parameter and each byte of the body; the access token travels in a header alone."""
    calls = [
        API.call(account(), ACCESS, Ask("order", "5"), 1_000),
        API.call(account(), ACCESS, Ask("order", "6"), 1_000),
        API.call(account(), ACCESS, Ask("order", "5"), 2_000),
        API.call(account(), ACCESS, Ask("package", "5"), 1_000),
        API.call(account(), ACCESS, Ask("return", "5"), 1_000),
        API.search(account(), ACCESS, "orders", Span(0, 1_000), 1_000),
        API.search(account(), ACCESS, "orders", Span(0, 2_000), 1_000),
        API.search(account(), ACCESS, "orders", Span(0, 1_000, "next"), 1_000),
    ]
    signs = {parse_qs(urlsplit(call.url).query)["sign"][0] for call in calls}
    assert len(signs) == len(calls)
    assert all(call.headers["x-tts-access-token"] == "access" and "access" not in call.url for call in calls)


def test_an_id_cannot_lead_a_call_astray():
    """Whatever a webhook calls its package stays one part of the path."""
    call = API.call(account(), ACCESS, Ask("package", "../x?y"), 1_000)
    assert urlsplit(call.url).path == "/fulfillment/202309/packages/..%2Fx%3Fy"


@pytest.mark.parametrize(
    ("kind", "data", "asks"),
    [
        (1, {"order_id": "5"}, ["order/5"]),
        (3, {"order_id": "5"}, ["order/5"]),
        (11, {"order_id": "5", "cancel_id": "8"}, ["order/5"]),
        (12, {"order_id": "5", "return_id": "9"}, ["order/5", "return/9"]),
        (4, {"package_list": [{"package_id": "a"}, {"package_id": "b"}]}, ["package/a", "package/b"]),
        (5, {"product_id": "1"}, []),
    ],
)
def test_a_webhook_asks_for_what_it_leaves_out(kind, data, asks):
    """Orders, packages and returns by their own ids; what tells of no order asks nothing."""
    body = json.dumps({"type": kind, "shop_id": "7", "data": data}).encode()
    assert [str(ask) for ask in API.asks(Delivery("tiktok_shop", "main", "1", body, 1))] == asks


def test_an_order_s_answer_asks_for_its_packages_and_theirs_for_nothing():
    """So asking comes to an end."""
    orders = json.dumps({"code": 0, "data": {"orders": [{"id": "5", "packages": [{"id": "a"}]}]}}).encode()
    packages = json.dumps({"code": 0, "data": {"package_id": "a", "orders": [{"id": "5"}]}}).encode()
    assert API.asks(Delivery("tiktok_shop", "main", "1", orders, 1, {ASKED: "order/5"})) == [Ask("package", "a")]
    assert API.asks(Delivery("tiktok_shop", "main", "1", packages, 1, {ASKED: "package/a"})) == []


@pytest.mark.parametrize(
    ("status", "told", "kind"),
    [
        (429, {}, Throttled),
        (200, {"code": 36009002, "message": "Too many requests."}, Throttled),
        (502, None, Unwell),
        (200, None, Unwell),
        (200, {"code": 36009003, "message": "Internal error."}, Unwell),
        (401, {"code": 105002, "message": "Expired credentials."}, Expired),
        (
            401,
            {"code": 36009004, "message": "Invalid credentials. The `x-tts-access-token` header is invalid."},
            Expired,
        ),
        (401, {"code": 36009004, "message": "Invalid credentials. Invalid `app_key` query parameter."}, Locked),
        (400, {"code": 36009004, "message": "Invalid timestamp. …"}, Locked),
        (401, {"code": 106001, "message": "Invalid credentials."}, Locked),
        (403, {"code": 105005, "message": "Access denied."}, Locked),
        (200, {"code": 21008111, "message": "The order or package does not belong to the current seller."}, Declined),
    ],
)
def test_a_failure_is_known_by_tiktok_s_own_code(status, told, kind):
    """Whether to wait, repeat, renew, ask a person or give up is decided by the list of common errors."""
    body = b"<html>" if told is None else json.dumps(told).encode()
    with pytest.raises(kind):
        API.judge(account(), Answer(status, {}, body))


def test_a_limit_may_say_how_long_it_lasts():
    """Retry-After is heeded; a date in it is not understood, and our own pauses hold."""
    for told, seconds in (("7", 7), ("", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)):
        with pytest.raises(Throttled) as caught:
            API.judge(account(), Answer(429, {"retry-after": told}, b""))
        assert caught.value.seconds == seconds


def test_the_same_thing_answered_twice_is_one_content():
    """The request's id, the pages and the count change from call to call."""
    first = b'{"code":0,"request_id":"1","data":{"orders":[{"id":"5"}],"next_page_token":"a","total_count":3}}'
    again = b'{"code":0,"request_id":"2","data":{"orders":[{"id":"5"}],"next_page_token":"b","total_count":4}}'
    other = b'{"code":0,"request_id":"1","data":{"orders":[{"id":"6"}]}}'
    assert API.content(first) == API.content(again) != API.content(other)


def test_new_tokens_are_read_with_their_end():
    """TikTok gives the end as seconds since 1970."""
    data = {"access_token": "a", "refresh_token": "b", "access_token_expire_in": 1660556783}
    answer = Answer(200, {}, json.dumps({"code": 0, "data": data}).encode())
    assert API.read_tokens(account(), answer, 0) == Tokens("a", "b", 1_660_556_783_000)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"api": {"shop_cipher": "c"}}, "api.refresh_token is missing"),
        ({"api": {"refresh_token": "r", "shop_cipher": "c", "shopid": "7"}}, "api.shopid is nothing that is needed"),
        ({"api": {"refresh_token": "r", "shop_cipher": "c", "reconcile_every": "1h"}}, "reconcile_every is no number"),
        ({"seller": "", "api": {"refresh_token": "r", "shop_cipher": "c"}}, "api.shop_id is missing"),
        ({"source": "ninjavan", "app_key": "", "api": {"refresh_token": "r"}}, "ninjavan cannot be asked"),
    ],
)
def test_what_an_account_lacks_to_be_asked_for_is_said(wrong, sentence):
    """One sentence a mistake, which names the account."""
    told = {"source": "tiktok_shop", "name": "main", "secrets": ("s",), "app_key": "k", "seller": "toko", **wrong}
    with pytest.raises(SettingsError) as caught:
        check(Settings(accounts=(Account(**told),)))
    assert sentence in str(caught.value)


def test_credentials_are_read_from_the_environment_and_never_shown(monkeypatch):
    """`env:NAME` works as in `secrets`, and whoever prints an account sees stars."""
    monkeypatch.setenv("REFRESH", "very-secret")
    told = account(refresh_token="env:REFRESH")
    assert told.credential("refresh_token") == "very-secret"
    assert "very-secret" not in repr(told)
