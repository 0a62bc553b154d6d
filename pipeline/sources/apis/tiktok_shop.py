"""How TikTok Shop is asked: the calls of its Open API, signed, and what its refusals mean.

Of partner.tiktokshop.com as of 2026-11: order detail 202507, order list, package detail and returns 202309, common
errors, rate limits (50 calls a second for each app and shop), authorization 202407.
"""

import hmac
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlencode

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
from pipeline.sources.apis.tiktok_shop_details import translate
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Untranslatable
from schemas.deliveries import Delivery
from schemas.times import SECOND

API_URL, AUTH_URL = "https://open-api.tiktokglobalshop.com", "https://auth.tiktok-shops.com"
PAGE = 50
"""Things in one page: of orders up to 100, of returns up to 50; each order takes some 6 kB."""

TOO_MANY, EXPIRED = 36009002, 105002
UNWELL = {36009003, 36009007, 10002014, 10002015, 10037002, 10037003, 10037004}
"""Internal errors, timeouts, and orders that "failed to get": TikTok says to try again."""
LOCKED = {
    101000: "its token does not belong to the shop of api.shop_cipher: authorize this shop, and set its refresh token",
    10006402: "it may not see orders: enable their scope in Partner Center, then authorize the shop anew",
    105005: "the app has not the access scope for this: enable it in Partner Center, then authorize the shop anew",
    106001: "the signature is wrong: the first of `secrets` must be the app secret of `app_key`",
    106013: "api.shop_cipher is missing or empty: Get Authorized Shops tells it",
    36009033: "this address is not in the app's IP allow list: add it in Partner Center",
}
INVALID = 36009004
"""One code for wrong tokens, keys, clocks and identifiers: its words tell which."""


def sign(secret: str, path: str, query: Mapping[str, str], body: bytes = b"") -> str:
    """Signs a call: hex HMAC-SHA256 of secret + path + sorted names and values + body + secret."""
    told = "".join(f"{name}{query[name]}" for name in sorted(query) if name not in ("sign", "access_token"))
    return hmac.new(secret.encode(), f"{secret}{path}{told}".encode() + body + secret.encode(), "sha256").hexdigest()


def _signed(account: Account, token: str, now: int, unsigned: Call, **asked: str) -> Call:
    method, path, _, body = unsigned
    shop = {"app_key": account.extra("app_key"), "shop_cipher": account.credential("shop_cipher")}
    query = {**shop, "timestamp": str(now // SECOND), **asked}
    query["sign"] = sign(account.live_secrets()[0], path, query, body)
    base = (account.credential("url") or API_URL).rstrip("/")
    headers = {"content-type": "application/json", "x-tts-access-token": token}
    return Call(method, f"{base}{path}?{urlencode(query)}", headers, body)


def call(account: Account, tokens: Tokens, ask: Ask, now: int) -> Call:
    """Puts one question."""
    if ask.what == "order":
        return _signed(account, tokens.access, now, Call("GET", "/order/202507/orders"), ids=ask.id)
    if ask.what == "package":
        path = f"/fulfillment/202309/packages/{quote(ask.id, safe='')}"
        return _signed(account, tokens.access, now, Call("GET", path))
    body = orjson.dumps({"return_ids": [ask.id]})
    return _signed(account, tokens.access, now, Call("POST", SEARCHES["returns"], body=body), page_size="10")


SEARCHES = {"orders": "/order/202309/orders/search", "returns": "/return_refund/202309/returns/search"}


def search(account: Account, tokens: Tokens, what: str, span: Span, now: int) -> Call:
    """Asks for one page of what changed, the oldest change first."""
    asked = {"page_size": str(PAGE), "sort_field": "update_time", "sort_order": "ASC"}
    if span.cursor:
        asked["page_token"] = span.cursor
    body = orjson.dumps({"update_time_ge": span.since // SECOND, "update_time_lt": -(-span.until // SECOND)})
    return _signed(account, tokens.access, now, Call("POST", SEARCHES[what], body=body), **asked)


def next_page(body: bytes, span: Span) -> str:
    """Gives the cursor of the next page."""
    del span
    return read(body).inside("data").words("next_page_token")


def changes(body: bytes) -> list[Change]:
    """Tells which orders or returns are on a page."""
    data = read(body).inside("data")
    orders = [_change("order", order, "id", "status") for order in data.each("orders")]
    return orders + [_change("return", case, "return_id", "return_status") for case in data.each("return_orders")]


def _change(what: str, thing: Reading, name: str, status: str) -> Change:
    return Change(what, thing.id(name), thing.words(status), thing.optional_instant("update_time", "create_time") or 0)


def renew(account: Account, tokens: Tokens, now: int) -> Call:
    """Asks for new tokens; the app's secret lies in the address, so that it must not be logged."""
    del now
    query = {"app_key": account.extra("app_key"), "app_secret": account.live_secrets()[0]}
    query |= {"refresh_token": tokens.refresh, "grant_type": "refresh_token"}
    base = (account.credential("auth_url") or AUTH_URL).rstrip("/")
    return Call("GET", f"{base}/api/v2/token/refresh?{urlencode(query)}")


def read_tokens(account: Account, answer: Answer, now: int) -> Tokens:
    """Reads new tokens."""
    del now
    told = read_answer(answer, "TikTok Shop")
    try:
        data = told.inside("data")
        if answer.status == OK and told.get("code") == 0:
            expires_at = data.optional_instant("access_token_expire_in") or 0
            return Tokens(data.id("access_token"), data.id("refresh_token"), expires_at)
    except Untranslatable as error:
        raise Unwell(f"TikTok Shop gave no tokens: {error.detail}") from error
    why = told.words("message") or f"status {answer.status}"
    raise not_renewed(account, "TikTok Shop", why)


def judge(account: Account, answer: Answer) -> None:
    """Tells failures by TikTok's own codes, which it also sends with status 200."""
    told = read_answer(answer, "TikTok Shop")
    code = told.get("code")
    if code == 0 and answer.status == OK:
        return
    why = f"{code}: {told.words('message')}"
    if code == TOO_MANY:
        raise Throttled(why)
    if code in UNWELL:
        raise Unwell(why)
    raise _refusal(f"{account.source}/{account.name}", code, why)


def _refusal(account: str, code: object, why: str) -> Failed:
    if code == EXPIRED or (code == INVALID and "access" in why and "token" in why):
        return Expired(why)
    if isinstance(code, int) and (mend := LOCKED.get(code)):
        return Locked(f"TikTok Shop lets {account} not in ({why}): {mend}")
    if code == INVALID and "app_key" in why:
        return Locked(f"TikTok Shop does not know the app of {account} ({why}): `app_key` must be the one of the app")
    if code == INVALID and "timestamp" in why:
        return Locked(f"TikTok Shop does not believe our clock ({why}): set this machine's clock right")
    return Declined(why)


def asks(delivery: Delivery) -> list[Ask]:
    """Asks for the order of each webhook, the packages and returns that it names, and the packages of an order."""
    body = read(delivery.body)
    data = body.inside("data")
    if not delivery.asked:
        return _left_open(body.get("type"), data)
    packages = (package for order in data.each("orders") for package in order.each("packages"))
    is_of_orders = Ask.read(delivery.asked).what in ("order", "orders")
    return [Ask("package", package.id("id")) for package in packages] if is_of_orders else []


def _left_open(kind: object, data: Reading) -> list[Ask]:
    if kind in (1, 3, 11):
        return [Ask("order", data.id("order_id"))]
    if kind == 12:  # noqa: PLR2004  # a return
        return [Ask("order", data.id("order_id")), Ask("return", data.id("return_id"))]
    if kind == 4:  # noqa: PLR2004  # packages
        return [Ask("package", package.id("package_id")) for package in data.each("package_list")]
    return []


def content(body: bytes) -> bytes:
    """Leaves out the request's id and where the next page begins, which are new each time."""
    data = read(body).inside("data").value
    return orjson.dumps({name: data[name] for name in data if name not in ("next_page_token", "total_count")})


def check(account: Account) -> Iterator[str]:
    """Answers name no shop: the account must."""
    if not account.seller and not account.credential("shop_id"):
        yield "api.shop_id is missing, as the account names no seller: answers do not say whose shop they are of"


API = Api(
    source="tiktok_shop",
    docs="https://partner.tiktokshop.com/docv2/page/order-api-overview",
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
    per_second=20,
    needs={
        "refresh_token": "it comes with the shop's authorization, and renews itself from then on",
        "shop_cipher": "each call names the shop by it: Get Authorized Shops tells it",
    },
    takes={
        "access_token": "the one that came with the refresh token; without it the first is fetched",
        "shop_id": "the shop, as webhooks name it; needed where the account names no seller",
        "url": f"instead of {API_URL}",
        "auth_url": f"instead of {AUTH_URL}",
    },
    check=check,
    unconfirmed="no page says whether a 429 tells how long to wait; Retry-After is heeded where it comes. "
    "Scans of Get Tracking have words but no codes, so they are not asked for.",
)
