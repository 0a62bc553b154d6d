"""Parcels: what the packages of an order prove about where the goods are."""

from collections.abc import Collection

from schemas.facts import Mark, Marks, Order, Package

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
    """Gives the milestones that were reached by then.

    Most ask for now, when that is all of them, several times an event: those two spare themselves the call.
    """
    return [mark for mark, (since, _) in marks.items() if since <= at]


def proof_of(package: Package, at: int = FOREVER) -> int:
    """Gives all that a package's marks prove by then."""
    proof = 0
    marks = package.marks
    for mark in marks if at == FOREVER else known_by(marks, at):
        proof |= PROVES[mark]
    return proof


def tally(order: Order, at: int = FOREVER) -> tuple[int, int]:
    """Gives what some parcel proves and what every parcel proves."""
    if len(order.packages) == 1:
        (package,) = order.packages.values()
        proof = proof_of(package, at)
        return (0, 0) if _is_void(proof) else (proof, proof)
    some, every = 0, -1
    for proof in _counting(order, at):
        if not _is_void(proof):
            some |= proof
            every &= proof
    return some, every if some else 0


def _is_void(proof: int) -> bool:
    """Tells whether a package counts for nothing: not known yet, or its label voided before a carrier had it."""
    return not proof or proof & (VOID | PICKED_UP) == VOID


def _counting(order: Order, at: int) -> list[int]:
    """Leaves out the packages that others took the place of; one that a carrier has counts in any case."""
    proofs = {key: proof_of(package, at) for key, package in order.packages.items()}
    old = _cut_up(order, at, proofs) | _relabelled(order, proofs)
    return [proof for key, proof in proofs.items() if proof & PICKED_UP or key not in old]


def _relabelled(order: Order, proofs: dict[str, int]) -> set[str]:
    """Gives the packages that have a newer label, told by its number where only one of the two has any."""
    labels: dict[str, list[tuple[bool, Mark, str]]] = {}
    for key, package in order.packages.items():
        if proofs[key] and package.package_id:
            arranged = package.marks.get("arranged", (0, ""))
            labels.setdefault(package.package_id, []).append((bool(package.number), arranged, key))
    return {key for same in labels.values() for _, _, key in sorted(same)[:-1]}


def _cut_up(order: Order, at: int, proofs: dict[str, int]) -> set[str]:
    """Gives the packages that are not part of what the order was last cut into, and silent since.

    Until one of the new packages is known by more than its name the old ones stand.
    """
    cuts = [cut for cut in order.recuts if cut[0] <= at]
    last = max((since for since, _ in cuts), default=at)
    parts = {package_id for since, package_id in cuts if since == last}
    fresh = {key for key, package in order.packages.items() if package.package_id in parts and proofs[key]}
    if not fresh:
        return set()
    since = {key for key, p in order.packages.items() if any(last < when <= at for when, _ in p.marks.values())}
    return set(proofs) - fresh - since
