"""Money is an integer of minor units and an ISO 4217 currency; this file alone knows the exponents."""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

EXPONENTS = {
    "IDR": 0,  # ISO 4217 says 2, but every Indonesian sender counts in whole rupiah
    "VND": 0,
    "JPY": 0,
    "KRW": 0,
}
"""How many decimals a currency has here; all others have two."""


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
        message = f"{amount!r} is no amount of {currency}"
        raise ValueError(message) from error


def major_units(minor: int, currency: str) -> Decimal:
    """Turns minor units back into the amount that people read."""
    return Decimal(minor).scaleb(-exponent(currency))
