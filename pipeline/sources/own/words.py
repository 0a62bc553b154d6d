"""Our own words: what a seller's system tells is an event of ours, with its fields as they are written here.

Money is a whole number of minor units, or text as people read it ("19.99"). An order id may carry its namespace
(`tiktok_shop:576461413038785752`), where the account's `orders` allows it; a buyer's id is one of the same namespace.
"""

import dataclasses
import difflib
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipeline.sources.reading import Reading
from pipeline.sources.source import Untranslatable
from pipeline.sources.telling import PROGRESS, Telling
from schemas.events import Event
from schemas.ids import carrier_id, digest
from schemas.registry import EVENTS, OF_ORDERS

ENVELOPE = {field.name for field in dataclasses.fields(Event)} - {"order_id"}
"""What we say of an event ourselves: the sender does not."""

MONEY = ("amount", "discount", "shipping_fee", "tax", "total", "unit_price")
WHOLE = (*MONEY, "quantity", "stars", "low_at")
MOST = 10**15

SCHEMAS = {kind: TypeAdapter(entry.shape) for kind, entry in EVENTS.items()}
FIELDS = {kind: {f.name for f in dataclasses.fields(entry.shape)} - ENVELOPE for kind, entry in EVENTS.items()}
for _stock in EVENTS.keys() - set(OF_ORDERS):
    FIELDS[_stock].remove("order_id")

TABLES = {"type": {kind: entry.topic for kind, entry in EVENTS.items()}}


def kind_of(word: str) -> str:
    """Gives the type of event of ours that is written so, with dots or underscores. Raises Untranslatable if none."""
    kind = word.replace(".", "_")
    if kind not in EVENTS:
        raise Untranslatable("unknown_type", f"no event type {word!r}{_nearest(kind, EVENTS)}")
    return kind


def tell(telling: Telling, kind: str, data: Reading, at: int, message: tuple[str, ...]) -> Event:
    """Gives the event that these fields tell; `message` names it among all of its account. Raises Untranslatable."""
    for name in data.value.keys() - FIELDS[kind]:
        raise data.wrong(name, f"is no field of {kind}{_nearest(name, FIELDS[kind])}")
    told = _with_minor_units(data, data.currency())
    if "carrier" in told:
        told["carrier"] = carrier_id(data.words("carrier"))
    if kind == "package_scanned":
        told |= {"rank": PROGRESS.get(data.words("milestone"), 0), "proof": data.link("proof")}
    if "sku" in FIELDS[kind]:
        told["sku"] = data.id("sku")
    order = _order(telling, data, optional=kind == "package_scanned") if kind in OF_ORDERS else ""
    if told.get("buyer_id"):
        told["buyer_id"] = _buyer(order, data)
    key = (telling.account.name, *message)
    told = {**telling.envelope(kind, key, order, at), **told, "order_id": order}
    try:
        return SCHEMAS[kind].validate_python(told)
    except ValidationError as error:
        first = error.errors()[0]
        raise data.wrong(".".join(map(str, first["loc"])), f"does not fit {kind}: {first['msg']}") from error


def _order(telling: Telling, data: Reading, *, optional: bool) -> str:
    native = data.optional_id("order_id") if optional else data.id("order_id")
    namespace, colon, _ = native.partition(":")
    if colon and namespace not in telling.account.namespaces:
        raise Untranslatable(
            "foreign_order",
            f"data.order_id names an order of {namespace!r}; this account may name those of "
            f"{' and '.join(telling.account.namespaces)} (its `orders` in arus.toml says so)",
        )
    return telling.order(native) if native else ""


def _buyer(order: str, data: Reading) -> str:
    """Names the buyer within the namespace of the order: shops that number their customers alike stay apart."""
    native, namespace = data.id("buyer_id"), order.partition(":")[0]
    return native if native.startswith(f"{namespace}:") else f"{namespace}:{native}"


def _with_minor_units(data: Reading, currency: str) -> dict[str, Any]:
    """Gives the fields with money as whole minor units, also that of lines. Null counts as left out."""
    told = {name: value for name, value in data.value.items() if value is not None}
    for name in told.keys() & set(WHOLE):
        told[name] = _number(data, name, told[name], currency)
    if "lines" in told:
        told["lines"] = [_with_minor_units(line, currency) for line in data.each("lines")]
    if "next_expected_at" in told:
        told["next_expected_at"] = data.optional_instant("next_expected_at")
    return told


def _number(data: Reading, name: str, value: object, currency: str) -> int:
    if name in MONEY and isinstance(value, str):
        return data.money(name, currency=currency)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        raise data.wrong(name, "must be a whole number" + (', or text such as "19.99"' if name in MONEY else ""))
    return value


def _nearest(word: str, known: Any) -> str:  # noqa: ANN401  # any collection of words
    near = difflib.get_close_matches(word, known, 1, cutoff=0.75)
    return f"; did you mean {near[0]}?" if near else ""


def message_id(name: str) -> str:
    """Gives a sender's id of a message where it may stand in a key, else a digest of it."""
    return name if len(name) <= 100 and name.isascii() and name.isprintable() and name else digest(name)  # noqa: PLR2004
