"""The clocks of an order: `follow` keeps them up with its facts, `ring` tells what is due, each alarm once.

An alarm is a share of a promise's time, and its end. What a later alarm has overtaken is not told, nor what could have
been told long ago: nobody wants a month of alarms after a rebuild.
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import NamedTuple

from schemas.facts import Order
from schemas.notices import Notice
from schemas.policies import Owned, due_by, own_of
from schemas.promises import CLOCKS_VERSION, PROMISES, Clock, Clocks, Role, instant, is_waiting
from schemas.times import MINUTE

BROKEN = 100

HUSH = 2 * MINUTE
"""How long an alarm waits that was late when it was first seen: what keeps the promise may be told right behind."""


class Rules(NamedTuple):
    """near: percents of a promise's time after which it is told to be near. late: milliseconds after which an alarm is
    not told any more. owned: sellers' own stricter times, by which they are told.
    """

    near: Sequence[int]
    late: int
    owned: Owned = MappingProxyType({})


def follow(clocks: Clocks, order: Order, at: int, rules: Rules) -> bool:
    """Keeps the clocks up with an order as it was at an instant; tells whether that changed them."""
    before = clocks.seller_id, clocks.buyer_id, clocks.item, clocks.clocks, clocks.wake
    details = order.details
    clocks.seller_id, clocks.buyer_id = order.seller[3], details.buyer_id if details else ""
    clocks.item = details.lines[0].name if details and details.lines else ""
    known = ((key, _follow(order, key, clocks.clocks.get(key), at, rules)) for key in order.due | clocks.clocks)
    clocks.clocks = {key: clock for key, clock in known if clock is not None}
    clocks.wake = _next(clocks, rules)
    return before != (clocks.seller_id, clocks.buyer_id, clocks.item, clocks.clocks, clocks.wake)


def ring(order_id: str, clocks: Clocks, now: int, rules: Rules) -> Iterator[Notice]:
    """Gives what is to be told by now, and remembers it."""
    clocks.version = CLOCKS_VERSION
    for key, clock in clocks.clocks.items():
        at = _rings_at(clock, rules)
        if at is None or at > now:
            continue
        clock.told = max(percent for percent in _alarms(rules) if _instant(clock, percent) <= now)
        if now - _instant(clock, clock.told) <= rules.late:
            yield from _notices(order_id, clocks, key, clock)
    clocks.wake = _next(clocks, rules)


def _follow(order: Order, key: str, before: Clock | None, at: int, rules: Rules) -> Clock | None:
    """Gives a clock as it is now; None if nobody waits for it and nothing was told of it."""
    waits = is_waiting(order, key)
    due = order.due.get(key)
    since = order.begun.get(key, due or 0)
    if due is None:
        since, due = (before.since, before.due) if before else (0, 0)
    elif own := own_of(rules.owned, order.seller[3], key.partition("/")[0], since, due):
        due = due_by(own, since)
    told = before.told if before and not _begins_again(key, before, since) else 0
    if not waits and not told:
        return None
    if before and (before.since, before.due, before.waits) == (since, due, waits):
        return before
    clock = Clock(since, due, told, waits)
    rings_at = _rings_at(clock, rules)
    if rings_at is not None and rings_at <= at:
        clock.hush = at + HUSH
    return clock


def _begins_again(key: str, before: Clock, since: int) -> bool:
    """Tells whether a promise was kept by what begins it anew, as one scan does by the next."""
    promise = PROMISES[key.partition("/")[0]]
    return since > before.since and promise.begins == promise.kept_by


def _alarms(rules: Rules) -> tuple[int, ...]:
    return (*rules.near, BROKEN)


def _instant(clock: Clock, percent: int) -> int:
    """Gives when an alarm rings: a promise is kept up to the last millisecond of its time."""
    return instant(clock.since, clock.due, percent) + (percent == BROKEN)


def _rings_at(clock: Clock, rules: Rules) -> int | None:
    """Gives when a clock rings next; None if it does not."""
    if not clock.waits:
        return None
    left = (_instant(clock, percent) for percent in _alarms(rules) if percent > clock.told)
    return min((at if at > clock.hush - HUSH else clock.hush for at in left), default=None)


def _next(clocks: Clocks, rules: Rules) -> int:
    instants = [_rings_at(clock, rules) for clock in clocks.clocks.values()]
    return min((at for at in instants if at is not None), default=0)


def _notices(order_id: str, clocks: Clocks, key: str, clock: Clock) -> Iterator[Notice]:
    """Gives the notices of one alarm, to each whom it concerns and who is known."""
    name, _, subject = key.partition("/")
    promise, is_broken = PROMISES[name], clock.told == BROKEN
    kind = "promise_broken" if is_broken else "promise_near"
    which = f"{key}@{clock.since}" if promise.begins == promise.kept_by else key
    values = {"promise": name, "due": str(clock.due), "item": clocks.item}
    if subject:
        values["subject"] = subject
    known: dict[Role, str] = {"seller": clocks.seller_id, "buyer": clocks.buyer_id}
    for role in promise.broken_to if is_broken else promise.near_to:
        if known[role]:
            yield Notice(
                notice_id=f"{order_id}/{kind}/{clock.told}/{which}/{role[0]}",
                audience=f"{role}:{known[role]}",
                kind=kind,
                order_id=order_id,
                occurred_at=_instant(clock, clock.told),
                event_id="",
                values={name: value for name, value in values.items() if value},
                seller_id=clocks.seller_id if role == "buyer" else "",
            )
