"""States that may pass: returns that are asked for or under way, and holds. Each question is about an instant."""

from schemas.facts import Case, Order
from schemas.statuses import BY_NAME


def is_returned(order: Order, at: int) -> bool:
    """Tells whether a return is closed with goods or money back."""
    return bool(order.returns) and any(_is_closed(case, at) for case in order.returns.values())


def is_return_in_progress(order: Order, at: int) -> bool:
    """Tells whether a return is approved, shipped back or received, and not closed, rejected or withdrawn since."""
    cases = _known_returns(order, at) if order.returns else None
    return any(_is_in_progress(case, at) for case in cases) if cases else _is_said(order, "return_approved", at)


def is_return_requested(order: Order, at: int) -> bool:
    """Tells whether a return is requested, and not closed, rejected or withdrawn."""
    cases = _known_returns(order, at) if order.returns else None
    return any(_is_open(case, at) for case in cases) if cases else _is_said(order, "return_requested", at)


def is_held(order: Order, at: int) -> bool:
    """Tells whether the order is held and not released since, by an event or by a marketplace's word."""
    if not order.holds:
        return False
    held, *_, is_hold = max((hold for hold in order.holds if hold[0] <= at), default=(0, 0, "", False))
    releases = [order.reported["released"][0]] if "released" in order.reported else []
    if order.word and "released" in BY_NAME[order.word[3]].implies:
        releases.append(order.word[0])
    return is_hold and not any(held < released <= at for released in releases)


def _is_said(order: Order, milestone: str, at: int) -> bool:
    """Tells whether a marketplace's word for it is in force: until its next word says otherwise."""
    mark = order.reported.get(milestone)
    if mark is None or mark[0] > at or order.word is None:
        return False
    since, word = order.word[0], order.word[3]
    return not mark[0] < since <= at or milestone in BY_NAME[word].implies


def _known_returns(order: Order, at: int) -> list[Case]:
    return [case for case in order.returns.values() if any(since <= at for since, _ in case.marks.values())]


def _is_closed(case: Case, at: int) -> bool:
    told = case.told.get("outcome")
    return _latest(case, at, "closed") > 0 and (told is None or told[0] > at or case.outcome != "none")


def _is_in_progress(case: Case, at: int) -> bool:
    ended = _latest(case, at, "rejected", "withdrawn")
    return not _latest(case, at, "closed") and _latest(case, at, "approved", "shipped", "received") > ended


def _is_open(case: Case, at: int) -> bool:
    return _latest(case, at, "requested") > 0 and not _latest(case, at, "closed", "rejected", "withdrawn")


def _latest(case: Case, at: int, *steps: str) -> int:
    """Gives when the latest of these steps was taken; 0 if none was."""
    return max((case.marks[step][0] for step in steps if step in case.marks and case.marks[step][0] <= at), default=0)
