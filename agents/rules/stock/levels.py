"""How many of an article are left: counts, receipts and movements join a level in any order.

A count tells what lies on the shelf at an instant. So what left, came back or came in before it is covered by it,
however late that is told; what is after it is added to it. Receipts are known by their event. Movements of the orders
of one partition of `order.snapshots` come in order, so one that is told again is known by the snapshot it came from.

What covers what is told by quarters of an hour, so that a level stays small: in the count's own quarter parcels are
taken to be picked up after it. Only so many quarters and receipts are told apart; what is older than those can only be
told by a new count, and is TooLate.
"""

from collections.abc import Callable

from schemas.stock import Counted, Level, Movement, Receipt, Standing, StockTold
from schemas.times import MINUTE

QUARTER = 15 * MINUTE

MOST_QUARTERS, MOST_RECEIPTS = 300, 200
"""300 quarters are three days in which parcels leave at all hours, and longer than any sender tries again."""


class TooLate(Exception):
    """It is told of a time that is no longer told apart."""


def count(level: Level, event: StockTold) -> bool:
    """Takes a count; tells whether it is the latest. Raises TooLate."""
    stamp, quarter = (event.occurred_at, event.rank, event.event_id), event.occurred_at // QUARTER
    _hear(level, event)
    if level.counted is not None and stamp <= level.counted.stamp:
        return False
    if quarter <= level.moved_until or event.occurred_at < level.receipts_until:
        raise TooLate("goods that moved after this count are no longer told apart from those before: count again")
    level.counted = Counted(stamp, event.quantity)
    level.moved = {at: pieces for at, pieces in level.moved.items() if int(at) >= quarter}
    level.receipts = {ref: receipt for ref, receipt in level.receipts.items() if receipt.at > event.occurred_at}
    level.moved_older = level.receipts_older = 0
    return True


def receive(level: Level, event: StockTold) -> bool:
    """Takes goods that came in; tells whether they were not counted or known. Raises TooLate."""
    _hear(level, event)
    if event.event_id in level.receipts or (level.counted and event.occurred_at <= level.counted.stamp[0]):
        return False
    if event.occurred_at <= level.receipts_until:
        raise TooLate(f"{MOST_RECEIPTS} later receipts are known, and none older: count the shelf instead")
    level.receipts[event.event_id] = Receipt(event.occurred_at, event.quantity)
    if len(level.receipts) > MOST_RECEIPTS:
        oldest = min(level.receipts, key=lambda ref: (level.receipts[ref].at, ref))
        forgotten = level.receipts.pop(oldest)
        level.receipts_older += forgotten.quantity
        level.receipts_until = max(level.receipts_until, forgotten.at)
    return True


TAKES: dict[str, Callable[[Level, StockTold], bool]] = {"stock_counted": count, "stock_received": receive}
"""Type of event → how a level takes it."""


def move(level: Level, movement: Movement) -> bool:
    """Takes what an order newly does; tells whether it was not known."""
    partition, offset = str(movement.snapshot[0]), movement.snapshot[1]
    if offset <= level.snapshots.get(partition, -1):
        return False
    level.snapshots[partition] = offset
    if movement.name:
        level.named = max(level.named, (0, movement.after.at, movement.name))
    if movement.after.state == "reserved":
        level.last_order = movement.order_id
    _add(level, movement.before, -movement.before.quantity)
    _add(level, movement.after, movement.after.quantity)
    return True


def settle(level: Level) -> None:
    """Derives what is on the shelf and what of it is available."""
    counted = level.counted.quantity if level.counted else 0
    came_in = level.receipts_older + sum(receipt.quantity for receipt in level.receipts.values())
    level.on_hand = counted + came_in + level.moved_older + sum(level.moved.values())
    level.available = level.on_hand - level.reserved


def _hear(level: Level, event: StockTold) -> None:
    """Keeps the seller's latest words: the article's name, and when it is low."""
    stamp = (event.occurred_at, event.rank, event.event_id)
    level.stocked = max(level.stocked, stamp)
    if event.name:
        level.named = max(level.named, (1, event.occurred_at, event.name))
    if event.low_at is not None:
        level.low_at = max(level.low_at, (stamp, event.low_at))


def _add(level: Level, standing: Standing, pieces: int) -> None:
    if standing.state == "reserved":
        level.reserved += pieces
    elif standing.state == "released":
        level.released += pieces
    elif standing.state:
        level.shipped += pieces
        _shelve(level, standing.shipped_at, -pieces)
        if standing.state == "returned":
            level.returned += pieces
            _shelve(level, standing.at, pieces)


def _shelve(level: Level, at: int, pieces: int) -> None:
    """Adds what left the shelf or came back, unless the count covers it."""
    quarter = at // QUARTER
    if level.counted and quarter < level.counted.stamp[0] // QUARTER:
        return
    if quarter <= level.moved_until:
        level.moved_older += pieces
        return
    sums, when = level.moved, str(quarter)
    sums[when] = sums.get(when, 0) + pieces
    if not sums[when]:
        del sums[when]
    elif len(sums) > MOST_QUARTERS:
        oldest = min(sums, key=int)
        level.moved_until = int(oldest)
        level.moved_older += sums.pop(oldest)
