"""Lazada's Open Platform on this machine, as it is documented: it checks each signature and token, and can be ill."""

import hashlib
import hmac
import re
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlsplit

from tests.pipeline.completion.fake_api import FakeApi

SECRET, KEY = "app-secret", "100132"
JAKARTA = timezone(timedelta(hours=7))
FARTHEST = 5_000
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")


class FakeLazada(FakeApi):
    """A shop: of each order what GetOrders tells of it, and its pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, dict] = {}
        self.pieces: dict[str, list[dict]] = {}

    def sell(self, name, at=1_764_000_000, **said):
        """Takes an order in."""
        piece = order_item(name, at, **said)
        self.pieces[name] = [piece]
        told = {"order_id": int(name), "created_at": written(at), "updated_at": written(at), "price": "75000.00"}
        self.orders[name] = {**told, "statuses": [piece["status"]], "at": at}

    def answer(self, target, headers, body):
        del headers, body
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.asked[parts.path] += 1
        if self.ails and parts.path != "/auth/token/refresh":
            return self.ails.popleft()
        if query.pop("sign") != _sign(parts.path, query):
            self.refused.append(target)
            return _error("ISV", "IncompleteSignature", "The request signature does not conform to platform standards")
        if query["app_key"] != KEY or query["sign_method"] != "sha256":
            return _error("ISV", "InvalidAppKey", "The specified App Key is invalid")
        if parts.path == "/auth/token/refresh":
            return self._renew(query)
        if query["access_token"] != self.access:
            return _error("ISV", "IllegalAccessToken", "The specified access token is invalid or expired")
        return self._found(parts.path, query)

    def _renew(self, query):
        if query["refresh_token"] != self.refresh:
            return _error("ISV", "IllegalRefreshToken", "The specified refresh token is invalid or expired")
        told = {"expires_in": 2_592_000, "refresh_expires_in": 15_552_000, "country": "id", "code": "0"}
        return 200, {}, {**self.new_tokens(), **told}

    def _found(self, path, query):
        if path == "/order/items/get":
            found = self.pieces.get(query["order_id"])
            return _fine(found) if found else _error("ISV", "16", "E016: Invalid Order ID")
        times = (query["update_after"], query["update_before"])
        if not all(map(TIME.fullmatch, times)):
            return _error("ISV", "17", "E017: Invalid Date Format")
        begin, end = (datetime.fromisoformat(time).timestamp() for time in times)
        found = sorted((o for o in self.orders.values() if begin <= o["at"] <= end), key=lambda order: order["at"])
        start, size = int(query["offset"]), int(query["limit"])
        if start >= FARTHEST:
            return _error("ISV", "14", "E014: Invalid Offset")
        page = [{name: told[name] for name in told if name != "at"} for told in found[start : start + size]]
        return _fine({"count": len(page), "countTotal": len(found), "orders": page})


def _sign(path, query):
    """As the documentation says, step by step; not the code that is tested."""
    text = path
    for name in sorted(query):
        text += name + query[name]
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest().upper()


def _fine(data):
    return 200, {}, {"code": "0", "request_id": "r", "data": data}


def _error(kind, code, message):
    return 200, {}, {"type": kind, "code": code, "message": message, "request_id": "r"}


def written(at):
    """Writes a time as GetOrderItems does."""
    return datetime.fromtimestamp(at, JAKARTA).strftime("%Y-%m-%d %H:%M:%S %z")


def order_item(name, at, **said):
    """Makes one piece of an order as Lazada tells it."""
    told = {"order_id": int(name), "order_item_id": int(name) + 1, "status": "pending", "currency": "IDR"}
    told |= {"sku": "KOPI-250", "name": "Kopi 250 g", "item_price": 75000.0, "paid_price": 75000.0}
    told |= {"shipping_amount": 9000.0, "voucher_amount": 0, "created_at": written(at), "updated_at": written(at)}
    return {**told, "payment_time": at * 1000, "buyer_id": "42", **said}
