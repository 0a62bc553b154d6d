"""TikTok Shop's Open API on this machine, as it is documented: it checks each signature and token, and can be ill."""

import hashlib
import hmac
import json
from urllib.parse import parse_qsl, urlsplit

from tests.pipeline.completion.fake_api import FakeApi

SECRET, KEY, CIPHER = "c2VjcmV0LW9mLXRoZS1zaG9w", "key", "ROW_cipher"


class FakeTikTok(FakeApi):
    """A shop with its orders."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, dict] = {}
        self.packages: dict[str, dict] = {}
        self.returns: dict[str, dict] = {}

    def answer(self, target, headers, body):
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.asked[parts.path] += 1
        if parts.path == "/api/v2/token/refresh":
            return self._renew(query)
        if self.ails:
            return self.ails.popleft()
        if query.get("sign") != _sign(parts.path, query, body):
            self.refused.append(target)
            return _error(401, 106001, "Invalid credentials. The `sign` query parameter is invalid.")
        if {k.lower(): v for k, v in headers.items()}.get("x-tts-access-token") != self.access:
            return _error(401, 105002, "Expired credentials. The `x-tts-access-token` header has expired.")
        if query.get("shop_cipher") != CIPHER:
            return _error(400, 106013, "Missing identifier.")
        return self._found(parts.path, query, json.loads(body or b"{}"))

    def _renew(self, query):
        if query.get("app_secret") != SECRET or query.get("refresh_token") != self.refresh:
            return _error(200, 36004004, "refresh token is invalid")
        return _fine({**self.new_tokens(), "access_token_expire_in": 4_000_000_000})

    def _found(self, path, query, asked):
        if path == "/order/202507/orders":
            return _fine({"orders": [self.orders[name] for name in query["ids"].split(",") if name in self.orders]})
        if path.startswith("/fulfillment/202309/packages/"):
            found = self.packages.get(path.rpartition("/")[2])
            return (
                _fine(found) if found else _error(200, 21008111, "The order or package does not belong to the seller")
            )
        if path == "/order/202309/orders/search":
            return self._page("orders", self.orders, query, asked)
        return self._page("return_orders", self.returns, query, asked)

    def _page(self, name, things, query, asked):
        begin, end = asked.get("update_time_ge", 0), asked.get("update_time_lt", 1 << 40)
        wanted = asked.get("return_ids")
        found = [t for key, t in things.items() if begin <= t["update_time"] < end and (not wanted or key in wanted)]
        found.sort(key=lambda thing: thing["update_time"])
        start, size = int(query.get("page_token") or 0), int(query["page_size"])
        rest = str(start + size) if start + size < len(found) else ""
        return _fine({name: found[start : start + size], "total_count": len(found), "next_page_token": rest})


def _sign(path, query, body):
    """As the documentation says, step by step; not the code that is tested."""
    text = path + "".join(key + query[key] for key in sorted(query) if key not in {"sign", "access_token"})
    wrapped = SECRET.encode() + text.encode() + body + SECRET.encode()
    return hmac.new(SECRET.encode(), wrapped, hashlib.sha256).hexdigest()


def _fine(data):
    return 200, {}, {"code": 0, "message": "Success", "request_id": "r", "data": data}


def _error(status, code, message):
    return status, {}, {"code": code, "message": message, "request_id": "r", "data": None}


def order(name, status="AWAITING_SHIPMENT", at=1_764_000_000, **said):
    """Makes an order as TikTok Shop tells it."""
    line = {"id": "1", "seller_sku": "KOPI-250", "product_name": "Kopi 250 g", "original_price": "75000"}
    money = {"currency": "IDR", "total_amount": "84000", "shipping_fee": "9000", "sub_total": "75000"}
    told = {"id": name, "status": status, "create_time": at, "update_time": at, "paid_time": at, "user_id": "42"}
    return {**told, "payment": money, "line_items": [line], "packages": [], **said}
