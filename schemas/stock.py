"""Stock: what a seller counts and receives, what orders do with it, and where each article stands.

An article is a seller's SKU. What lies on the shelf less what open orders have reserved is available.
"""

from typing import NamedTuple

from msgspec import Struct, field
from pydantic.dataclasses import dataclass

from schemas.events import Event
from schemas.facts import NEVER, Stamp

VERSION = 1
"""Of the rows Moved and Level; see facts.VERSION."""


@dataclass(slots=True, frozen=True, kw_only=True)
class StockTold(Event):
    """`stock_counted`: so many lie on the shelf, also those of open orders; `stock_received`: so many came in.

    `order_id` is empty. low_at: at so many available the seller wants to hear of it; None leaves that as it was.
    """

    sku: str
    quantity: int
    name: str = ""
    low_at: int | None = None


class Standing(Struct, omit_defaults=True, gc=False, frozen=True):
    """What an order does with an article: reserved, released, shipped or returned; empty = nothing.

    at: since when. shipped_at: when it left, of what is shipped or returned.
    """

    quantity: int = 0
    state: str = ""
    at: int = 0
    shipped_at: int = 0


NOTHING = Standing()


class Movement(Struct, omit_defaults=True, gc=False):
    """An order does something else with an article: the value of topic `stock.movements`.

    id = order_id/sku/place of the snapshot. `snapshot` is the (partition, offset) of that record of `order.snapshots`:
    those of one partition are told in order, so one that was told before is known by it.
    """

    movement_id: str
    order_id: str
    seller_id: str
    sku: str
    snapshot: tuple[int, int]
    name: str = ""
    before: Standing = NOTHING
    after: Standing = NOTHING


class Moved(Struct, omit_defaults=True, gc=False):
    """What an order was last told to do: the value of topic `stock.orders`."""

    seller_id: str
    touched_at: int
    articles: dict[str, Standing] = field(default_factory=dict)
    version: int = 1


class Counted(NamedTuple):
    """Register: the latest count of the shelf."""

    stamp: Stamp
    quantity: int


class Receipt(NamedTuple):
    """Goods that came in."""

    at: int
    quantity: int


class Level(Struct, omit_defaults=True, gc=False):
    """Where one article stands: the value of topic `stock.levels`.

    reserved, released, shipped, returned: pieces of all orders. on_hand: pieces on the shelf.
    received = on_hand + shipped - returned = available + reserved + shipped - returned.
    receipts: those since the count, by event. moved: what left (-) or came back (+) in each quarter of an hour since
    the count; of both only the latest are told apart, and the others added up.
    """

    seller_id: str
    sku: str
    named: tuple[int, int, str] = (-1, -1, "")
    """(1 by a seller's word or 0 by an order, when, the name): the latest and best wins."""
    counted: Counted | None = None
    low_at: tuple[Stamp, int] = (NEVER, 0)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    receipts_older: int = 0
    receipts_until: int = -1
    """When the latest receipt came in that is not told apart."""
    moved: dict[str, int] = field(default_factory=dict)
    moved_older: int = 0
    moved_until: int = -1
    """The latest quarter of an hour that is not told apart."""
    reserved: int = 0
    released: int = 0
    shipped: int = 0
    returned: int = 0
    snapshots: dict[str, int] = field(default_factory=dict)
    """Partition of `order.snapshots` → offset of the last one that told something."""
    movements_until: int = -1
    """Offset of the last movement that was added."""
    last_order: str = ""
    """The last order that reserved any."""
    stocked: Stamp = NEVER
    """The latest word of the seller on this article; NEVER: nobody can say whether it is low."""
    told: list[str] = field(default_factory=list)
    """Notices since stock was last plentiful."""
    oversold_by: str = ""
    """The order of the anomaly that stands."""
    on_hand: int = 0
    available: int = 0
    """Derived, and kept so that readers need no rules."""
    version: int = 1
