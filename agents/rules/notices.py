"""TELLS: which milestone is news to whom, and until when; `news_of` says what an event brought.

A notice is told when its milestone becomes true, not when it is heard again: so once, also through repeats and
replays. What the order has long left behind is no news: a late scan does not say "shipped" of a delivered parcel.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, cast

from agents.rules.fold import FOLDS
from agents.rules.joins import NEW
from agents.rules.joins.shipments import package_key, scanned_as
from agents.rules.parcels import ENDED, PICKED_UP, PROVES, proof_of
from schemas.events import Event
from schemas.facts import Case, Mark, Marks, Order, Package, Payment, Refund
from schemas.ids import digest
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
    ("marks", "placed"): Tell("order_created", "placed", BEFORE_SHIPPING),
    ("payments", "paid"): Tell("payment_received"),
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
    ("refunds", "approved"): Tell("refund_approved"),
    ("refunds", "settled"): Tell("refund_settled"),
    ("review", "left"): Tell("review_received"),
}
"""(Part of the order, milestone) → what it is told as."""

SAID: dict[str, tuple[str, str]] = {
    "unpaid": ("marks", "placed"),
    "new": ("marks", "placed"),
    "ready_to_ship": ("marks", "confirmed"),
    "in_transit": ("packages", "picked_up"),
    "delivered": ("packages", "delivered"),
    "cancelled": ("marks", "cancelled"),
    "return_requested": ("returns", "requested"),
}
"""A marketplace's word → the milestone that it tells of, for shops that send nothing but words."""

REFS: dict[str, str] = {
    "payments": "payment_id",
    "refunds": "refund_id",
    "cancellations": "case_id",
    "returns": "case_id",
}
"""Part of the order → the field of an event that tells which one of them."""


class News(NamedTuple):
    """Something that became true: the part of the order, its milestone, which one, and the event that tells of it."""

    scope: str
    milestone: str
    ref: str
    mark: Mark


def news_of(order: Order, event: Event, change: int) -> Sequence[Notice]:
    """Gives the notices that an event brought to an order that has taken it; `change` is what `take` said."""
    if change != NEW:
        return ()
    if event.type == "status_reported":
        news, told = _said(order, cast("StatusReported", event))
    else:
        news = _happened(order, event)
        tell = TELLS.get(news[:2])
        told = tell is None or tell.said in order.reported
    return [] if told or not _is_news(order, news) else list(_notices(order, news))


def introduce(order: Order, audience: str) -> Iterator[Notice]:
    """Gives what is still news to somebody whom nobody named until now: `seller:…` or `buyer:…`."""
    for scope, milestone in TELLS:
        for ref, marks in _milestones(order, scope).items():
            news = News(scope, milestone, ref, marks.get(milestone, (0, "")))
            if milestone in marks and _is_news(order, news):
                yield from (notice for notice in _notices(order, news) if notice.audience == audience)


def _happened(order: Order, event: Event) -> News:
    """Gives the milestone of an event that tells of one itself."""
    scope, milestone, _ = FOLDS[event.type]
    ref = str(getattr(event, REFS[scope])) if scope in REFS else ""
    if scope == "packages":
        parcel = cast("PackageScanned", event)
        ref, milestone = package_key(parcel), milestone or scanned_as(parcel)
        if PROVES[milestone] & PICKED_UP and (scope, milestone) not in TELLS:
            milestone = "picked_up"
        if milestone == "picked_up" and sum(1 for mark in order.packages[ref].marks if PROVES[mark] & PICKED_UP) > 1:
            milestone = "seen_again"
    return News(scope, milestone, ref, (event.occurred_at, event.event_id))


def _said(order: Order, event: StatusReported) -> tuple[News, bool]:
    """Gives the milestone that a marketplace's word tells of, and whether an event or an earlier word told it."""
    scope, milestone = SAID.get(event.status, ("", ""))
    news = News(scope, milestone, "", (event.occurred_at, event.event_id))
    tell = TELLS.get((scope, milestone))
    told = tell is None or order.reported[tell.said] != news.mark
    return news, told or any(milestone in marks for marks in _milestones(order, scope).values())


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
    statuses = TELLS[news[:2]].statuses
    if statuses and order.status not in statuses:
        return False
    package = order.packages.get(news.ref) if news.scope == "packages" else None
    return package is None or news.milestone == "delivered" or not proof_of(package) & ENDED


def _notices(order: Order, news: News) -> Iterator[Notice]:
    kind = TELLS[news[:2]].kind
    to_seller, to_buyer = NOTICES[kind]
    seller, buyer = order.seller[3], order.details.buyer_id if order.details else ""
    audiences = [f"seller:{seller}"] * bool(to_seller and seller) + [f"buyer:{buyer}"] * bool(to_buyer and buyer)
    values = _values(order, news) if audiences else {}
    for audience in audiences:
        yield Notice(
            notice_id=digest(audience, kind, order.order_id, f"{news.ref}/{news.milestone}"),
            audience=audience,
            kind=kind,
            order_id=order.order_id,
            occurred_at=news.mark[0],
            event_id=news.mark[1],
            values=values,
        )


def _values(order: Order, news: News) -> dict[str, str]:
    """Gives what a text may name: the article, the money, the parcel, the reason."""
    values: dict[str, str] = {}
    if order.details:
        values |= {"amount": str(order.details.total), "currency": order.details.currency}
        if order.details.lines:
            values["item"] = order.details.lines[0].name
    thing = getattr(order, news.scope).get(news.ref) if news.scope in {*REFS, "packages"} else None
    if isinstance(thing, Payment | Refund):
        values |= {"amount": str(thing.amount), "currency": thing.currency}
    elif isinstance(thing, Package):
        values |= {"carrier": thing.carrier, "tracking_number": thing.number}
    elif isinstance(thing, Case):
        values |= {"decision": news.milestone, "kind": thing.kind, "reason": thing.reason}
    elif news.milestone == "cancelled" and order.cancelled_by:
        values |= {"by": order.cancelled_by[2], "reason": order.cancelled_by[3]}
    elif order.review:
        values["stars"] = str(order.review.stars)
    return values
