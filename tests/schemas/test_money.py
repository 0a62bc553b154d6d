"""Money: integers of minor units, exponents in one place."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.money import EXPONENTS, major_units, minor_units, typed


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("154600.00", "IDR", 154_600),
        (50_000, "IDR", 50_000),
        ("12.34", "MYR", 1_234),
        (0.1 + 0.2, "USD", 30),
        ("5000", "IDR", 5_000),
    ],
)
def test_amounts_as_senders_write_them(amount, currency, minor):
    """Midtrans writes a text with two decimals, Xendit a number; both mean whole rupiah."""
    assert minor_units(amount, currency) == minor


@pytest.mark.parametrize("amount", ["", "abc", "NaN", "Infinity", "1,000"])
def test_what_is_no_amount_is_an_error(amount):
    """A wrong amount is never counted as zero."""
    with pytest.raises(ValueError, match="no amount of IDR"):
        minor_units(amount, "IDR")


@given(st.integers(-(10**15), 10**15), st.sampled_from([*EXPONENTS, "MYR", "USD"]))
def test_major_and_minor_units_are_inverse(minor, currency):
    """No rupiah and no cent is lost on the way to a page and back."""
    major = major_units(minor, currency)
    assert isinstance(major, Decimal)
    assert minor_units(major, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1500000", "IDR", 1_500_000),
        ("1.500.000", "IDR", 1_500_000),
        ("1,500,000", "IDR", 1_500_000),
        ("15.000,00", "IDR", 15_000),
        ("12", "MYR", 1_200),
        ("12.5", "MYR", 1_250),
        ("1.250,50", "MYR", 125_050),
        ("1,250.50", "MYR", 125_050),
    ],
)
def test_amounts_as_people_write_them(text, currency, minor):
    """Indonesians with dots and a comma, others the other way round; nobody writes sen without saying so."""
    assert typed(text, currency) == minor


@pytest.mark.parametrize("text", ["", "Rp5000", "15.000,50", "1.500,000", "15.000.00", "1.50.000", "5000,001"])
def test_an_amount_that_can_be_read_in_two_ways_is_none(text):
    """Money goes back on the word of it."""
    with pytest.raises(ValueError, match="no amount of IDR"):
        typed(text, "IDR")
