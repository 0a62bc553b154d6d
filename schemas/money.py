"""Money is an integer of minor units and an ISO 4217 currency; this file alone knows the exponents."""

import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

EXPONENTS = {
    "IDR": 0,  # ISO 4217 says 2, but every Indonesian sender counts in whole rupiah
    "VND": 0,
    "JPY": 0,
    "KRW": 0,
}
"""How many decimals a currency has here; all others have two."""


TYPED = re.compile(r"(\d+|\d{1,3}(?:\.\d{3})+|\d{1,3}(?:,\d{3})+)(?:([.,])(\d{1,2}))?")
"""Thousands with dots or commas or neither, and up to two decimals behind the other one."""


def exponent(currency: str) -> int:
    """Tells how many decimals a currency has."""
    return EXPONENTS.get(currency, 2)


def minor_units(amount: str | float | Decimal, currency: str) -> int:
    """Turns a sender's amount (`"154600.00"`, `50000`) into minor units of its currency.

    Raises ValueError when the amount is no finite number.
    """
    try:
        exact = Decimal(str(amount)).scaleb(exponent(currency))
        return int(exact.to_integral_value(ROUND_HALF_EVEN))
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise _no_amount(amount, currency) from error


def typed(text: str, currency: str) -> int:
    """Turns an amount as people write it (`1.500.000`, `15.000,00`, `12.50`) into minor units.

    Raises ValueError when it can be read in two ways or in none, or has more decimals than its currency.
    """
    if not (found := TYPED.fullmatch(text)) or (found[2] or " ") in found[1]:
        raise _no_amount(text, currency)
    exact = Decimal(f"{re.sub('[.,]', '', found[1])}.{found[3] or 0}").scaleb(exponent(currency))
    if exact != int(exact):
        raise _no_amount(text, currency)
    return int(exact)


def _no_amount(amount: object, currency: str) -> ValueError:
    return ValueError(f"{amount!r} is no amount of {currency}")


def major_units(minor: int, currency: str) -> Decimal:
    """Turns minor units back into the amount that people read."""
    return Decimal(minor).scaleb(-exponent(currency))
