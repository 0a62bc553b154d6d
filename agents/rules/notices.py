"""TELLS: which milestone is news to whom, and until when; `news_of` says what an event brought.

A notice is told when its milestone becomes true, not when it is heard again: so once, also through repeats and
replays. What the order has long left behind is no news: a late scan does not say "shipped" of a delivered parcel.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple, cast

from msgspec import Struct

from agents.rules.fold import FOLDS
from agents.rules.joins import NEW
from agents.rules.joins.shipments import package_key, scanned_as
from agents.rules.parcels import ENDED, PICKED_UP, PROVES, proof_of
from schemas.events import Event
from schemas.facts import Case, Mark, Marks, Order, Package, Payment, Refund
from schemas.notices import NOTICES, Notice
from schemas.orders import StatusReported
from schemas.shipments import PackageScanned

BEFORE_SHIPPING = ("unknown", "unpaid", "on_hold", "new", "ready_to_ship", "awaiting_collection")
UNDER_WAY = ("awaiting_collection", "partially_shipped", "in_transit", "delivered")


class Tell(NamedTuple):
    """What a milestone is told as, while the order has one of `statuses` (empty = always).

    said: the milestone that a marketplace's word implies when it told the same or has left it behind.
    """

    kind: str
    said: str = ""
    statuses: Collection[str] = ()


TELLS: dict[tuple[str, str], Tell] = {
    ("marks", "placed"): Tell("order_created", "paid", BEFORE_SHIPPING),
    ("payments", "paid"): Tell("payment_received"),
    ("payments", "charged_back"): Tell("charged_back"),
    ("marks", "confirmed"): Tell("ready_to_ship", "confirmed", ("ready_to_ship",)),
    ("packages", "picked_up"): Tell("shipped", "picked_up", UNDER_WAY),
    ("packages", "out_for_delivery"): Tell("out_for_delivery", "delivered", UNDER_WAY),
    ("packages", "delivered"): Tell("delivered", "delivered", UNDER_WAY),
    ("packages", "delayed"): Tell("delayed", "delivered", UNDER_WAY),
    ("packages", "lost"): Tell("parcel_lost", "delivered", UNDER_WAY),
    ("cancellations", "requested"): Tell("cancellation_requested", "cancelled", (*BEFORE_SHIPPING, *UNDER_WAY)),
    ("marks", "cancelled"): Tell("cancelled", "cancelled"),
    ("returns", "requested"): Tell("return_requested", "return_requested", ("return_requested",)),
    ("returns", "approved"): Tell("return_decided"),
    ("returns", "rejected"): Tell("return_decided"),
    ("claims", "opened"): Tell("claim_opened"),
    ("claims", "resolved"): Tell("claim_resolved"),
    ("refunds", "requested"): Tell("refund_requested"),
    ("refunds", "approved"): Tell("refund_approved"),
    ("refunds", "settled"): Tell("refund_settled"),
    ("marks", "review_asked"): Tell("review_asked", statuses=("completed",)),
    ("review", "left"): Tell("review_received"),
}
"""(Part of the order, milestone) → what it is told as."""

SAID: dict[str, tuple[str, str]] = {
    "new": ("marks", "placed"),
    "ready_to_ship": ("marks", "confirmed"),
    "in_transit": ("packages", "picked_up"),
    "delivered": ("packages", "delivered"),
    "cancelled": ("marks", "cancelled"),
    "return_requested": ("returns", "requested"),
}
"""A marketplace's word → the milestone that it tells of, for shops that send nothing but words.

It says less than an event does, so "order created" waits until the order is paid: mostly the event is there by then.
"""

_TOLD = {scope: [milestone for part, milestone in TELLS if part == scope] for scope, _ in TELLS}

REFS: dict[str, str] = {
    "payments": "payment_id",
    "refunds": "refund_id",
    "cancellations": "case_id",
    "returns": "case_id",
    "claims": "case_id",
}
"""Part of the order → the field of an event that tells which one of them."""


class News(Struct, frozen=True, gc=False):
    """Something that became true: the part of the order, its milestone, which one, and the event that tells of it."""

    scope: str
    milestone: str
    ref: str
    mark: Mark


def news_of(order: Order, event: Event, change: int) -> Sequence[Notice]:
    """Gives the notices that an event brought to an order that has taken it; `change` is what `take` said."""
    if change != NEW:
        return ()
    happened = _said(order, event) if event.type == "status_reported" else _happened(order, event)
    if happened is None:
        return ()
    news = News(*happened, (event.occurred_at, event.event_id))
    return _notices(order, news) if _is_news(order, news) and not _by_others(order, news) else ()


def introduce(order: Order, audience: str) -> Iterator[Notice]:
    """Gives what is still news to somebody whom nobody named until now: `seller:…` or `buyer:…`."""
    for scope, milestones in _TOLD.items():
        if not getattr(order, scope):
            continue
        for ref, marks in sorted(_milestones(order, scope).items()):
            for milestone in [name for name in milestones if name in marks]:
                news = News(scope, milestone, ref, marks[milestone])
                if _is_news(order, news) and min([news.mark, *_by_others(order, news)]) == news.mark:
                    yield from (notice for notice in _notices(order, news) if notice.audience == audience)
    for news in _only_said(order):
        if _is_news(order, news):
            yield from (notice for notice in _notices(order, news) if notice.audience == audience)


def _only_said(order: Order) -> Iterator[News]:
    """Gives what nothing but a marketplace's word told."""
    for scope, milestone in SAID.values():
        said = order.reported.get(TELLS[scope, milestone].said)
        if said and not any(milestone in marks for marks in _milestones(order, scope).values()):
            yield News(scope, milestone, "", said)


def _happened(order: Order, event: Event) -> tuple[str, str, str] | None:
    """Gives the milestone that an event tells of, unless it is none to be told or a marketplace's word told it."""
    scope, milestone, _ = FOLDS[event.type]
    if scope == "packages":
        milestone, ref = _of_parcel(order, cast("PackageScanned", event), milestone)
    else:
        ref = getattr(event, REFS[scope]) if scope in REFS else ""
    tell = TELLS.get((scope, milestone))
    return None if tell is None or tell.said in order.reported else (scope, milestone, ref)


def _of_parcel(order: Order, event: PackageScanned, milestone: str) -> tuple[str, str]:
    """Gives what an event tells of a package, and which one. The first scan on its way tells of the pick-up."""
    if milestone == "arranged":
        return milestone, ""
    milestone, key = scanned_as(event), package_key(event)
    if ("packages", milestone) in TELLS and milestone != "picked_up":
        return milestone, key
    seen = [mark for mark in order.packages[key].marks if PROVES[mark] & PICKED_UP]
    return "picked_up" if seen == [milestone] else "", key


def _said(order: Order, event: Event) -> tuple[str, str, str] | None:
    """Gives the milestone that a marketplace's word tells of, unless an event or an earlier word told it."""
    scope, milestone = SAID.get(cast("StatusReported", event).status, ("", ""))
    tell = TELLS.get((scope, milestone))
    if tell is None or order.reported[tell.said] != (event.occurred_at, event.event_id):
        return None
    told = any(milestone in marks for marks in _milestones(order, scope).values())
    return None if told else (scope, milestone, "")


def _milestones(order: Order, scope: str) -> dict[str, Marks]:
    """Gives the milestones of each thing of one kind; any scan of a carrier that has a package tells of its pick-up."""
    if scope == "marks":
        return {"": order.marks}
    if scope == "review":
        return {"": {"left": order.review.at}} if order.review else {}
    things = getattr(order, scope)
    if scope != "packages":
        return {ref: thing.marks for ref, thing in things.items()}
    seen = {ref: [m for name, m in thing.marks.items() if PROVES[name] & PICKED_UP] for ref, thing in things.items()}
    return {ref: things[ref].marks | ({"picked_up": min(marks)} if marks else {}) for ref, marks in seen.items()}


def _is_news(order: Order, news: News) -> bool:
    """Tells whether the order has not left a milestone behind."""
    statuses = TELLS[news.scope, news.milestone].statuses
    if statuses and order.status not in statuses:
        return False
    if news.scope != "packages" or news.milestone == "delivered" or not news.ref:
        return True
    return not proof_of(order.packages[news.ref]) & ENDED


def _by_others(order: Order, news: News) -> list[Mark]:
    """Gives when other senders told of the same: a shop and its payment provider tell of one payment under two ids.

    Where there are several, the second of one sender is the second of the other.
    """
    if news.scope not in ("payments", "refunds"):
        return []
    things, told = getattr(order, news.scope), dict[str, list[Mark]]()
    for thing in things.values():
        if news.milestone in thing.marks:
            told.setdefault(thing.source, []).append(thing.marks[news.milestone])
    own = things[news.ref].source
    nth = sum(mark < news.mark for mark in told.get(own, ()))
    return [sorted(marks)[nth] for source, marks in told.items() if source != own and len(marks) > nth]


def _notices(order: Order, news: News) -> list[Notice]:
    """Gives the notices of one piece of news: to seller and buyer, as far as each is known and is to hear it."""
    kind, (at, event_id) = TELLS[news.scope, news.milestone].kind, news.mark
    to_seller, to_buyer = NOTICES[kind]
    shop = order.seller[3]
    seller = shop if to_seller else ""
    buyer = order.details.buyer_id if to_buyer and order.details else ""
    if not seller and not buyer:
        return []
    notices, values = [], _values(order, news)
    told = f"{order.order_id}/{kind}/{news.milestone}/{news.ref}"
    if seller:
        notices.append(Notice(f"{told}/s", f"seller:{seller}", kind, order.order_id, at, event_id, values))
    if buyer:
        notices.append(Notice(f"{told}/b", f"buyer:{buyer}", kind, order.order_id, at, event_id, values, shop))
    return notices


def _values(order: Order, news: News) -> dict[str, str]:
    """Gives what a text may name: the article, the money, the parcel, the reason."""
    values: dict[str, str] = {}
    if order.details:
        values = {"amount": str(order.details.total), "currency": order.details.currency}
        if order.details.lines:
            values["item"] = order.details.lines[0].name
    things = getattr(order, news.scope) if news.scope in VALUES else {}
    thing = next(iter(things.values())) if len(things) == 1 else things.get(news.ref)
    if thing is not None:
        values |= VALUES[news.scope](thing, news.milestone)
    elif news.milestone == "cancelled" and order.cancelled_by:
        values |= {"by": order.cancelled_by[2], "reason": order.cancelled_by[3]}
    elif news.scope == "review" and order.review:
        values["stars"] = str(order.review.stars)
    return values


def _of_money(thing: Payment | Refund, _: str) -> dict[str, str]:
    return {"amount": str(thing.amount), "currency": thing.currency}


def _of_package(package: Package, _: str) -> dict[str, str]:
    return {"carrier": package.carrier, "tracking_number": package.number}


def _of_case(case: Case, milestone: str) -> dict[str, str]:
    return {"decision": milestone, "kind": case.kind, "reason": case.reason}


VALUES: dict[str, Callable[[Any, str], dict[str, str]]] = {
    "payments": _of_money,
    "refunds": _of_money,
    "packages": _of_package,
    "cancellations": _of_case,
    "returns": _of_case,
    "claims": _of_case,
}
"""Part of the order → what a text may name of it."""
