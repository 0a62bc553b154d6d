"""What TikTok Shop's answers say: orders with their money and articles, packages, and returns."""

from collections import Counter
from typing import Any

from pipeline.settings import Account
from pipeline.sources.apis.api import Ask
from pipeline.sources.marketplaces.tiktok_shop import OUTCOMES, RETURNS, ROLES, STATUSES
from pipeline.sources.reading import Reading, read
from pipeline.sources.telling import Parcel, Telling, once
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id
from schemas.orders import Line

FEES = (
    "tax",
    "retail_delivery_fee",
    "small_order_fee",
    "buyer_service_fee",
    "handling_fee",
    "shipping_insurance_fee",
    "item_insurance_fee",
    "item_insurance_tax",
)
"""What the buyer pays besides goods and shipping; an order of ours has one place for it, its tax."""

PACKAGES = {
    "PROCESSING": "label_created",
    "FULFILLING": "picked_up",
    "COMPLETED": "delivered",
    "CANCELLED": "cancelled",
}
"""A package's status → milestone. TO_FULFILL and an empty one are of packages that nobody has arranged yet."""

REFUNDS = {
    "RETURN_OR_REFUND_REQUEST_PENDING": "refund_requested",
    "RETURN_OR_REFUND_REQUEST_SUCCESS": "refund_approved",
    "RETURN_OR_REFUND_REQUEST_COMPLETE": "refund_settled",
    "REPLACEMENT_REQUEST_REFUND_SUCCESS": "refund_approved",
}
"""A return's status → what it says of its money."""

REACHED = {
    "collection_time": ("IN_TRANSIT", ("IN_TRANSIT", "DELIVERED", "COMPLETED")),
    "delivery_time": ("DELIVERED", ("DELIVERED", "COMPLETED")),
}
"""Times of an order → the status that it got then, and those with which it has been there."""


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the events of one answer."""
    telling, data = Telling(delivery, account), read(delivery.body).inside("data")
    shop = telling.seller(account.credential("shop_id"))
    tell = KINDS.get(Ask.read(delivery.asked).what)
    return once(tell(telling, data, shop)) if tell else []


def _orders(telling: Telling, data: Reading, seller: str | None) -> list[Event]:
    return [event for order in data.each("orders") for event in _order(telling, order, seller)]


def _order(telling: Telling, body: Reading, seller: str | None) -> list[Event]:
    order, whole = telling.order(body.id("id")), {**_whole(body), "seller_id": seller}
    placed = body.instant("create_time")
    updated = body.optional_instant("update_time") or placed
    events = telling.described(order, placed, updated, whole)
    word = body.id("status")
    status = STATUSES.get(word, "unknown")  # `is_on_hold_order` says no more than that it once was, or will be
    events.append(telling.status(order, updated, status, word, seller_id=seller))
    events += _money(telling, body, order, seller)
    if status == "cancelled":
        told = {"by": ROLES.get(body.words("cancellation_initiator"), ""), "reason": body.words("cancel_reason")}
        at = body.optional_instant("cancel_time") or updated
        events.append(telling.event("order_cancelled", (order, "api"), order, at, seller_id=seller, **told))
    for name, (reached, since) in REACHED.items():
        if word in since and (then := body.optional_instant(name)):
            events.append(telling.status(order, then, STATUSES[reached], reached, seller_id=seller))
    return [*events, *_arranged(telling, body, order, seller)]


def _whole(body: Reading) -> dict[str, Any]:
    paid, address = body.inside("payment"), body.inside("recipient_address")
    currency = paid.currency()

    def money(name: str) -> int:
        return paid.money(name, currency=currency) if paid.words(name) else 0

    places = [place for place in address.each("district_info") if place.words("address_level_name") == "City"]
    return {
        "buyer_id": f"tiktok_shop:{user}" if (user := body.optional_id("user_id")) else "",
        "buyer_name": address.words("name"),
        "city": address.words("post_town") or next((place.words("address_name") for place in places), ""),
        "lines": _lines(body, "line_items", currency),
        "currency": currency,
        "discount": money("seller_discount") + money("platform_discount"),
        "shipping_fee": money("shipping_fee"),
        "tax": sum(map(money, FEES)),
        "total": money("total_amount"),
        "cod": body.flag("is_cod"),
        "market": address.words("region_code")[:2] or "ID",
        "channel": body.words("commerce_platform").lower(),
    }


def _lines(body: Reading, name: str, currency: str) -> tuple[Line, ...]:
    """Adds up the pieces, which TikTok lists one by one."""
    pieces = Counter(
        (
            piece.id("seller_sku", "sku_id"),
            piece.words("product_name") or piece.words("sku_name"),
            piece.money("original_price", currency=currency) if piece.words("original_price") else 0,
        )
        for piece in body.each(name)
    )
    return tuple(Line(sku=sku, name=words, quantity=n, unit_price=price) for (sku, words, price), n in pieces.items())


def _money(telling: Telling, body: Reading, order: str, seller: str | None) -> list[Event]:
    """Tells that an order is paid; one that is paid at the door is paid to the carrier, and says no time."""
    at, paid = body.optional_instant("paid_time"), body.inside("payment")
    if not at or body.flag("is_cod"):
        return []
    currency = paid.currency()
    told = {"payment_id": order, "amount": paid.money("total_amount", currency=currency), "currency": currency}
    method = body.words("payment_method_name")
    return [telling.event("payment_paid", (order,), order, at, method=method, seller_id=seller, **told)]


def _arranged(telling: Telling, body: Reading, order: str, seller: str | None) -> list[Event]:
    """Tells of each parcel that the seller has arranged; the number may follow later, as another one."""
    skus: dict[tuple[str, str, str, int], list[str]] = {}
    for piece in body.each("line_items"):
        arranged, package = piece.optional_instant("rts_time"), piece.optional_id("package_id")
        if arranged and package:
            carrier = carrier_id(piece.words("shipping_provider_name"))
            key = (package, carrier, piece.optional_id("tracking_number"), arranged)
            skus.setdefault(key, []).append(piece.id("seller_sku", "sku_id"))
    return [
        telling.event(
            "shipping_arranged",
            (order, package, carrier, number),
            order,
            at,
            package_id=package,
            carrier=carrier,
            tracking_number=number,
            skus=tuple(sorted(set(held))),
            seller_id=seller,
        )
        for (package, carrier, number, at), held in skus.items()
    ]


def _package(telling: Telling, data: Reading, seller: str | None) -> list[Event]:
    package, word = data.id("package_id"), data.words("package_status")
    if word in ("", "TO_FULFILL"):
        return []
    at = data.optional_instant("update_time", "create_time") or telling.received_at
    carrier, number = carrier_id(data.words("shipping_provider_name")), data.optional_id("tracking_number")
    told: dict[str, object] = {"carrier": carrier, "tracking_number": number}
    told |= {"package_id": package, "seller_id": seller}
    told |= {"insured": data.inside("insurance").flag("is_purchased"), "service": data.words("delivery_option_name")}
    told["method"] = data.words("handover_method").lower()
    events: list[Event] = []
    for held in data.each("orders"):
        order = telling.order(held.id("id"))
        key = ("package", order, package, carrier, number, str(at))
        events.append(telling.event("shipping_arranged", key, order, at, **told))
        if number:
            parcel = Parcel(carrier, number, order)
            milestone = PACKAGES.get(word, "unknown")
            events.append(telling.scanned(parcel, at, milestone, stamp=str(at), code=word, seller_id=seller))
    return events


def _returns(telling: Telling, data: Reading, seller: str | None) -> list[Event]:
    return [event for case in data.each("return_orders") for event in _return(telling, case, seller)]


def _return(telling: Telling, case: Reading, seller: str | None) -> list[Event]:
    order, name, word = telling.order(case.id("order_id")), case.id("return_id"), case.id("return_status")
    at = case.optional_instant("update_time", "create_time") or telling.received_at
    plain = word.replace("__", "_")
    if plain not in RETURNS:
        return [telling.status(order, at, "unknown", word, seller_id=seller)]
    money = case.inside("refund_amount")
    currency = money.currency()
    told = {
        "by": ROLES.get(case.words("role"), ""),
        "kind": case.words("return_type").lower(),
        "reason": case.words("return_reason_text", "return_reason"),
        "outcome": OUTCOMES.get(plain, ""),
        "lines": _lines(case, "return_line_items", currency),
    }
    key = (order, name, plain, "api")
    events = [telling.event(RETURNS[plain], key, order, at, case_id=name, seller_id=seller, **told)]
    if plain in REFUNDS and money.words("refund_total"):
        amount = money.money("refund_total", currency=currency)
        paid = {"refund_id": name, "amount": amount, "currency": currency, "case_id": name}
        events.append(telling.event(REFUNDS[plain], (order, name, plain), order, at, seller_id=seller, **paid))
    return events


KINDS = {"order": _orders, "orders": _orders, "package": _package, "return": _returns, "returns": _returns}
"""What was asked → how the answer is read."""
