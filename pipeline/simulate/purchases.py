"""A purchase: everything about one order that is fixed the moment it is placed."""

from random import Random
from typing import NamedTuple

from pipeline.simulate import world
from pipeline.simulate.shops import CARRIERS, PAYMENTS, Shop
from schemas import times
from schemas.ids import order_id

COURIERS = ("jne", "sicepat", "anteraja")
"""The carriers that Biteship speaks for."""

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Parcel(NamedTuple):
    """A package: who tells of it (`teller`), who carries it, its number."""

    package_id: str
    teller: str
    carrier: str
    number: str
    skus: tuple[str, ...]


class Purchase(NamedTuple):
    """One order as it was bought; whole rupiah."""

    shop: Shop
    place: str
    native: str
    placed_at: int
    buyer_id: str
    buyer_name: str
    city: world.City
    lines: tuple[tuple[world.Item, int], ...]
    discount: int
    shipping_fee: int
    cod: bool
    payer: str
    parcels: tuple[Parcel, ...]

    @property
    def order_id(self) -> str:
        """Our name of the order, which a seller's own system uses for orders of marketplaces too."""
        return order_id(self.shop.accounts[self.place].namespace, self.native)

    @property
    def total(self) -> int:
        """What the buyer owes."""
        return sum(item.price * quantity for item, quantity in self.lines) - self.discount + self.shipping_fee


def buy(dice: Random, shop: Shop, place: str, placed_at: int, *, split: bool, live: bool) -> Purchase:  # noqa: PLR0913  # each is a decision
    """Decides all that a purchase fixes.

    Biteship's webhooks carry no time, so its parcels are only `live` ones: those whose story happens as it is told.
    """
    lines = tuple((item, dice.choice((1, 1, 1, 2, 3))) for item in dice.sample(shop.catalogue, dice.choice((1, 1, 2))))
    goods = sum(item.price * quantity for item, quantity in lines)
    cod = dice.random() < 0.22  # noqa: PLR2004  # about a fifth of Indonesian orders are paid at the door
    tellers = [teller for teller in shop.has(*CARRIERS) if live or teller != "biteship"]
    payers = shop.has(*PAYMENTS) if place == "standard_webhooks" else ()
    name = world.buyer(dice)
    return Purchase(
        shop=shop,
        place=place,
        native=_native(dice, shop, place, placed_at),
        placed_at=placed_at,
        buyer_id=name.lower().replace(" ", "-"),
        buyer_name=name,
        city=world.city(dice),
        lines=lines,
        discount=dice.choice((0, 0, 0, goods // 20, goods // 10)) // 100 * 100,
        shipping_fee=dice.choice((0, 9_000, 12_000, 18_000, 27_000)),
        cod=cod,
        payer=dice.choice(payers) if payers and not cod else "",
        parcels=tuple(_parcels(dice, tellers, [item.sku for item, _ in lines], split=split)),
    )


def _native(dice: Random, shop: Shop, place: str, placed_at: int) -> str:
    day = times.to_datetime(placed_at, times.WIB)
    match place:
        case "tiktok_shop":
            return f"57{dice.randrange(10**16):016d}"
        case "shopee":
            return f"{day:%y%m%d}{_word(dice, 8)}"
        case _:
            return f"{shop.seller[:4].upper()}-{day:%y%m%d}-{_word(dice, 6)}"


def _parcels(dice: Random, tellers: list[str], skus: list[str], *, split: bool) -> list[Parcel]:
    shares = [skus] if not split else [skus[:1], skus[1:] or skus[:1]]
    return [_parcel(dice, dice.choice(tellers) if tellers else "", tuple(share)) for share in shares]


def _parcel(dice: Random, teller: str, skus: tuple[str, ...]) -> Parcel:
    number = f"{dice.randrange(10**12):012d}"
    match teller:
        case "ninjavan":
            carrier, number = "ninjavan", f"NVID{number}"
        case "biteship":
            carrier = dice.choice(COURIERS)
            number = f"{carrier[:3].upper()}{number}"
        case "easypost":
            carrier = "FedEx"
        case "aftership":
            carrier, number = "jnt", f"JP{number}"
        case _:
            carrier, number = "spx", f"SPXID{number}"
    return Parcel(f"PKG{dice.randrange(10**10):010d}", teller, carrier, number, skus)


def _word(dice: Random, length: int) -> str:
    return "".join(dice.choices(_LETTERS, k=length))
