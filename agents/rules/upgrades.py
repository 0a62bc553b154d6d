"""Upgrades: what today's rules need of an order's state and an older version did not keep."""

from agents.rules.parcels import PICKED_UP, PROVES
from agents.rules.promises import renew
from schemas.facts import Order


def upgrade(order: Order) -> None:
    """Brings an order that an older version wrote to today's; `fold` then says so."""
    _mark(order, "paid", [payment.marks["paid"] for payment in order.payments.values() if "paid" in payment.marks])
    scans = [each for package in order.packages.values() for each in package.marks.items()]
    _mark(order, "shipped", [mark for name, mark in scans if PROVES[name] & PICKED_UP])
    renew(order)


def _mark(order: Order, name: str, found: list[tuple[int, str]]) -> None:
    """Keeps the earliest as a milestone of the order's own."""
    if found:
        order.marks[name] = min(found)
