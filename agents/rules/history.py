"""What follows from the facts of an order: `take` keeps it up event by event, `settle` derives it all at once."""

from collections.abc import Callable, Sequence
from sys import intern

from agents.rules.anomalies import anomalies_of
from agents.rules.fold import FOLDS, fold
from agents.rules.joins import SAME
from agents.rules.promises import advance, follow, renew
from agents.rules.status import NAMES, PASSING_WORDS, UNKNOWN, is_steady, status_of, steps_of
from schemas.events import Event
from schemas.facts import Order

History = list[tuple[int, str]]

DESCRIBING = frozenset(("order_placed", "order_amended"))
"""Events that may move an order to another market, whose clocks run by other policies."""

FAR: dict[str, Callable[[Order], object]] = {
    "shipping_arranged": lambda order: len(order.packages) > 1,
    "status_reported": lambda order: order.holds or not PASSING_WORDS.isdisjoint(order.reported),
}
"""Events that can change the history from its beginning, and of which orders.

A parcel that gets another number is the same parcel from its beginning; a marketplace's next word tells how long the
one before it was in force.
"""

QUIET = frozenset(
    kind
    for kind, fold_ in FOLDS.items()
    if fold_.scope in ("refunds", "cancellations", "claims", "review")
    or (fold_.scope == "payments" and fold_.mark != "paid")
)
"""Events that prove no status: they count only where nothing was known before."""


def take(order: Order, event: Event) -> int:
    """Folds an event and keeps up status, history and promises. Tells what that changed, as `fold` does."""
    change = fold(order, event)
    if change == SAME:
        if event.type == "package_scanned":
            follow(order)  # the carrier saw the parcel once more, although that says nothing new
        return change
    history, reaches_all = order.history, FAR.get(event.type)
    since = 0 if reaches_all and reaches_all(order) else event.occurred_at
    if event.type in QUIET and history and since >= history[0][0]:
        follow(order)
        return change
    moves_market = event.type in DESCRIBING and bool(history)
    if since < order.last_at or moves_market or (history and history[-1][0] == since):
        _derive(order, since)
        return change
    if (status := status_of(order)) != order.status or not history:
        history.append((since, status))
        order.status = status
        advance(order, since, status)
    follow(order)
    return change


def settle(order: Order) -> None:
    """Derives all that follows from the facts: status, history, promises, anomalies."""
    _derive(order, 0)
    order.anomalies = anomalies_of(order)


def _derive(order: Order, since: int) -> None:
    order.history = history_of(order, since)
    order.status = intern(order.history[-1][1]) if order.history else "unknown"
    renew(order)


def history_of(order: Order, since: int = 0) -> History:
    """Gives (since, status) of every status that the order had, oldest first; before `since` as it was settled."""
    if is_steady(order):
        return _sweep(steps_of(order))
    history = [entry for entry in order.history if entry[0] < since]
    for at in _instants(order, since):
        status = status_of(order, at)
        if not history or history[-1][1] != status:
            history.append((at, status))
    return history


def _sweep(steps: list[tuple[int, int]]) -> History:
    """Goes through what a steady order's facts prove: each instant's lowest row counts, if none was as low before."""
    history: History = []
    lowest = UNKNOWN + 1
    for at, place in steps:
        if place < lowest and not (history and history[-1][0] == at):
            history.append((at, NAMES[place]))
            lowest = place
    return history


def _instants(order: Order, since: int) -> Sequence[int]:
    """Gives every instant from `since` on at which something happened."""
    if since == order.last_at:
        return (since,)
    things = (order.payments, order.refunds, order.packages, order.cancellations, order.returns, order.claims)
    marks = [order.marks, order.reported, *(thing.marks for kind in things for thing in kind.values())]
    marks += [case.told for case in order.returns.values()]
    ats = {at for each in marks for at, _ in each.values()}
    ats.update(hold[0] for hold in order.holds)
    ats.update(cut[0] for cut in order.recuts)
    if order.word:
        ats.add(order.word[0])
    if order.review:
        ats.add(order.review.at[0])
    return sorted(at for at in ats if at >= since)
