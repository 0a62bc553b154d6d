"""A shop's rates and its stock in words."""

from typing import NamedTuple

from analytics.pages.words.names import mark, mark_plural


class PolicyWords(NamedTuple):
    """A rate that the marketplace judges a seller by: its name, and how many bad cases there may be or are too many."""

    name: str
    room: tuple[str, str]
    over: tuple[str, str]


POLICY_WORDS: dict[str, PolicyWords] = {
    "LDR": PolicyWords(
        mark("Late dispatch"),
        mark_plural("Room for %(n)s more late order", "Room for %(n)s more late orders"),
        mark_plural("%(n)s late order too many.", "%(n)s late orders too many."),
    ),
    "OTDR": PolicyWords(
        mark("On-time delivery"),
        mark_plural("Room for %(n)s more late delivery", "Room for %(n)s more late deliveries"),
        mark_plural("%(n)s late delivery too many.", "%(n)s late deliveries too many."),
    ),
    "SFCR": PolicyWords(
        mark("Cancelled by the shop"),
        mark_plural("Room for %(n)s more cancellation", "Room for %(n)s more cancellations"),
        mark_plural("%(n)s cancellation too many.", "%(n)s cancellations too many."),
    ),
    "NRR": PolicyWords(
        mark("Bad reviews"),
        mark_plural("Room for %(n)s more review of 1–2 stars", "Room for %(n)s more reviews of 1–2 stars"),  # noqa: RUF001  # a range
        mark_plural("%(n)s bad review too many.", "%(n)s bad reviews too many."),
    ),
}


class StockWords(NamedTuple):
    """Where an article stands."""

    icon: str
    tone: str
    label: str


STOCK_WORDS: dict[str, StockWords] = {
    "oversold": StockWords("alert", "bad", mark("Oversold")),
    "low": StockWords("down", "warn", mark("Low")),
    "ok": StockWords("check", "good", mark("In stock")),
    "uncounted": StockWords("help", "quiet", mark("Not counted")),
}
"""States of an article, the most urgent first."""

STANDING_WORDS = {
    "": mark("No longer for it"),
    "reserved": mark("Reserved"),
    "shipped": mark("Shipped"),
    "returned": mark("Came back"),
    "released": mark("Released"),
}
"""What an order does with an article."""
