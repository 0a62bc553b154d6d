"""Parcels: what the packages of an order prove about where the goods are."""

from collections.abc import Collection

from schemas.facts import Marks, Order, Package

FOREVER = 1 << 62

KNOWN, PICKED_UP, ENDED, BACK, VOID = 1, 2, 4, 8, 16
"""What a mark proves: somebody knows the parcel, a carrier has or had it, its journey ended, it ended at the sender,
its label is void."""

PROVES: dict[str, int] = {
    "arranged": KNOWN,
    "label_created": KNOWN,
    "delayed": KNOWN,
    "unknown": KNOWN,
    "cancelled": KNOWN | VOID,
    "picked_up": KNOWN | PICKED_UP,
    "in_transit": KNOWN | PICKED_UP,
    "at_hub": KNOWN | PICKED_UP,
    "customs": KNOWN | PICKED_UP,
    "out_for_delivery": KNOWN | PICKED_UP,
    "delivery_failed": KNOWN | PICKED_UP,
    "available_for_pickup": KNOWN | PICKED_UP,
    "damaged": KNOWN | PICKED_UP,
    "lost": KNOWN | PICKED_UP,
    "return_started": KNOWN | PICKED_UP,
    "delivered": KNOWN | PICKED_UP | ENDED,
    "returned": KNOWN | PICKED_UP | ENDED | BACK,
}


def known_by(marks: Marks, at: int) -> Collection[str]:
    """Gives the milestones that were reached by then."""
    return marks if at == FOREVER else [mark for mark, (since, _) in marks.items() if since <= at]


def proof_of(package: Package, at: int = FOREVER) -> int:
    """Gives all that a package's marks prove by then."""
    proof = 0
    for mark in known_by(package.marks, at):
        proof |= PROVES[mark]
    return proof


def tally(order: Order, at: int = FOREVER) -> tuple[int, int]:
    """Gives what some parcel proves and what every parcel proves."""
    if len(order.packages) == 1 and not order.recuts:
        (package,) = order.packages.values()
        proofs = [proof_of(package, at)]
    else:
        proofs = list(_parcels(order, at).values())
    some, every = 0, -1
    for proof in proofs:
        if proof and not (proof & VOID and not proof & PICKED_UP):
            some |= proof
            every &= proof
    return some, every if some else 0


def _parcels(order: Order, at: int) -> dict[str, int]:
    """Gives the proof of each parcel. One that got another tracking number, or its first, is still the same parcel."""
    parcels: dict[str, int] = {}
    for key, package in order.packages.items():
        parcel = package.package_id or key
        parcels[parcel] = parcels.get(parcel, 0) | proof_of(package, at)
    cuts = [cut for cut in order.recuts if cut[0] <= at]
    return _without_cut_up(order, at, parcels, cuts) if cuts else parcels


def _without_cut_up(order: Order, at: int, parcels: dict[str, int], cuts: list[tuple[int, str]]) -> dict[str, int]:
    """Leaves out parcels that were cut up: silent since the last cut and not part of it, unless a carrier has them.

    Until one of the new parcels is known by more than its name the old ones stand.
    """
    last = cuts[-1][0]
    fresh = {parcel for since, parcel in cuts if since == last}
    if not any(parcels.get(parcel) for parcel in fresh):
        return parcels
    for key, package in order.packages.items():
        if any(last < since <= at for since, _ in package.marks.values()):
            fresh.add(package.package_id or key)
    return {parcel: proof for parcel, proof in parcels.items() if parcel in fresh or proof & PICKED_UP}
