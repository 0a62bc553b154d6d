"""Events of topics `shipments` and `scans`: parcels and what carriers say of them."""

from typing import Literal

from pydantic.dataclasses import dataclass

from schemas.events import Event

Milestone = Literal[
    "label_created",
    "picked_up",
    "in_transit",
    "at_hub",
    "customs",
    "out_for_delivery",
    "delivery_failed",
    "available_for_pickup",
    "delivered",
    "delayed",
    "damaged",
    "lost",
    "return_started",
    "returned",
    "cancelled",
    "unknown",
]


@dataclass(slots=True, frozen=True, kw_only=True)
class ShippingArranged(Event):
    """`shipping_arranged`: binds a package, and its tracking number where there is one, to the order.

    `method`, where it is known: pickup, drop_off, own_courier.
    """

    package_id: str
    carrier: str
    tracking_number: str = ""
    service: str = ""
    insured: bool = False
    method: str = ""
    skus: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True, kw_only=True)
class PackageScanned(Event):
    """`package_scanned`: what a carrier says of a parcel, with its own code and words.

    On topic `scans` the order is not known yet and `order_id` is empty, or it is the one that the sender itself named.
    `code` is the sender's; one that its table does not know has milestone `unknown`.
    """

    carrier: str
    tracking_number: str
    milestone: Milestone
    code: str = ""
    words: str = ""
    location: str = ""
    returning: bool = False
    proof: str = ""
    next_expected_at: int | None = None


@dataclass(slots=True, frozen=True, kw_only=True)
class PackageRecut(Event):
    """`package_recut`: packages were combined or split; the order now has exactly this package for it."""

    package_id: str
    how: str
