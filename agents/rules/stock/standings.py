"""What an order does with the articles that it is for, read from its facts; `movements_of` tells what is new in it."""

from collections.abc import Collection, Iterable, Iterator

from agents.rules.parcels import BACK, tally
from schemas.facts import Article, Order
from schemas.statuses import implying
from schemas.stock import NOTHING, Moved, Movement, Standing

TAKEN = frozenset(implying("paid"))
"""Statuses of an order that is `new` or beyond: its goods are set aside, or on their way."""

LEFT = frozenset(implying("picked_up"))
"""Statuses of an order whose parcels have all been picked up."""

DISPUTED = frozenset(("return_requested", "return_in_progress"))


def standing_of(order: Order) -> Standing:
    """Gives what an order does with whatever it is for, without the quantity.

    Goods are shipped when every parcel is picked up: which part of an order lies in which parcel few senders tell.
    """
    shipped_at = _since(order, LEFT)
    if shipped_at is None and order.status not in TAKEN and "shipped" in order.marks:
        shipped_at = order.marks["shipped"][0]
    if shipped_at is not None:
        back_at = _back_at(order)
        if back_at is None:
            return Standing(state="shipped", at=shipped_at, shipped_at=shipped_at)
        return Standing(state="returned", at=max(back_at, shipped_at), shipped_at=shipped_at)
    taken_at = _since(order, TAKEN)
    if taken_at is None:
        return NOTHING
    if order.status in TAKEN or order.status in DISPUTED:
        return Standing(state="reserved", at=taken_at)
    return Standing(state="released", at=order.history[-1][0])


def articles_of(order: Order) -> dict[str, Standing]:
    """Gives what an order does with each article, by SKU; nothing while it is not known what it is for, or whose."""
    standing = standing_of(order)
    if not standing.state or order.details is None or not order.seller[3]:
        return {}
    back = _pieces_back(order) if standing.state == "returned" else {}
    there = Standing(state="shipped", at=standing.shipped_at, shipped_at=standing.shipped_at)
    found = {}
    for sku, quantity in _pieces(order.details.lines).items():
        of = there if back and back.get(sku, 0) < quantity else standing
        found[sku] = Standing(quantity, of.state, of.at, of.shipped_at)
    return found


def _pieces(lines: Iterable[Article]) -> dict[str, int]:
    pieces: dict[str, int] = {}
    for line in lines:
        if line.sku and line.quantity > 0:
            pieces[line.sku] = pieces.get(line.sku, 0) + line.quantity
    return pieces


def _pieces_back(order: Order) -> dict[str, int]:
    """Gives how many pieces of each article the seller has back; none where it is all of them, or nobody said which.

    An article of which some pieces are back stays shipped until the next count: no more is promised than is there.
    """
    received = [case for case in order.returns.values() if "received" in case.marks]
    told = all(case.lines and all(line.sku for line in case.lines) for case in received)
    if not told or "returned_to_seller" in order.reported or (order.packages and tally(order)[1] & BACK):
        return {}
    return _pieces(line for case in received for line in case.lines)


def movements_of(order: Order, known: Moved | None, snapshot: tuple[int, int]) -> Iterator[Movement]:
    """Tells what an order does otherwise than was told of it; to the articles that it is no longer for, too."""
    seller, articles = order.seller[3], articles_of(order)
    if known is not None and known.seller_id != seller:
        yield from _differences(order, known.seller_id, known.articles, {}, snapshot)
        known = None
    yield from _differences(order, seller, known.articles if known else {}, articles, snapshot)


def _differences(
    order: Order, seller: str, before: dict[str, Standing], after: dict[str, Standing], snapshot: tuple[int, int]
) -> Iterator[Movement]:
    for sku in {**before, **after}:
        was, now = before.get(sku, NOTHING), after.get(sku, NOTHING)
        if was != now:
            yield Movement(
                movement_id=f"{order.order_id}/{sku}/{snapshot[0]}/{snapshot[1]}",
                order_id=order.order_id,
                seller_id=seller,
                sku=sku,
                snapshot=snapshot,
                name=_name(order, sku),
                before=was,
                after=now,
            )


def _name(order: Order, sku: str) -> str:
    lines = order.details.lines if order.details else ()
    return next((line.name for line in lines if line.sku == sku), "")


def _since(order: Order, statuses: Collection[str]) -> int | None:
    return next((since for since, status in order.history if status in statuses), None)


def _back_at(order: Order) -> int | None:
    """Gives when the goods came back: the seller has a return, every parcel came back, or the marketplace says so."""
    ats = [case.marks["received"][0] for case in order.returns.values() if "received" in case.marks]
    if order.packages and tally(order)[1] & BACK:
        ats.append(max(parcel.marks["returned"][0] for parcel in order.packages.values() if "returned" in parcel.marks))
    if "returned_to_seller" in order.reported:
        ats.append(order.reported["returned_to_seller"][0])
    return min(ats, default=None)
