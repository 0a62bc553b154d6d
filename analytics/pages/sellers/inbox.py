"""The lines of the seller's inbox."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from analytics.pages import orders
from analytics.pages.words import Language, carriers
from analytics.pages.words.names import REASON_WORDS
from analytics.pages.words.promises import PROMISE_WORDS

OF_MONEY = (
    "order_created",
    "payment_received",
    "refund_requested",
    "refund_approved",
    "refund_settled",
    "charged_back",
)
"""Notices that say how much."""


def notice(row: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Gives a line of the inbox; what is known of its matter is said after it."""
    told = " · ".join(part for part in _told(row["kind"], json.loads(row["told"]), language) if part)
    return {
        **row,
        "told": told,
        "address": orders.address(row["order_id"]) if row["order_id"] else "",
        "native": orders.native(row["order_id"]),
    }


def _told(kind: str, values: dict[str, str], language: Language) -> Iterator[str]:
    promise = PROMISE_WORDS.get(values.get("promise", ""))
    if promise:
        due = int(values["due"])
        yield language.text(promise)
        yield language.text("by %(when)s", when=f"{language.day(due)} {language.clock(due)}")
    yield values.get("item", "")
    if kind in OF_MONEY and values.get("amount"):
        yield language.money(int(values["amount"]), values.get("currency", "IDR"))
    if values.get("carrier"):
        yield carriers.carrier_name(values["carrier"])
    yield values.get("tracking_number", "")
    reason = values.get("reason", "")
    yield language.text(REASON_WORDS[reason]) if reason in REASON_WORDS else reason
    if values.get("stars"):
        yield f"★ {values['stars']}"
