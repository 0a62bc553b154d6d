"""What the stream told of orders besides their states: notices, and what they do with articles."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from agents.rules.notices import TELLS, introduce
from pipeline.broker.reader import Stored
from pipeline.cli.proof.reference import Reference, standings
from pipeline.cli.proof.verdict import Verdict, none_of
from schemas.facts import Order
from schemas.notices import Notice
from schemas.stock import Level

WITHOUT_EVENT = ("low_stock", "oversold", "promise_near", "promise_broken")
"""Notices of an article, of which an order is only the occasion, and of time that passed."""

ALWAYS = {tell.kind for tell in TELLS.values() if not tell.statuses}
"""What is news whatever has become of the order since."""

STANDINGS = ("reserved", "released", "shipped", "returned")


def compare_notices(
    notices: Sequence[Notice], rows: Iterable[str], told: Reference, before: Collection[str]
) -> Iterator[Verdict]:
    """Says whether each notice was told once, to Kafka and to the warehouse (`rows`: its ids there).

    before: ids of those that were told so long ago that the warehouse must have them.
    What is news at any time must have been told, and whatever is told must have one of the order's events as its cause.
    What an order can leave behind is told or not, as its webhooks came early or late.
    """
    times, listed = Counter(notice.notice_id for notice in notices), Counter(rows)
    heard = {_news_in(notice) for notice in notices}
    must = {_news_in(notice) for order in told.orders.values() for notice in _always_news(order)}
    odd = [
        n.notice_id
        for n in notices
        if n.kind not in WITHOUT_EVENT and n.event_id not in told.events.get(n.order_id, {})
    ]
    faults = {"doubled": _doubled(times), "missing": must - heard, "without a cause": odd}
    yield none_of("each notice is told once", len(times), faults)
    faults = {"doubled": _doubled(listed), "missing": before - listed.keys(), "odd": listed.keys() - times.keys()}
    yield none_of("the warehouse lists each notice once", sum(listed.values()), faults)


def _news_in(notice: Notice) -> str:
    """Names what a notice tells whom; not of which parcel or payment, as a shop and its provider name it otherwise."""
    milestone = notice.notice_id.removeprefix(f"{notice.order_id}/{notice.kind}/").partition("/")[0]
    return f"{notice.audience} {notice.order_id} {notice.kind} {milestone}"


def _doubled(times: Counter[str]) -> list[str]:
    return [name for name, count in times.items() if count > 1]


def _always_news(order: Order) -> Iterator[Notice]:
    audiences = [f"seller:{order.seller[3]}"] if order.seller[3] else []
    if order.details and order.details.buyer_id:
        audiences.append(f"buyer:{order.details.buyer_id}")
    for audience in audiences:
        yield from (notice for notice in introduce(order, audience) if notice.kind in ALWAYS)


def compare_levels(levels: Iterable[Stored], orders: Mapping[str, Order]) -> Verdict:
    """Says whether each article's pieces are those of all orders together; `levels` are the changelog's records."""
    rows = {record.key: record.value for record in levels if record.key}
    found = {key.decode(): msgspec.json.decode(value, type=Level) for key, value in rows.items() if value}
    wanted = standings(orders.values())
    has = {key: tuple(getattr(level, name) for name in STANDINGS) for key, level in found.items()}
    must = {key: tuple(pieces[name] for name in STANDINGS) for key, pieces in wanted.items()}
    none = (0,) * len(STANDINGS)
    wrong = [key for key in has.keys() | must.keys() if has.get(key, none) != must.get(key, none)]
    return none_of("each article has the pieces of all its orders", len(has), {"differ": wrong})
