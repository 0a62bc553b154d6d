"""What Lazada's answers say: the pieces of an order, each with its money, its status and its parcel.

Lazada has no status of an order but one of each piece: an order is as far as that of its pieces which is farthest
behind, and cancelled when all are. The buyer pays the prices less the vouchers, and shipping; taxes are in the prices.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from pipeline.settings import Account
from pipeline.sources.apis.api import Ask
from pipeline.sources.marketplaces.lazada import STATUSES
from pipeline.sources.reading import END_OF_TIME, Reading, read
from pipeline.sources.telling import ADVANCE, Telling, once
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import carrier_id
from schemas.orders import Line

CANCELLED = "canceled"
INITIATORS = {
    "cancellation-customer": "buyer",
    "cancellation-seller": "seller",
    "cancellation-internal": "system",
    "cancellation-failed Delivery": "system",
}

Pieces = Sequence[Reading]


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the events of one answer; a page of orders names them, and tells nothing of what is in them."""
    if Ask.read(delivery.asked).what != "order":
        return []
    telling, pieces = Telling(delivery, account), list(read(delivery.body).each("data"))
    if not pieces:
        return []
    return once(_order(telling, pieces, telling.seller(account.credential("seller_id"))))


def _order(telling: Telling, pieces: Pieces, seller: str | None) -> list[Event]:
    order, whole = telling.order(pieces[0].id("order_id")), {**_whole(pieces), "seller_id": seller}
    placed = min(piece.instant("created_at") for piece in pieces)
    updated = max(piece.optional_instant("updated_at") or placed for piece in pieces)
    events = telling.described(order, placed, updated, whole)
    events += _standing(telling, pieces, order, (updated, seller))
    return [*events, *_money(telling, pieces, order, whole), *_arranged(telling, pieces, order, seller)]


def _whole(pieces: Pieces) -> dict[str, Any]:
    currency, buyer = pieces[0].currency(), pieces[0].optional_id("buyer_id")
    lines = Counter((_sku(piece), piece.words("name"), _amount(piece, "item_price", currency)) for piece in pieces)
    goods, discount, shipping = (
        sum(_amount(piece, name, currency) for piece in pieces)
        for name in ("item_price", "voucher_amount", "shipping_amount")
    )
    return {
        "buyer_id": f"lazada:{buyer}" if buyer else "",
        "lines": tuple(
            Line(sku=sku, name=name, quantity=n, unit_price=price) for (sku, name, price), n in lines.items()
        ),
        "currency": currency,
        "discount": discount,
        "shipping_fee": shipping,
        "total": goods - discount + shipping,
    }


def _sku(piece: Reading) -> str:
    return piece.optional_id("sku") or piece.id("shop_sku", "sku_id")


def _amount(piece: Reading, name: str, currency: str) -> int:
    return piece.money(name, currency=currency) if piece.words(name) else 0


def _standing(telling: Telling, pieces: Pieces, order: str, moment: tuple[int, str | None]) -> list[Event]:
    at, seller = moment
    words = [piece.id("status") for piece in pieces]
    live = [word for word in words if word.lower() != CANCELLED]
    word = min(live, key=lambda word: ADVANCE[STATUSES.get(word.lower(), "unknown")]) if live else words[0]
    events = [telling.status(order, at, STATUSES.get(word.lower(), "unknown"), word, seller_id=seller)]
    if not live:
        by = INITIATORS.get(pieces[0].words("cancel_return_initiator"), "")
        told = {"by": by, "reason": pieces[0].words("reason", "reason_detail"), "seller_id": seller}
        events.append(telling.event("order_cancelled", (order, "api"), order, at, **told))
    return events


def _money(telling: Telling, pieces: Pieces, order: str, whole: dict[str, Any]) -> list[Event]:
    """Tells that an order is paid, once each piece says when; one that is paid at the door says no time."""
    times = [_paid_at(piece) for piece in pieces]
    if not all(times):
        return []
    told = {"payment_id": order, "amount": whole["total"], "currency": whole["currency"]}
    return [telling.event("payment_paid", (order,), order, max(times), seller_id=whole["seller_id"], **told)]


def _paid_at(piece: Reading) -> int:
    """Reads milliseconds, which are a number or, as in Lazada's own sample, a text; 0 = not paid."""
    told = piece.words("payment_time")
    if told and not (told.isdecimal() and int(told) < END_OF_TIME):
        raise piece.wrong("payment_time", "is no time")
    return int(told or 0)


def _arranged(telling: Telling, pieces: Pieces, order: str, seller: str | None) -> list[Event]:
    """Tells of each parcel that has a number of Lazada's; the carrier's own may follow later."""
    parcels: defaultdict[tuple[str, str, str], list[Reading]] = defaultdict(list)
    for piece in pieces:
        if package := piece.optional_id("package_id"):
            carrier, number = carrier_id(piece.words("shipment_provider")), piece.optional_id("tracking_code")
            parcels[package, carrier, number].append(piece)
    events = []
    for (package, carrier, number), held in parcels.items():
        at = max(piece.optional_instant("updated_at", "created_at") or telling.received_at for piece in held)
        told: dict[str, object] = {"package_id": package, "carrier": carrier, "tracking_number": number}
        told |= {"service": held[0].words("shipping_provider_type"), "skus": tuple(sorted(set(map(_sku, held))))}
        key = ("package", order, package, carrier, number, str(at))
        events.append(telling.event("shipping_arranged", key, order, at, seller_id=seller, **told))
    return events
