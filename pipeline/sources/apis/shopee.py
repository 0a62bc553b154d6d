"""How Shopee is asked: the calls of its Open API 2.0, signed, and what its refusals mean.

Of open.shopee.com as of 2025-12, known from copies: API calls, authorization, order and package detail, returns. The
list of orders is known from public clients; it names them, and each is then asked for.
"""

import hmac
from collections.abc import Iterator
from urllib.parse import urlencode

import orjson

from pipeline.settings import Account
from pipeline.sources.apis.answers import OK, not_renewed, read_answer
from pipeline.sources.apis.api import (
    Answer,
    Api,
    Ask,
    Call,
    Change,
    Declined,
    Expired,
    Failed,
    Locked,
    Span,
    Throttled,
    Tokens,
    Unwell,
)
from pipeline.sources.apis.shopee_details import translate
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Untranslatable
from schemas.deliveries import Delivery
from schemas.times import DAY, SECOND

API_URL = "https://partner.shopeemobile.com"
PAGE = 50
"""Things in one page, of 100 that are allowed."""

DETAILS = (
    "buyer_user_id,buyer_username,estimated_shipping_fee,recipient_address,item_list,pay_time,cancel_by,cancel_reason,"
    "pickup_done_time,package_list,payment_method,total_amount"
)
"""What an order's answer leaves out unless it is named."""

PATHS = {
    "order": "/api/v2/order/get_order_detail",
    "package": "/api/v2/order/get_package_detail",
    "return": "/api/v2/returns/get_return_detail",
    "orders": "/api/v2/order/get_order_list",
    "returns": "/api/v2/returns/get_return_list",
    "token": "/api/v2/auth/access_token/get",
}

EXPIRED = ("invalid_acceess_token", "invalid_access_token")
"""Known from public clients, the first as it is spelt; the documentation says error_auth with words."""
UNWELL = ("error_server", "error_network", "error_inner")
LIMITS = ("error_limit", "error_rate_limit")
LOCKED = (
    ("error_sign", "", "the first of `secrets` must be the partner key of the app that api.partner_id names"),
    ("error_param", "partner_id", "api.partner_id must be the one of the app"),
    ("error_param", "timestamp", "set this machine's clock right"),
    ("error_shop", "", "api.shop_id must be the shop that authorized the app"),
    ("error_permission", "", "link the shop and the app in Shopee's console, then authorize the shop anew"),
    ("error_auth", "", "the app may not do this, or the shop withdrew its authorization: authorize the shop anew"),
)
"""Code and a part of its words → what a person must mend."""


def sign(secret: str, told: str) -> str:
    """Signs a call: hex HMAC-SHA256 of partner, path, time, and of a shop's call its access token and the shop."""
    return hmac.new(secret.encode(), told.encode(), "sha256").hexdigest()


def _signed(account: Account, token: str, now: int, what: str, **asked: str) -> Call:
    partner, shop, at = account.credential("partner_id"), account.credential("shop_id"), str(now // SECOND)
    query = {"partner_id": partner, "timestamp": at, "access_token": token, "shop_id": shop}
    query["sign"] = sign(account.live_secrets()[0], f"{partner}{PATHS[what]}{at}{token}{shop}")
    return Call("GET", f"{_base(account)}{PATHS[what]}?{urlencode(query | asked)}")


def _base(account: Account) -> str:
    return (account.credential("url") or API_URL).rstrip("/")


def call(account: Account, tokens: Tokens, ask: Ask, now: int) -> Call:
    """Puts one question."""
    if ask.what == "order":
        asked = {"order_sn_list": ask.id, "request_order_status_pending": "true", "response_optional_fields": DETAILS}
    elif ask.what == "package":
        asked = {"package_number_list": ask.id}
    else:
        asked = {"return_sn": ask.id}
    return _signed(account, tokens.access, now, ask.what, **asked)


def search(account: Account, tokens: Tokens, what: str, span: Span, now: int) -> Call:
    """Asks for one page of what changed."""
    begin, end = str(span.since // SECOND), str(-(-span.until // SECOND))
    if what == "returns":
        asked = {"page_no": span.cursor or "0", "update_time_from": begin, "update_time_to": end}
    else:
        asked = {"time_range_field": "update_time", "time_from": begin, "time_to": end, "cursor": span.cursor}
        asked["response_optional_fields"] = "order_status"
    return _signed(account, tokens.access, now, what, page_size=str(PAGE), **asked)


def next_page(body: bytes, span: Span) -> str:
    """Gives the cursor of the next page: of orders as it is told, of returns their page's number."""
    told = read(body).inside("response")
    if not told.flag("more"):
        return ""
    return told.words("next_cursor") if "order_list" in told.value else str(int(span.cursor or "0") + 1)


def changes(body: bytes) -> list[Change]:
    """Tells which orders or returns are on a page; of an order the page tells no time."""
    told = read(body).inside("response")
    orders = [
        Change("order", order.id("order_sn"), order.words("order_status"), 0) for order in told.each("order_list")
    ]
    return orders + [_return(case) for case in told.each("return")]


def _return(case: Reading) -> Change:
    return Change("return", case.id("return_sn"), case.words("status"), case.optional_instant("update_time") or 0)


def renew(account: Account, tokens: Tokens, now: int) -> Call:
    """Asks for new tokens; the refresh token is good for one time."""
    partner, at = account.credential("partner_id"), str(now // SECOND)
    query = {"partner_id": partner, "timestamp": at}
    query["sign"] = sign(account.live_secrets()[0], f"{partner}{PATHS['token']}{at}")
    told = {"refresh_token": tokens.refresh, "partner_id": int(partner), "shop_id": int(account.credential("shop_id"))}
    url = f"{_base(account)}{PATHS['token']}?{urlencode(query)}"
    return Call("POST", url, {"content-type": "application/json"}, orjson.dumps(told))


def read_tokens(account: Account, answer: Answer, now: int) -> Tokens:
    """Reads new tokens, which are good for so many seconds."""
    told = read_answer(answer, "Shopee")
    error = told.words("error")
    if error in UNWELL:
        raise Unwell(f"Shopee gave no tokens: {error}")
    if error or answer.status != OK:
        raise not_renewed(account, "Shopee", f"{error or answer.status}: {told.words('message')}")
    try:
        seconds = int(told.id("expire_in"))
        return Tokens(told.id("access_token"), told.id("refresh_token"), now + seconds * SECOND)
    except (Untranslatable, ValueError) as wrong:
        raise Unwell(f"Shopee gave no tokens: {wrong}") from wrong


def judge(account: Account, answer: Answer) -> None:
    """Tells failures by Shopee's own codes, which it sends with many a status."""
    told = read_answer(answer, "Shopee")
    error = told.words("error").rpartition(".")[2]  # the documentation writes `common.error_auth` too
    if answer.status == OK and error in ("", "-"):
        return
    raise _refusal(f"{account.source}/{account.name}", error, f"{error or answer.status}: {told.words('message')}")


def _refusal(account: str, error: str, why: str) -> Failed:
    words = why.lower()
    if error in EXPIRED or (error in ("error_auth", "error_param") and "access_token" in words):
        return Expired(why)
    if error in LIMITS:
        return Throttled(why)
    if error in UNWELL or "try later" in words or "try again later" in words:
        return Unwell(why)
    mend = next((mend for code, word, mend in LOCKED if code == error and word in words), "")
    return Locked(f"Shopee lets {account} not in ({why}): {mend}") if mend else Declined(why)


def asks(delivery: Delivery) -> list[Ask]:
    """Asks for the order of each push, for a return that it names, for each order of a page and each package of one."""
    body = read(delivery.body)
    if delivery.asked:
        return _of_answer(Ask.read(delivery.asked).what, body.inside("response"))
    data, code = body.inside("data"), body.get("code")
    if code in (3, 30):
        return [Ask("order", data.id("ordersn", "order_sn"))]
    if code == 4:  # noqa: PLR2004  # a tracking number
        package = data.optional_id("package_number")
        return [Ask("package", package)] if package else [Ask("order", data.id("ordersn", "order_sn"))]
    if code == 29:  # noqa: PLR2004  # a return
        return [Ask("order", data.id("order_sn", "ordersn")), Ask("return", data.id("return_sn"))]
    return []


def _of_answer(what: str, told: Reading) -> list[Ask]:
    if what == "orders":
        return [Ask("order", order.id("order_sn")) for order in told.each("order_list")]
    if what == "order":
        packages = (package for order in told.each("order_list") for package in order.each("package_list"))
        return [Ask("package", package.id("package_number")) for package in packages]
    return []


def content(body: bytes) -> bytes:
    """Leaves out the request's id and where the next page begins, which are new each time."""
    told = read(body).inside("response").value
    return orjson.dumps({name: told[name] for name in told if name not in ("more", "next_cursor")})


def check(account: Account) -> Iterator[str]:
    """Shopee's ids are numbers."""
    for name in ("partner_id", "shop_id"):
        if (value := account.credential(name)) and not value.isdecimal():
            yield f"api.{name} is no number, as all of Shopee's ids are"


API = Api(
    source="shopee",
    docs="https://open.shopee.com/developer-guide/16",
    asks=asks,
    call=call,
    search=search,
    next_page=next_page,
    changes=changes,
    renew=renew,
    read_tokens=read_tokens,
    judge=judge,
    content=content,
    translate=translate,
    searches=("orders", "returns"),
    longest_span=15 * DAY,
    per_second=5,
    needs={
        "partner_id": "each call names the app by it",
        "shop_id": "each call names the shop by it",
        "refresh_token": "it comes with the shop's authorization, and renews itself from then on",
    },
    takes={
        "access_token": "the one that came with the refresh token; without it the first is fetched",
        "url": f"instead of {API_URL}",
    },
    check=check,
    unconfirmed="how many calls a shop may make (five a second are made), the code of too many, and the list of "
    "orders, known from public clients; whether the first page of returns is 0, as its page says, or 1. The voucher of "
    "an order is not told: what is missing to its total is its discount.",
)
