"""How Shopee is asked: signatures as documented, questions, refusals, and what the account must say."""

import hashlib
import hmac
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline.settings import Account, Settings, SettingsError
from pipeline.sources import check, translate
from pipeline.sources.apis import APIS
from pipeline.sources.apis.api import Answer, Ask, Declined, Expired, Locked, Span, Throttled, Tokens, Unwell
from schemas.deliveries import ASKED, Delivery

API = APIS["shopee"]
ACCESS = Tokens("59777174636562737266615546704c6d", "refresh")


def account(**said):
    api = {"refresh_token": "r", "partner_id": "2001887", "shop_id": "14701711"}
    return Account(**{"source": "shopee", "name": "main", "secrets": ("key",), "seller": "toko", "api": api, **said})


def query(call):
    return {name: values[0] for name, values in parse_qs(urlsplit(call.url).query).items()}


def test_a_call_is_signed_over_the_base_string_of_the_documentation():
    """Partner, path, time, access token and shop, in this order: the example of "Signature calculation"."""
    call = API.call(account(), ACCESS, Ask("order", "5"), 1_655_714_431_000)
    base = "2001887/api/v2/order/get_order_detail165571443159777174636562737266615546704c6d14701711"
    assert query(call)["sign"] == hmac.new(b"key", base.encode(), hashlib.sha256).hexdigest()


def test_tokens_are_renewed_by_a_call_of_no_shop():
    """Partner, path and time are signed; the refresh token travels in the body, with ids as numbers."""
    call = API.renew(account(), ACCESS, 1_655_714_431_000)
    base = "2001887/api/v2/auth/access_token/get1655714431"
    assert query(call)["sign"] == hmac.new(b"key", base.encode(), hashlib.sha256).hexdigest()
    assert json.loads(call.body) == {"refresh_token": "refresh", "partner_id": 2001887, "shop_id": 14701711}
    assert "refresh" not in call.url


def test_new_tokens_are_good_for_so_many_seconds():
    """Shopee tells a duration, which begins with the answer."""
    told = {"error": "", "access_token": "a", "refresh_token": "b", "expire_in": 14_400}
    tokens = API.read_tokens(account(), Answer(200, {}, json.dumps(told).encode()), 1_000)
    assert tokens == Tokens("a", "b", 14_401_000)


@pytest.mark.parametrize(
    ("code", "data", "asks"),
    [
        (3, {"ordersn": "5"}, ["order/5"]),
        (30, {"ordersn": "5", "package_number": "a"}, ["order/5"]),
        (4, {"ordersn": "5", "package_number": "a", "tracking_no": "x"}, ["package/a"]),
        (4, {"ordersn": "5", "tracking_no": "x"}, ["order/5"]),
        (29, {"order_sn": "5", "return_sn": "9"}, ["order/5", "return/9"]),
        (1, {"more_info": "x"}, []),
    ],
)
def test_a_push_asks_for_what_it_leaves_out(code, data, asks):
    """Orders, packages and returns by their own ids; what tells of no order asks nothing."""
    body = json.dumps({"code": code, "shop_id": 7, "data": data}).encode()
    assert [str(ask) for ask in API.asks(Delivery("shopee", "main", "1", body, 1))] == asks


@pytest.mark.parametrize(
    ("asked", "told", "asks"),
    [
        ("orders/1-2", {"order_list": [{"order_sn": "5"}, {"order_sn": "6"}]}, ["order/5", "order/6"]),
        ("order/5", {"order_list": [{"order_sn": "5", "package_list": [{"package_number": "a"}]}]}, ["package/a"]),
        ("package/a", {"package_list": [{"package_number": "a", "order_sn": "5"}]}, []),
        ("returns/1-2", {"return": [{"return_sn": "9", "order_sn": "5"}]}, []),
    ],
)
def test_asking_comes_to_an_end(asked, told, asks):
    """A page of orders asks for each, an order for its packages, and those for nothing."""
    delivery = Delivery("shopee", "main", "1", json.dumps({"response": told}).encode(), 1, {ASKED: asked})
    assert [str(ask) for ask in API.asks(delivery)] == asks


@pytest.mark.parametrize(
    ("status", "error", "message", "kind"),
    [
        (429, "", "", Throttled),
        (200, "error_rate_limit", "too many", Throttled),
        (502, "", "", Unwell),
        (200, "error_server", "Something wrong. Please try later.", Unwell),
        (200, "error_data", "Query return info failed. Please try later.", Unwell),
        (403, "error_auth", "Invalid access_token.", Expired),
        (403, "common.error_auth", "Invalid access_token.", Expired),
        (403, "invalid_acceess_token", "Invalid access_token, please have a check.", Expired),
        (403, "error_auth", "No permission to current api.", Locked),
        (403, "error_sign", "Wrong sign.", Locked),
        (403, "error_shop", "shopid is invalid", Locked),
        (403, "error_param", "Invalid partner_id.", Locked),
        (403, "error_param", "Invalid timestamp", Locked),
        (403, "error_permission", "Please link shop and partner on seller center.", Locked),
        (200, "error_not_found", "Wrong parameters, detail: the order is not found.", Declined),
        (404, "", "", Declined),
    ],
)
def test_a_failure_is_known_by_shopee_s_own_code(status, error, message, kind):
    """Whether to wait, repeat, renew, ask a person or give up is decided by the codes of each call's page."""
    body = json.dumps({"error": error, "message": message, "request_id": "r"}).encode()
    with pytest.raises(kind):
        API.judge(account(), Answer(status, {}, body))


def test_pages_go_on_until_there_are_no_more():
    """Orders by the cursor that is told, returns by the number of their page."""
    orders = b'{"response":{"more":true,"next_cursor":"20","order_list":[]}}'
    returns, last = b'{"response":{"more":true,"return":[]}}', b'{"response":{"more":false,"return":[]}}'
    assert API.next_page(orders, Span(0, 1)) == "20"
    assert API.next_page(returns, Span(0, 1)) == "1"
    assert API.next_page(returns, Span(0, 1, "1")) == "2"
    assert API.next_page(last, Span(0, 1, "2")) == ""


def test_the_same_thing_answered_twice_is_one_content():
    """The request's id and the pages change from call to call."""
    first = b'{"request_id":"1","response":{"order_list":[{"order_sn":"5"}],"more":true,"next_cursor":"2"}}'
    again = b'{"request_id":"2","response":{"order_list":[{"order_sn":"5"}],"more":false,"next_cursor":""}}'
    other = b'{"request_id":"1","response":{"order_list":[{"order_sn":"6"}]}}'
    assert API.content(first) == API.content(again) != API.content(other)


def tell(**said):
    told = {
        "order_sn": "5",
        "create_time": 1_764_000_000,
        "update_time": 1_764_000_100,
        "order_status": "UNPAID",
        **said,
    }
    body = json.dumps({"error": "", "response": {"order_list": [told]}}).encode()
    events = translate(Delivery("shopee", "main", "1", body, 1, {ASKED: "order/5"}), account())
    return {event.type: event for event in events}


def test_what_nobody_has_paid_costs_what_its_pieces_cost_now():
    """The total comes with the payment; until then it is the sum at the lowered prices, and the rest a discount."""
    piece = {"item_sku": "A", "item_name": "a", "model_quantity_purchased": 2}
    prices = {"model_original_price": 100.0, "model_discounted_price": 90.0}
    placed = tell(item_list=[{**piece, **prices}], estimated_shipping_fee=10, currency="IDR")["order_placed"]
    assert (placed.total, placed.discount, placed.shipping_fee) == (190, 20, 10)


def test_what_the_buyer_pays_besides_is_tax():
    """A total above goods and shipping has fees in it that Shopee does not tell one by one."""
    piece = {"item_sku": "A", "model_quantity_purchased": 1, "model_original_price": 100, "model_discounted_price": 100}
    placed = tell(item_list=[piece], total_amount=103, currency="IDR")["order_placed"]
    assert (placed.total, placed.discount, placed.tax) == (103, 0, 3)


def test_a_cancelled_order_says_by_whom_and_why():
    """Operators of Shopee count as the system."""
    told = tell(order_status="CANCELLED", cancel_by="Ops", cancel_reason="AUTO_CANCEL")["order_cancelled"]
    assert (told.by, told.reason) == ("system", "AUTO_CANCEL")


def test_a_push_and_an_answer_that_say_the_same_are_one_event():
    """The status of the same instant has the same id, whichever way it came."""
    push = {"code": 3, "shop_id": 7, "data": {"ordersn": "5", "status": "UNPAID", "update_time": 1_764_000_100}}
    (pushed,) = translate(Delivery("shopee", "main", "1", json.dumps(push).encode(), 1), account())
    assert pushed.event_id == tell()["status_reported"].event_id


@pytest.mark.parametrize(
    ("api", "sentence"),
    [
        ({"refresh_token": "r", "shop_id": "7"}, "api.partner_id is missing"),
        ({"refresh_token": "r", "partner_id": "5"}, "api.shop_id is missing"),
        ({"refresh_token": "r", "partner_id": "5", "shop_id": "toko"}, "api.shop_id is no number"),
    ],
)
def test_what_an_account_lacks_to_be_asked_for_is_said(api, sentence):
    """One sentence a mistake, which names the account."""
    with pytest.raises(SettingsError) as caught:
        check(Settings(accounts=(account(api=api),)))
    assert sentence in str(caught.value)
