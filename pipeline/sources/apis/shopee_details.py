"""What Shopee's answers say: orders with their money and articles, packages with their numbers, and returns."""

from typing import Any

from pipeline.settings import Account
from pipeline.sources.apis.api import Ask
from pipeline.sources.marketplaces.shopee import (
    PACKAGES,
    RETURN_PARCELS,
    RETURNS,
    SILENT,
    STATUSES,
    carrier_of,
)
from pipeline.sources.reading import Reading, read
from pipeline.sources.telling import Telling, once
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id
from schemas.orders import Line

ROLES = {"buyer": "buyer", "seller": "seller", "system": "system", "ops": "system"}
SOLUTIONS = {"0": "return_and_refund", "1": "refund"}
REFUNDS = {"REQUESTED": "refund_requested", "ACCEPTED": "refund_approved"}
"""A return's status → what it says of its money; when it is settled Shopee tells nobody."""
PICKED_UP = ("SHIPPED", "TO_CONFIRM_RECEIVE", "COMPLETED")
"""Statuses with which a pickup that was made is that of the whole order."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the events of one answer; a page of orders names them, and tells nothing of them."""
    telling, told = Telling(delivery, account), read(delivery.body).inside("response")
    seller = telling.seller(account.credential("shop_id"))
    tell = KINDS.get(Ask.read(delivery.asked).what)
    return once(tell(telling, told, seller)) if tell else []


def _orders(telling: Telling, told: Reading, seller: str | None) -> list[Event]:
    return [event for order in told.each("order_list") for event in _order(telling, order, seller)]


def _order(telling: Telling, body: Reading, seller: str | None) -> list[Event]:
    order, whole = telling.order(body.id("order_sn")), {**_whole(body), "seller_id": seller}
    placed = body.instant("create_time")
    updated = body.optional_instant("update_time") or placed
    events = telling.described(order, placed, updated, whole)
    return [*events, *_money(telling, body, order, seller), *_standing(telling, body, order, (updated, seller))]


def _standing(telling: Telling, body: Reading, order: str, moment: tuple[int, str | None]) -> list[Event]:
    """Tells an order's status, with the ids that a push of the same words has."""
    (at, seller), word = moment, body.id("order_status")
    if word == "IN_CANCEL":
        told = {"case_id": order, "by": "buyer", "seller_id": seller}
        return [telling.event("cancellation_requested", (order, word, str(at)), order, at, **told)]
    events = [telling.status(order, at, STATUSES.get(word, "unknown"), word, seller_id=seller)]
    if word == "CANCELLED":
        by, reason = ROLES.get(body.words("cancel_by").lower(), ""), body.words("cancel_reason")
        events.append(
            telling.event("order_cancelled", (order, "api"), order, at, by=by, reason=reason, seller_id=seller)
        )
    if body.get("pickup_done_time") and word in PICKED_UP:
        then = body.instant("pickup_done_time")
        events.append(telling.status(order, then, STATUSES["SHIPPED"], "SHIPPED", seller_id=seller))
    return events


def _whole(body: Reading) -> dict[str, Any]:
    address, currency = body.inside("recipient_address"), body.currency()
    lines = tuple(_line(piece, currency) for piece in body.each("item_list"))
    goods = sum(line.quantity * line.unit_price for line in lines)
    shipping = _amount(body, "estimated_shipping_fee", currency)
    total = _amount(body, "total_amount", currency) or _sale(body, currency) + shipping
    missing = goods + shipping - total
    return {
        "buyer_id": f"shopee:{user}" if (user := body.optional_id("buyer_user_id")) else "",
        "buyer_name": address.words("name") or body.words("buyer_username"),
        "city": address.words("city"),
        "lines": lines,
        "currency": currency,
        "discount": max(missing, 0),
        "shipping_fee": shipping,
        "tax": max(-missing, 0),
        "total": total,
        "cod": body.flag("cod"),
        "market": body.words("region")[:2] or "ID",
    }


def _line(piece: Reading, currency: str) -> Line:
    name = ", ".join(filter(None, (piece.words("item_name"), piece.words("model_name"))))
    return Line(
        sku=_sku(piece) or _number(piece),
        name=name,
        quantity=_count(piece, "model_quantity_purchased"),
        unit_price=_amount(piece, "model_original_price", currency),
    )


def _number(piece: Reading) -> str:
    """Names an article that its seller has given no name: by Shopee's ids."""
    model = piece.optional_id("model_id")
    return f"{piece.id('item_id')}-{model}" if model not in ("", "0") else piece.id("item_id")


def _count(piece: Reading, name: str) -> int:
    value = piece.get(name)
    if type(value) is not int or value < 0:
        raise piece.wrong(name, "is no count")
    return value


def _amount(body: Reading, name: str, currency: str) -> int:
    return body.money(name, currency=currency) if body.words(name) else 0


def _sale(body: Reading, currency: str) -> int:
    """Adds up what the pieces cost now; of a bundle Shopee tells no discounted price but 0."""
    prices = (
        (_amount(piece, "model_discounted_price", currency) or _amount(piece, "model_original_price", currency), piece)
        for piece in body.each("item_list")
    )
    return sum(price * _count(piece, "model_quantity_purchased") for price, piece in prices)


def _money(telling: Telling, body: Reading, order: str, seller: str | None) -> list[Event]:
    """Tells that an order is paid; one that is paid at the door is paid to the carrier."""
    if not body.get("pay_time") or body.flag("cod") or not body.words("total_amount"):
        return []
    at, currency = body.instant("pay_time"), body.currency()
    told = {"payment_id": order, "amount": body.money("total_amount", currency=currency), "currency": currency}
    method = body.words("payment_method")
    return [telling.event("payment_paid", (order,), order, at, method=method, seller_id=seller, **told)]


def _packages(telling: Telling, told: Reading, seller: str | None) -> list[Event]:
    return [event for package in told.each("package_list") for event in _package(telling, package, seller)]


def _package(telling: Telling, package: Reading, seller: str | None) -> list[Event]:
    word, order, name = package.id("fulfillment_status"), package.id("order_sn"), package.id("package_number")
    if word in SILENT:
        return []
    order, number = telling.order(order), package.optional_id("tracking_number")
    at = package.optional_instant("update_time") or telling.received_at
    carrier = carrier_of(telling.account, number) if number else "unknown"
    if carrier == "unknown":
        carrier = carrier_id(package.words("shipping_carrier"))
    told: dict[str, object] = {"package_id": name, "carrier": carrier, "tracking_number": number}
    told["skus"] = tuple(sorted({sku for piece in package.each("item_list") if (sku := _sku(piece))}))
    key = ("package", order, name, carrier, number, str(at))
    arranged = telling.event("shipping_arranged", key, order, at, seller_id=seller, **told)
    return [arranged, telling.status(order, at, PACKAGES.get(word, "unknown"), word, seller_id=seller)]


def _sku(piece: Reading) -> str:
    return piece.optional_id("model_sku") or piece.optional_id("item_sku")


def _returns(telling: Telling, told: Reading, seller: str | None) -> list[Event]:
    return [event for case in told.each("return") for event in _return(telling, case, seller)]


def _return(telling: Telling, case: Reading, seller: str | None) -> list[Event]:
    order, name, word = telling.order(case.id("order_sn")), case.id("return_sn"), case.id("status")
    at, currency = case.optional_instant("update_time", "create_time") or telling.received_at, case.currency()
    if word not in RETURNS:
        return [telling.status(order, at, "unknown", word, seller_id=seller)]
    told = {
        "kind": SOLUTIONS.get(case.words("return_solution"), ""),
        "reason": case.words("text_reason") or case.words("reason"),
        "lines": tuple(_returned(piece, currency) for piece in case.each("item")),
        "case_id": name,
        "seller_id": seller,
    }
    events = [telling.event(RETURNS[word], (order, name, word, "api"), order, at, **told)]
    moved = RETURN_PARCELS.get(case.words("reverse_logistic_status", "logistics_status"))
    if moved:
        events.append(telling.event(moved, (order, name, moved, "api"), order, at, case_id=name, seller_id=seller))
    if word in REFUNDS and case.words("refund_amount"):
        amount = case.money("refund_amount", currency=currency)
        paid = {"refund_id": name, "amount": amount, "currency": currency, "case_id": name}
        events.append(telling.event(REFUNDS[word], (order, name, word), order, at, seller_id=seller, **paid))
    return events


def _returned(piece: Reading, currency: str) -> Line:
    sku = piece.optional_id("variation_sku") or piece.optional_id("item_sku") or _number(piece)
    price = _amount(piece, "item_price", currency)
    return Line(sku=sku, name=piece.words("name"), quantity=_count(piece, "amount"), unit_price=price)


KINDS = {
    "order": _orders,
    "package": _packages,
    "return": _return,
    "returns": _returns,
}
"""What was asked → how the answer is read."""
