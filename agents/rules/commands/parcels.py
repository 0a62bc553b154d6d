"""Judgements about parcels."""

from collections.abc import Sequence

from agents.rules.commands.saying import Refused, Told, marked_at
from agents.rules.parcels import PICKED_UP, proof_of
from schemas.commands import Command
from schemas.facts import Order, Package
from schemas.ids import carrier_id, tracking_key
from schemas.payloads import Shipping


def arrange(order: Order, _: Command, asked: Shipping) -> Sequence[Told]:
    """A parcel gets a carrier and a number. One that has them gets others only when that is said, and only in time."""
    carrier, number = carrier_id(asked.carrier), asked.tracking_number.strip().upper()
    key = tracking_key(carrier, number) if number else f"#{asked.package_id}"
    for known, package in order.packages.items():
        arranged = package.marks.get("arranged")
        is_other = known != key and package.package_id != asked.package_id
        if arranged and not is_other and not _may_relabel(package, asked, is_same=known == key):
            raise Refused("already", **marked_at(order, arranged), **_label(package))
    return [
        Told(
            "shipping_arranged",
            {
                "package_id": asked.package_id,
                "carrier": carrier,
                "tracking_number": number,
                "service": asked.service,
                "insured": asked.insured,
                "method": asked.method,
                "skus": tuple(asked.skus),
            },
        )
    ]


def _label(package: Package) -> dict[str, str]:
    return {"carrier": package.carrier, "tracking_number": package.number}


def _may_relabel(package: Package, asked: Shipping, *, is_same: bool) -> bool:
    """Tells whether a package takes another label: its first number, or one that is to replace it in time."""
    if is_same:
        return False
    return not package.number or (asked.replace and not proof_of(package) & PICKED_UP)
