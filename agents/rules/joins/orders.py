"""How events of topic `orders` join."""

from collections.abc import Iterable
from sys import intern

from agents.rules.joins import MOVED, NEW, SAME, is_newer, keep_all, keep_earliest, stamp_of
from schemas.facts import Article, Case, Details, Order, Review
from schemas.orders import CaseMoved, Line, OrderMarked, OrderPlaced, ReviewLeft, StatusReported
from schemas.statuses import BY_NAME


def reach(order: Order, event: OrderMarked, _: str, mark: str) -> int:
    """Marks a milestone of the order."""
    return keep_earliest(order.marks, mark, event)


def describe(order: Order, event: OrderPlaced, _: str, mark: str) -> int:
    """Keeps the order as it was last described. That it is paid at the door is a milestone: it makes the order new."""
    change = keep_earliest(order.marks, mark, event)
    if event.cod and keep_earliest(order.marks, "cod", event):
        change = change or MOVED
    if order.details is not None and not is_newer(event, order.details.stamp):
        return change
    order.details = Details(
        stamp=stamp_of(event),
        buyer_id=event.buyer_id,
        buyer_name=event.buyer_name,
        city=event.city,
        lines=_articles(event.lines),
        currency=intern(event.currency),
        discount=event.discount,
        shipping_fee=event.shipping_fee,
        tax=event.tax,
        total=event.total,
        cod=event.cod,
        market=intern(event.market),
        channel=event.channel,
    )
    return change or MOVED


def hold(order: Order, event: OrderMarked, _: str, mark: str) -> int:
    """Keeps every hold and every release: an order may be held again."""
    return max(keep_earliest(order.marks, mark, event), keep_all(order.holds, (*stamp_of(event), mark == "held")))


def cancel(order: Order, event: OrderMarked, _: str, mark: str) -> int:
    """Marks the cancellation; who and why are those of the first one told."""
    told = (event.occurred_at, event.event_id, event.by, event.reason)
    order.cancelled_by = min(order.cancelled_by or told, told)
    return keep_earliest(order.marks, mark, event)


def move_case(order: Order, event: CaseMoved, scope: str, mark: str) -> int:
    """Marks a step of a cancellation request, a return or a claim, and keeps the first word on each question."""
    cases: dict[str, Case] = getattr(order, scope)
    case = cases.setdefault(event.case_id, Case())
    change = keep_earliest(case.marks, mark, event)
    if is_newer(event, case.stamp):
        case.stamp = stamp_of(event)
    for question in ("by", "kind", "reason", "outcome"):
        answer = getattr(event, question)
        if answer and keep_earliest(case.told, question, event):
            setattr(case, question, answer)
            change = change or MOVED
    if event.lines and keep_earliest(case.told, "lines", event):
        case.lines = _articles(event.lines)
        change = change or MOVED
    return change


def _articles(lines: Iterable[Line]) -> list[Article]:
    return [Article(line.sku, line.name, line.quantity, line.unit_price) for line in lines]


def report(order: Order, event: StatusReported, _: str, __: str) -> int:
    """Takes a marketplace's word as evidence of what it implies; a word that we do not know proves nothing."""
    implied = BY_NAME[event.status].implies if event.status in BY_NAME else ()
    if not implied:
        return SAME
    change = max([keep_earliest(order.reported, milestone, event) for milestone in implied if milestone != "released"])
    if "released" in implied and keep_earliest(order.reported, "released", event):
        change = change or MOVED  # that a hold may have ended is told to nobody: it makes no news of what is known
    if event.status == "on_hold":
        change = max(change, keep_all(order.holds, (*stamp_of(event), True)))
    if order.word is None or is_newer(event, order.word[:3]):
        order.word = (*stamp_of(event), event.status, event.word)
        change = change or MOVED
    return change


def review(order: Order, event: ReviewLeft, _: str, __: str) -> int:
    """Keeps the first review: the initial one is what counts."""
    at, known = (event.occurred_at, event.event_id), order.review
    if known is not None and known.at <= at:
        return SAME
    order.review = Review(at, event.stars)
    return NEW if known is None else MOVED
