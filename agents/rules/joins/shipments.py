"""How events of topic `shipments` join."""

from sys import intern

from agents.rules.joins import MOVED, is_newer, keep_all, keep_earliest, stamp_of
from agents.rules.parcels import PICKED_UP, PROVES
from schemas.facts import Order, Package, Scan
from schemas.ids import tracking_key
from schemas.shipments import PackageRecut, PackageScanned, ShippingArranged

BACKWARD = {
    **dict.fromkeys(("picked_up", "in_transit", "at_hub", "customs"), "return_started"),
    **dict.fromkeys(("out_for_delivery", "delivery_failed", "available_for_pickup"), "return_started"),
    "delivered": "returned",
}
"""What a scan means while the parcel travels back: delivered, but to its sender."""


def scanned_as(event: PackageScanned) -> str:
    """Gives the mark that a scan leaves on its package."""
    return BACKWARD.get(event.milestone, event.milestone) if event.returning else event.milestone


def package_key(event: ShippingArranged | PackageScanned) -> str:
    """Names the package of an event: by its tracking number, else by its package id."""
    if event.tracking_number:
        return tracking_key(event.carrier, event.tracking_number)
    return f"#{getattr(event, 'package_id', '')}"


def arrange(order: Order, event: ShippingArranged, _: str, mark: str) -> int:
    """Marks that shipping is arranged and keeps how it was last arranged."""
    package = _package(order, package_key(event))
    change = keep_earliest(package.marks, mark, event)
    if not is_newer(event, package.arranged):
        return change
    package.arranged = stamp_of(event)
    package.package_id, package.service, package.insured = event.package_id, event.service, event.insured
    package.method = intern(event.method)
    return change or MOVED


def scan(order: Order, event: PackageScanned, _: str, __: str) -> int:
    """Marks what a carrier saw, and keeps the last thing that it said."""
    package = _package(order, package_key(event))
    if package.last is None or is_newer(event, package.last.stamp):
        package.last = Scan(
            stamp_of(event),
            event.milestone,
            event.code,
            event.words,
            event.location,
            event.returning,
            event.proof,
            event.next_expected_at,
        )
    mark = scanned_as(event)
    if PROVES[mark] & PICKED_UP:
        keep_earliest(order.marks, "shipped", event)
    return keep_earliest(package.marks, mark, event)


def recut(order: Order, event: PackageRecut, _: str, __: str) -> int:
    """Keeps what the order was cut into at which instant."""
    return keep_all(order.recuts, (event.occurred_at, event.package_id))


def _package(order: Order, key: str) -> Package:
    package = order.packages.get(key)
    if package is None:
        carrier, slash, number = key.partition("/")
        package = order.packages[key] = Package(carrier=carrier, number=number) if slash else Package()
    return package
