"""What buyers are told in a shop's name: in both languages, by the row that holds and says most."""

import pytest

from schemas.messages import KINDS, LANGUAGES, MESSAGES, texts_of
from schemas.notices import NOTICES, Notice
from schemas.times import DAY, parse

AT = parse("2026-11-30")
EVERYTHING = {"item": "Kopi", "amount": "184000", "currency": "IDR", "tracking_number": "JX1", "reason": "no"}


def told(kind: str, at: int = AT, **values: str) -> dict[str, str]:
    return texts_of(Notice("n", "buyer:siti", kind, "kios:77", at, "e", values))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_one_that_buyers_hear_and_is_said_in_both_languages(kind):
    """With all that is known of it, it says which order it is about and leaves nothing unfilled."""
    assert NOTICES[kind].to_buyer
    texts = told(kind, **EVERYTHING)
    assert set(texts) == set(LANGUAGES)
    assert texts["id"] != texts["en"]
    assert all("77" in text and not {"{", "}"} & set(text) for text in texts.values())


def test_the_row_that_says_most_of_what_is_known_is_taken():
    """With a tracking number it is in the text; without one the text has no hole."""
    assert told("shipped", tracking_number="JX1")["en"].endswith("Tracking number: JX1.")
    assert told("shipped", carrier="jnt")["en"] == "Your order 77 is on its way."


def test_money_is_said_as_its_readers_write_it():
    """In each language's own way, with the currency's decimals."""
    assert "Rp184.000 " in told("refund_settled", amount="184000", currency="IDR")["id"]
    assert "SGD 1,234.50 " in told("refund_settled", amount="123450", currency="SGD")["en"]
    assert "SGD 1.234,50 " in told("refund_settled", amount="123450", currency="SGD")["id"]


def test_what_no_row_says_is_not_said():
    """Of no kind, of a time before the first row, and where the one thing is missing that it is about."""
    assert told("low_stock") == {}
    assert told("shipped", min(row.since for row in MESSAGES) - DAY) == {}
    assert told("refund_settled") == {}


def test_a_carriers_word_is_no_template():
    """What comes from outside is filled in as it is."""
    assert "{order} {x}" in told("shipped", tracking_number="{order} {x}")["en"]
