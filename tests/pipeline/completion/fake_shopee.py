"""Shopee's Open API on this machine, as it is documented: it checks each signature and token, and can be ill."""

import hashlib
import hmac
import json
from urllib.parse import parse_qsl, urlsplit

from tests.pipeline.completion.fake_api import FakeApi

SECRET, PARTNER, SHOP = "partner-key", "2001887", "14701711"
LONGEST = 15 * 86_400


class FakeShopee(FakeApi):
    """A shop with its orders."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, dict] = {}
        self.packages: dict[str, dict] = {}
        self.returns: dict[str, dict] = {}

    def answer(self, target, headers, body):
        del headers
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.asked[parts.path] += 1
        if parts.path == "/api/v2/auth/access_token/get":
            return self._renew(parts.path, query, json.loads(body))
        if self.ails:
            return self.ails.popleft()
        token, shop = query["access_token"], query["shop_id"]
        if query["sign"] != _sign(f"{PARTNER}{parts.path}{query['timestamp']}{token}{shop}"):
            self.refused.append(target)
            return _error("error_sign", "Wrong sign.")
        if token != self.access:
            return _error("error_auth", "Invalid access_token.")
        if shop != SHOP:
            return _error("error_shop", "shopid is invalid")
        return self._found(parts.path, query)

    def _renew(self, path, query, told):
        if query["sign"] != _sign(f"{PARTNER}{path}{query['timestamp']}"):
            return _error("error_sign", "Wrong sign.")
        if (told["refresh_token"], told["shop_id"], told["partner_id"]) != (self.refresh, int(SHOP), int(PARTNER)):
            return _error("error_param", "Invalid refresh_token.")
        return 200, {}, {**self.new_tokens(), "expire_in": 14_400, "request_id": "r", "error": "", "message": ""}

    def _found(self, path, query):
        if path == "/api/v2/order/get_order_detail":
            return self._by_name("order_list", self.orders, query["order_sn_list"])
        if path == "/api/v2/order/get_package_detail":
            return self._by_name("package_list", self.packages, query["package_number_list"])
        if path == "/api/v2/returns/get_return_detail":
            found = self.returns.get(query["return_sn"])
            return _fine(found) if found else _error("error_data", "The return you queried doesn't exist.")
        if path == "/api/v2/order/get_order_list":
            return self._orders(query)
        return self._returns(query)

    def _by_name(self, name, things, names):
        found = [things[wanted] for wanted in names.split(",") if wanted in things]
        return _fine({name: found}) if found else _error("error_not_found", "Wrong parameters, detail: not found.")

    def _orders(self, query):
        if int(query["time_to"]) - int(query["time_from"]) > LONGEST:
            return _error("error_param", "Start time must be earlier than end time and diff in 15days.")
        found = _within(self.orders.values(), query["time_from"], query["time_to"])
        start, size = int(query["cursor"] or 0), int(query["page_size"])
        page = [{"order_sn": o["order_sn"], "order_status": o["order_status"]} for o in found[start : start + size]]
        more = start + size < len(found)
        return _fine({"more": more, "next_cursor": str(start + size) if more else "", "order_list": page})

    def _returns(self, query):
        found = _within(self.returns.values(), query["update_time_from"], query["update_time_to"])
        start = int(query["page_no"]) * int(query["page_size"])
        end = start + int(query["page_size"])
        return _fine({"more": end < len(found), "return": found[start:end]})


def _within(things, begin, end):
    found = [thing for thing in things if int(begin) <= thing["update_time"] <= int(end)]
    return sorted(found, key=lambda thing: thing["update_time"])


def _sign(told):
    return hmac.new(SECRET.encode(), told.encode(), hashlib.sha256).hexdigest()


def _fine(told):
    return 200, {}, {"error": "", "message": "", "request_id": "r", "response": told}


def _error(code, message):
    return 403, {}, {"error": code, "message": message, "request_id": "r"}


def order(name, status="READY_TO_SHIP", at=1_764_000_000, **said):
    """Makes an order as Shopee tells it."""
    piece = {"item_id": 1, "item_name": "Kopi 250 g", "item_sku": "KOPI-250", "model_id": 0, "model_sku": ""}
    piece |= {"model_quantity_purchased": 1, "model_original_price": 75000.0, "model_discounted_price": 75000.0}
    told = {"order_sn": name, "order_status": status, "create_time": at, "update_time": at, "pay_time": at}
    money = {"currency": "IDR", "total_amount": 84000.0, "estimated_shipping_fee": 9000.0, "cod": False}
    return {**told, **money, "region": "ID", "buyer_user_id": 42, "item_list": [piece], "package_list": [], **said}
