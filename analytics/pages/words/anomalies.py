"""What a contradiction is about, in the reader's words: rules write it in English, amounts as bare numbers."""

import re
from collections.abc import Mapping
from typing import Any

from analytics.pages.words.language import Language
from analytics.pages.words.names import mark

DETAILS: dict[str, tuple[re.Pattern[str], str]] = {
    "paid_wrong_amount": (re.compile(r"(?P<paid>\d+) of (?P<due>\d+) (?P<currency>\w+)"), mark("%(paid)s of %(due)s")),
    "refund_exceeds_payment": (
        re.compile(r"(?P<back>\d+) back, (?P<paid>\d+) paid (?P<currency>\w+)"),
        mark("%(back)s back, %(paid)s paid"),
    ),
    "oversold": (re.compile(r"(?P<sku>.+): (?P<n>-?\d+) available"), mark("%(sku)s: %(n)s available")),
}
"""Kind → what its rule writes, and how that is said. What any other kind writes is the senders' own words."""


def detail(say: Language, anomaly: Mapping[str, Any]) -> str:
    """Says what an anomaly is about; as it was written where that is of another form."""
    form, text = DETAILS.get(anomaly["kind"], (None, ""))
    found = form and form.fullmatch(anomaly["detail"])
    if not found:
        return str(anomaly["detail"])
    told = found.groupdict()
    currency = told.pop("currency", "")
    said = {name: _said(say, value, currency) for name, value in told.items()}
    return say.text(text, **said)


def _said(say: Language, value: str, currency: str) -> str:
    if not value.removeprefix("-").isdigit():
        return value
    return say.money(int(value), currency) if currency else say.number(int(value))
