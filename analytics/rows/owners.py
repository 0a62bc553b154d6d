"""Owners: whose a record is, told from its key or from the one field that says it, before it is read whole."""

import msgspec
from msgspec import Struct

from pipeline.streams.agent import Record


class _Details(Struct):
    buyer_id: str = ""


class _Order(Struct):
    """What tells whose an order is."""

    seller: tuple[int, int, str, str] = (-1, 0, "", "")
    details: _Details | None = None


class _Of(Struct):
    seller_id: str = ""


_order = msgspec.json.Decoder(_Order).decode
_of = msgspec.json.Decoder(_Of).decode


def of_snapshot(record: Record) -> tuple[str, ...]:
    """Gives an order's seller, who is "" while nobody named one, and its buyer, if somebody did."""
    order = _order(record.value or b"")
    seller = order.seller[3]
    return (seller, order.details.buyer_id) if order.details and order.details.buyer_id else (seller,)


def of_seller(record: Record) -> tuple[str, ...]:
    """Gives the seller that a record names."""
    return (_of(record.value or b"").seller_id,)


def of_audience(record: Record) -> tuple[str, ...]:
    """Gives who is told a notice: its key is `seller:…` or `buyer:…`."""
    return ((record.key or b"").decode().partition(":")[2],)
