"""MESSAGES: what buyers are told in a shop's name: the rows of `messages.toml`. Who brings it to them is not ours."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple

from schemas.money import exponent, major_units
from schemas.notices import Notice
from schemas.times import from_datetime

FILE = Path(__file__).with_name("messages.toml")

LANGUAGES = ("en", "id")


class Template(NamedTuple):
    """One row: how a kind of notice is said, in each language, since when, and what must be known for it."""

    kind: str
    since: int
    texts: Mapping[str, str]
    needs: frozenset[str]


def _template(row: Mapping[str, Any]) -> Template:
    texts = {language: str(row[language]) for language in LANGUAGES}
    needs = {name for text in texts.values() for _, name, _, _ in Formatter().parse(text) if name}
    since = from_datetime(datetime.combine(row["since"], time(), UTC))
    return Template(row["kind"], since, texts, frozenset(needs))


MESSAGES = tuple(_template(row) for row in tomllib.loads(FILE.read_text(encoding="utf-8"))["message"])

KINDS = tuple(dict.fromkeys(template.kind for template in MESSAGES))
"""Kinds of notices to buyers that can leave as messages."""


def texts_of(notice: Notice) -> dict[str, str]:
    """Gives what a buyer is told by a notice, in each language; nothing where no row says it."""
    known = {"order": notice.order_id.partition(":")[2], **notice.values}
    rows = [row for row in MESSAGES if row.kind == notice.kind and row.since <= notice.occurred_at]
    said = [row for row in rows if all(known.get(name) for name in row.needs)]
    if not said:
        return {}
    row = max(said, key=lambda row: (row.since, len(row.needs)))
    return {language: text.format_map(_filled(known, language)) for language, text in row.texts.items()}


def _filled(known: Mapping[str, str], language: str) -> dict[str, str]:
    amount = known.get("amount", "")
    currency = known.get("currency", "IDR")
    return {**known, "amount": _money(int(amount), currency, language) if amount else ""}


def _money(minor: int, currency: str, language: str) -> str:
    """Says an amount as the language writes numbers: `Rp184.000`, `SGD 12.50`."""
    said = f"{major_units(minor, currency):,.{exponent(currency)}f}"
    if language == "id":
        said = said.translate(str.maketrans(",.", ".,"))
    return f"Rp{said}" if currency == "IDR" else f"{currency} {said}"
