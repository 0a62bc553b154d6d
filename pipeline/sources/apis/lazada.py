"""How Lazada is asked: the calls of its Open Platform, signed, and what its refusals mean.

Of open.lazada.com as of 2025-12, known from copies: GetOrders, GetOrderItems, RefreshAccessToken, signing a request,
error messages. GetOrderItems tells the money, the articles, the parcels and the status of each piece, so it is what an
order is asked for; GetOrders tells of orders and not what is in them, so each is asked for then.
"""

import hmac
import re
from collections.abc import Iterator, Mapping
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
from pipeline.sources.apis.lazada_details import translate
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Untranslatable
from schemas.deliveries import Delivery
from schemas.times import SECOND, to_datetime

API_URL, AUTH_URL = "https://api.lazada.co.id/rest", "https://auth.lazada.com/rest"
PAGE, FARTHEST = 100, 5_000
"""Orders in one page, and how many a search may skip: beyond them it begins anew at the time of the last one."""

EXPIRED = "IllegalAccessToken"
LIMITS = ("ApiCallLimit", "AppCallLimit")
BAN = re.compile(r"last (\d+) more second")
"""How Lazada says for how long nobody may ask."""
SYSTEM_ERROR = "6"
BACKEND = "ISP"
"""The type of errors that are Lazada's own, to be tried again."""
LOCKED = {
    "IncompleteSignature": "the first of `secrets` must be the app secret of `app_key`",
    "InvalidAppKey": "`app_key` must be the one of the app",
    "IllegalTimestamp": "set this machine's clock right",
    "InsufficientPermission": "the app has not the permission for this: apply for it, then authorize the shop anew",
    "SellerNotVerified": "the shop has not been opened yet: Seller Center tells what is missing",
}


def sign(secret: str, path: str, told: Mapping[str, str]) -> str:
    """Signs a call: upper-case hex HMAC-SHA256 of the path and all sorted names with their values."""
    text = path + "".join(f"{name}{told[name]}" for name in sorted(told))
    return hmac.new(secret.encode(), text.encode(), "sha256").hexdigest().upper()


def _signed(account: Account, base: str, path: str, now: int, **asked: str) -> Call:
    query = {"app_key": account.extra("app_key"), "timestamp": str(now), "sign_method": "sha256", **asked}
    query["sign"] = sign(account.live_secrets()[0], path, query)
    return Call("GET", f"{base.rstrip('/')}{path}?{urlencode(query)}")


def call(account: Account, tokens: Tokens, ask: Ask, now: int) -> Call:
    """Puts one question: what is in an order."""
    base = account.credential("url") or API_URL
    return _signed(account, base, "/order/items/get", now, access_token=tokens.access, order_id=ask.id)


def search(account: Account, tokens: Tokens, what: str, span: Span, now: int) -> Call:
    """Asks for one page of what changed, the oldest change first."""
    del what
    since, skipped = _place(span)
    asked = {"update_after": _written(since - since % SECOND), "update_before": _written(span.until)}
    asked |= {"sort_by": "updated_at", "sort_direction": "ASC", "limit": str(PAGE), "offset": str(skipped)}
    base = account.credential("url") or API_URL
    return _signed(account, base, "/orders/get", now, access_token=tokens.access, **asked)


def _written(at: int) -> str:
    """Writes an instant as Lazada wants it, to the second: its end counts as a whole."""
    return to_datetime(-(-at // SECOND) * SECOND).isoformat()


def _place(span: Span) -> tuple[int, int]:
    """Reads a cursor of ours: where the search begins, and how many of its orders are read."""
    since, _, skipped = span.cursor.partition("+")
    return (int(since), int(skipped)) if skipped else (span.since, 0)


def next_page(body: bytes, span: Span) -> str:
    """Gives the cursor of the next page; what a search may not skip to, one that begins later finds."""
    orders = list(read(body).inside("data").each("orders"))
    if len(orders) < PAGE:
        return ""
    since, skipped = _place(span)
    if skipped + PAGE < FARTHEST:
        return f"{since}+{skipped + PAGE}"
    return f"{orders[-1].instant('updated_at')}+0"


def changes(body: bytes) -> list[Change]:
    """Tells which orders are on a page."""
    return [_change(order) for order in read(body).inside("data").each("orders")]


def _change(order: Reading) -> Change:
    statuses = order.get("statuses")
    words = ", ".join(map(str, statuses)) if isinstance(statuses, list) else ""
    return Change("order", order.id("order_id", "order_number"), words, order.optional_instant("updated_at") or 0)


def renew(account: Account, tokens: Tokens, now: int) -> Call:
    """Asks for new tokens."""
    base = account.credential("auth_url") or AUTH_URL
    return _signed(account, base, "/auth/token/refresh", now, refresh_token=tokens.refresh)


def read_tokens(account: Account, answer: Answer, now: int) -> Tokens:
    """Reads new tokens, which are good for so many seconds."""
    told = read_answer(answer, "Lazada")
    code = told.words("code")
    if code != "0":
        if told.words("type") == BACKEND or code == SYSTEM_ERROR:
            raise Unwell(f"Lazada gave no tokens: {code}: {told.words('message')}")
        raise not_renewed(account, "Lazada", f"{code or answer.status}: {told.words('message')}")
    try:
        ends_at = now + int(told.id("expires_in")) * SECOND
        return Tokens(told.id("access_token"), told.id("refresh_token"), ends_at)
    except (Untranslatable, ValueError) as wrong:
        raise Unwell(f"Lazada gave no tokens: {wrong}") from wrong


def judge(account: Account, answer: Answer) -> None:
    """Tells failures by Lazada's own codes, which it sends with status 200."""
    told = read_answer(answer, "Lazada")
    code = told.words("code")
    if answer.status == OK and code == "0":
        return
    raise _refusal(f"{account.source}/{account.name}", code, told)


def _refusal(account: str, code: str, told: Reading) -> Failed:
    why = f"{code}: {told.words('message')}"
    if code == EXPIRED:
        return Expired(why)
    if code in LIMITS:
        ban = BAN.search(why)
        return Throttled(why, float(ban[1]) if ban else None)
    if mend := LOCKED.get(code):
        return Locked(f"Lazada lets {account} not in ({why}): {mend}")
    if code == SYSTEM_ERROR or told.words("type") == BACKEND:
        return Unwell(why)
    return Declined(why)


def asks(delivery: Delivery) -> list[Ask]:
    """Asks what is in the order of each push, and in each order of a page."""
    body = read(delivery.body)
    if delivery.asked:
        is_page = Ask.read(delivery.asked).what == "orders"
        return [Ask("order", change.id) for change in changes(delivery.body)] if is_page else []
    return [Ask("order", body.inside("data").id("trade_order_id"))] if body.get("message_type") in (0, 10, 14) else []


def content(body: bytes) -> bytes:
    """Leaves out the request's id and the counts, which are new each time."""
    data = read(body).get("data")
    told = {name: data[name] for name in data if not name.startswith("count")} if isinstance(data, dict) else data
    return orjson.dumps(told)


def check(account: Account) -> Iterator[str]:
    """Answers name no seller: the account must."""
    if not account.seller and not account.credential("seller_id"):
        yield "api.seller_id is missing, as the account names no seller: answers do not say whose order they tell of"


API = Api(
    source="lazada",
    docs="https://open.lazada.com/apps/doc/api?path=%2Forder%2Fitems%2Fget",
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
    per_second=5,
    needs={"refresh_token": "it comes with the shop's authorization, and renews itself from then on"},
    takes={
        "access_token": "the one that came with the refresh token; without it the first is fetched",
        "seller_id": "the seller, as pushes name it; needed where the account names no seller",
        "url": f"of another country, instead of {API_URL}",
        "auth_url": f"instead of {AUTH_URL}",
    },
    check=check,
    unconfirmed="how many calls a shop may make (five a second are made), and the codes of too many calls and of "
    "wrong credentials, known from public clients. The buyer's name and city are not asked for, nor how a return "
    "stands: its words there are not those of the push.",
)
