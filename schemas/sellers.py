"""Sellers: what each of them has set."""

from msgspec import Struct


class Settings(Struct, omit_defaults=True, gc=False):
    """A seller's settings: the value of topic `sellers`, keyed by seller_id; the newest counts.

    confirms: a new order is confirmed when all of it is in stock. completes: a delivered order, when the buyer's time
    to object is over. cancels: an unpaid order, when the time to pay is over. asks_review: the buyer of a completed
    order is asked for a review so many days later; 0 = never. buyer_cancels: the last status in which a buyer may
    cancel without asking.
    """

    seller_id: str
    confirms: bool = False
    completes: bool = False
    cancels: bool = False
    buyer_cancels: str = "new"
    asks_review: int = 0
    changed_at: int = 0


BUYER_CANCELS: dict[str, tuple[str, ...]] = {
    "unpaid": ("unpaid", "on_hold"),
    "new": ("unpaid", "on_hold", "new"),
    "ready_to_ship": ("unpaid", "on_hold", "new", "ready_to_ship"),
    "awaiting_collection": ("unpaid", "on_hold", "new", "ready_to_ship", "awaiting_collection"),
}
"""The last status in which a buyer may cancel alone → all of them."""
