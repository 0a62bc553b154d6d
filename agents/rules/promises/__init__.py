"""What an order has promised: `advance` and `follow` keep it up event by event, `renew` derives it all at once.

`order.due`, `order.begun` and `order.kept` follow from the facts alone: evidence that comes late moves them as if it
had come in time. Whether a promise is near or broken is a question about an instant: `schemas.promises.promises_of`.
"""

from collections.abc import Iterable, Iterator

from agents.rules.parcels import ENDED, PICKED_UP, proof_of
from agents.rules.promises.policies import due_at
from schemas.facts import Case, Mark, Order, Refund, delivered_at
from schemas.promises import PROMISES

DEFAULT_MARKET = "ID"
"""The market of an order that nobody has described yet."""

UNDER_WAY = ("in_transit", "partially_shipped")

_BY_STATUS = {kind: promise for kind, promise in PROMISES.items() if not promise.part}


def _kinds_by_status(field: str) -> dict[str, tuple[str, ...]]:
    statuses = {status for promise in _BY_STATUS.values() for status in getattr(promise, field)}
    return {s: tuple(kind for kind, promise in _BY_STATUS.items() if s in getattr(promise, field)) for s in statuses}


STARTS = _kinds_by_status("begins")
"""Status → the promises whose clocks start when an order first has it. One instant may pass over `new`."""

KEEPS = _kinds_by_status("kept_by")
"""Status → the promises that are kept when an order first has it."""

Told = tuple[str, int | None, int | None]
"""A promise, since when it runs (None: not any more, or not yet), and when it was kept."""


def renew(order: Order) -> None:
    """Derives all promises of an order from its facts and history."""
    order.due, order.begun, order.kept = {}, {}, {}
    for since, status in order.history:
        advance(order, since, status)
    follow(order)


def advance(order: Order, since: int, status: str) -> None:
    """Takes in that an order has come to a status: what begins with it and what it keeps."""
    begun, kept = order.begun, order.kept
    for kind in STARTS.get(status, ()):
        if kind not in begun:
            _begin(order, kind, kind, since)
    for kind in KEEPS.get(status, ()):
        if kind in begun and kind not in kept:
            kept[kind] = since


def follow(order: Order) -> None:
    """Takes in what no status tells: the first payment, parcels under way, returns, refunds, claims."""
    if "pay" in order.begun and "pay" not in order.kept and (paid := _first_paid(order)):
        order.kept["pay"] = paid
    if order.packages:
        _listen(order)
    if order.returns or order.refunds or order.claims or "return_requested" in order.reported:
        for told in (*_answers(order), *_refunds(order), *_claims(order)):
            _keep_up(order, told)
        if since := order.begun.get("deliver"):
            by_status = next((at for at, status in order.history if status in PROMISES["deliver"].kept_by), None)
            _keep_up(order, ("deliver", since, delivered_at(order, by_status)))


def _keep_up(order: Order, told: Told) -> None:
    key, since, kept_at = told
    runs = since is not None and (order.begun.get(key) == since or _begin(order, key, key.partition("/")[0], since))
    if not runs:
        _forget(order, key)
    elif kept_at is not None:
        order.kept[key] = kept_at
    else:
        order.kept.pop(key, None)


def _begin(order: Order, key: str, kind: str, since: int) -> bool:
    """Starts a clock; tells whether there is a policy that says how long it runs."""
    due = due_at(kind, order.details.market if order.details else DEFAULT_MARKET, since)
    if due is None:
        return False
    order.begun[key], order.due[key] = since, due
    return True


def _forget(order: Order, key: str) -> None:
    for known in (order.begun, order.due, order.kept):
        known.pop(key, None)


def _first_paid(order: Order) -> int | None:
    marks = order.marks
    told = [mark[0] for mark in (marks.get("paid"), marks.get("cod"), order.reported.get("paid")) if mark]
    return min(told, default=None)


def _listen(order: Order) -> None:
    """Takes in since when each parcel is silent: since its last scan, while a carrier has it."""
    begun, is_under_way, is_one = order.begun, order.status in UNDER_WAY, len(order.packages) == 1
    for number, package in order.packages.items():
        key = f"scan/{number}"
        if is_under_way and package.last and (is_one or proof_of(package) & (PICKED_UP | ENDED) == PICKED_UP):
            since = package.last.stamp[0]
            if begun.get(key) != since and not _begin(order, key, "scan", since):
                _forget(order, key)
        elif key in begun:
            _forget(order, key)


def _answers(order: Order) -> Iterator[Told]:
    """Gives each return that was asked for: answered by what was decided, or by what only an approval allows."""
    yield _answer_to_a_word(order)
    for ref, case in order.returns.items():
        yield f"answer_return/{ref}", _at(case, "requested"), _at(case, "approved", "rejected", "shipped", "received")


def _answer_to_a_word(order: Order) -> Told:
    """Gives a return of which a marketplace's word alone tells: answered by whatever the order became next."""
    words = iter(order.history if not order.returns and "return_requested" in order.reported else ())
    since = next((at for at, status in words if status == "return_requested"), None)
    return "answer_return", since, next((at for at, _ in words), None)


def _refunds(order: Order) -> Iterator[Told]:
    """Gives each approved refund, as whoever told of one first tells them; else each return whose money must go back.

    A shop and its payment provider tell of one refund under two ids: either settles it.
    """
    approved = {ref: refund for ref, refund in order.refunds.items() if "approved" in refund.marks}
    witness = min(approved.values(), key=lambda refund: refund.marks["approved"]).source if approved else ""
    for ref, refund in order.refunds.items():
        counts = ref in approved and refund.source == witness
        yield f"refund/{ref}", _at(refund, "approved") if counts else None, _settled_at(order, refund)
    returns = {ref: case for ref, case in order.returns.items() if _is_owed(case)} if not approved else {}
    for ref, case in order.returns.items():
        closed = _at(case, "closed") if case.outcome == "refunded" else None
        settled = _nth_settled(order, _before(case, returns.values())) if ref in returns else None
        if ref not in order.refunds:
            yield f"refund/{ref}", _at(case, "approved") if ref in returns else None, _earlier(closed, settled)


def _is_owed(case: Case) -> bool:
    return case.kind != "replacement" and case.outcome in ("", "refunded") and "approved" in case.marks


def _settled_at(order: Order, refund: Refund) -> int | None:
    """Gives when a refund was settled by its own sender's word, or by another's of as many refunds."""
    at = _at(refund, "settled")
    if at is not None or "approved" not in refund.marks:
        return at
    own = [other for other in order.refunds.values() if other.source == refund.source and "approved" in other.marks]
    return _nth_settled(order, _before(refund, own), but=refund.source)


def _before(thing: Case | Refund, others: Iterable[Case | Refund]) -> int:
    """Counts those that were approved before this one."""
    return sum(other.marks["approved"] < thing.marks["approved"] for other in others)


def _nth_settled(order: Order, nth: int, but: str = "") -> int | None:
    """Gives when one sender, not this one, had settled more than so many refunds."""
    told: dict[str, list[int]] = {}
    for refund in order.refunds.values():
        if refund.source != but and (at := _at(refund, "settled")) is not None:
            told.setdefault(refund.source, []).append(at)
    return min((sorted(ats)[nth] for ats in told.values() if len(ats) > nth), default=None)


def _claims(order: Order) -> Iterator[Told]:
    for ref, case in order.claims.items():
        yield f"answer_claim/{ref}", _at(case, "opened"), _at(case, "resolved")


def _at(thing: Case | Refund, *milestones: str) -> int | None:
    """Gives when the first of these milestones was reached."""
    marks: list[Mark] = [thing.marks[name] for name in milestones if name in thing.marks]
    return min(marks)[0] if marks else None


def _earlier(one: int | None, other: int | None) -> int | None:
    return min((at for at in (one, other) if at is not None), default=None)
