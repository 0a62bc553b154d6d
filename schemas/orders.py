"""Events of topic `orders`: what the shop, its seller and its buyer do with an order."""

from typing import Literal

from pydantic.dataclasses import dataclass

from schemas.events import Event

Role = Literal["buyer", "seller", "system", ""]
Lines = tuple["Line", ...]


@dataclass(slots=True, frozen=True, kw_only=True)
class Line:
    """One article of an order; money in minor units of the order's currency."""

    sku: str
    name: str
    quantity: int
    unit_price: int = 0


@dataclass(slots=True, frozen=True, kw_only=True)
class OrderPlaced(Event):
    """`order_placed` and `order_amended`: the whole order as it then stood.

    total = sum of lines - discount + shipping_fee + tax, minor units of `currency`.
    """

    buyer_id: str = ""
    buyer_name: str = ""
    city: str = ""
    lines: tuple[Line, ...] = ()
    currency: str = "IDR"
    discount: int = 0
    shipping_fee: int = 0
    tax: int = 0
    total: int = 0
    cod: bool = False
    market: str = "ID"
    channel: str = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class OrderMarked(Event):
    """`order_held`, `_released`, `_confirmed`, `_cancelled`, `_completed`, `receipt_confirmed`, `review_asked`."""

    by: Role = ""
    reason: str = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class CaseMoved(Event):
    """A step of a cancellation request, a return or a claim; `case_id` tells which one.

    `kind` of a return: refund, return_and_refund, replacement. `outcome` of a close: refunded, replaced, none.
    """

    case_id: str
    by: Role = ""
    kind: str = ""
    reason: str = ""
    outcome: str = ""
    lines: tuple[Line, ...] = ()


@dataclass(slots=True, frozen=True, kw_only=True)
class ReturnShipped(CaseMoved):
    """`return_shipped`: the buyer has sent the goods back. Its number binds nothing: that parcel is not the order's."""

    carrier: str = ""
    tracking_number: str = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class StatusReported(Event):
    """A thin webhook: the marketplace merely says a status. `status` is ours (STATUSES), `word` the sender's."""

    status: str
    word: str


@dataclass(slots=True, frozen=True, kw_only=True)
class ReviewLeft(Event):
    """The buyer rated the order with 1 to 5 stars."""

    stars: int
    words: str = ""
