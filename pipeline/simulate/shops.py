"""The simulated shops: what the settings' accounts allow. No account, no webhook."""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.settings import Account
from pipeline.simulate.world import CATALOGUES, Item
from schemas.ids import digest

MARKETPLACES = ("tiktok_shop", "shopee", "standard_webhooks")
"""Where a shop sells: marketplaces, and a site of its own whose system speaks Standard Webhooks."""

CARRIERS = ("ninjavan", "aftership", "easypost", "biteship")
PAYMENTS = ("midtrans", "xendit")


class Shop(NamedTuple):
    """A seller and the accounts through which the outside world talks about it."""

    seller: str
    catalogue: tuple[Item, ...]
    accounts: dict[str, Account]

    def has(self, *sources: str) -> tuple[str, ...]:
        """Tells which of these senders know this shop."""
        return tuple(source for source in sources if source in self.accounts)

    def number(self, source: str) -> str:
        """Gives the digits by which a marketplace names this shop."""
        return digits("shop", source, self.accounts[source].name, length=9)


def digits(*parts: str, length: int) -> str:
    """Gives a stable number of that many digits that does not begin with 0."""
    high, low = 10**length, 10 ** (length - 1)
    return str(low + int.from_bytes(digest(*parts).encode(), "big") % (high - low))


def shops(accounts: Sequence[Account]) -> tuple[Shop, ...]:
    """Groups the accounts by seller; a seller without a place to sell is no shop."""
    sellers: dict[str, dict[str, Account]] = {}
    for account in accounts:
        sellers.setdefault(account.seller or account.name, {}).setdefault(account.source, account)
    known = {seller: held for seller, held in sellers.items() if any(place in held for place in MARKETPLACES)}
    return tuple(
        Shop(seller, CATALOGUES[place % len(CATALOGUES)], known[seller]) for place, seller in enumerate(sorted(known))
    )
