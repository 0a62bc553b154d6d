"""Tracking: all that is known of an order, and what changed."""

from collections.abc import Iterator, Sequence

from agents import deciding
from agents.addressing import messages
from agents.correcting import correct
from agents.rules.anomalies import examine
from agents.rules.history import take
from agents.rules.joins import answers
from agents.rules.notices import introduce, news_of
from agents.rules.upgrades import upgrade
from pipeline import codec
from pipeline.streams.agent import Batch, Message, Rows, Table, agent
from schemas.events import Event
from schemas.facts import VERSION, Order, Transition
from schemas.notices import Notice

orders: Table[Order] = Table(
    "orders", changelog="order.snapshots", decode=codec.reader(Order, VERSION, upgrade), encode=codec.encode
)


@agent("orders", "payments", "shipments", "commands", "command.answers", "order.corrections", table=orders)
def track(batch: Batch, orders: Rows[Order]) -> Iterator[Message]:
    """Folds each order's facts into its state and tells what changed: status, contradictions, news, answers."""
    return _READS.get(batch.topic, _follow)(batch, orders)


def _follow(batch: Batch, orders: Rows[Order]) -> Iterator[Message]:
    for record, event in batch.events():
        key = event.order_id.encode()
        if key != record.key:
            batch.bury(record, "wrong_key", f"an event of order {event.order_id!r} under key {record.key!r}")
            continue
        known = orders.get(key)
        order = known or Order(order_id=event.order_id)
        yield from _take(order, event, record.timestamp, _strangers(known))
        orders.put(key, order)


def _obey(batch: Batch, orders: Rows[Order]) -> Iterator[Message]:
    """Judges each command that has no answer yet, and does at once what it leads to."""
    for asked in deciding.commands_in(batch):
        key = asked.command.order_id.encode()
        order = orders.get(key) or Order(order_id=asked.command.order_id)
        if asked.command.command_id in order.answers:
            continue
        answer, events = deciding.decide(order, asked, batch)
        strangers = _strangers(order)
        for event in events:
            yield from messages(event)
            yield from _take(order, event, asked.record.timestamp, strangers)
        answer.status = order.status
        answers.keep(order, answer)
        yield Message("command.answers", key, codec.encode(answer))
        orders.put(key, order)


def _remember(batch: Batch, orders: Rows[Order]) -> Iterator[Message]:
    """Keeps answers, which are facts: a state that is made anew knows them too."""
    for answer in deciding.answers_in(batch):
        key = answer.order_id.encode()
        order = orders.get(key) or Order(order_id=answer.order_id)
        if answers.keep(order, answer):
            orders.put(key, order)
    return iter(())


_READS = {"commands": _obey, "command.answers": _remember, "order.corrections": correct}


def _take(order: Order, event: Event, written_at: int, strangers: tuple[bool, bool]) -> Iterator[Message]:
    """Folds an event into an order and tells what that changed."""
    status = order.status
    change = take(order, event)
    if order.status != status:
        yield Message(
            "order.transitions", event.order_id.encode(), codec.encode(_transition(event, order, status, written_at))
        )
    if change or order.ahead:
        for anomaly in examine(order, event):
            yield Message("anomalies", event.order_id.encode(), codec.encode(anomaly))
    for notice in _news(order, event, change, strangers):
        yield Message("notices", notice.audience.encode(), codec.encode(notice))


def _transition(event: Event, order: Order, before: str, written_at: int) -> Transition:
    return Transition(
        transition_id=f"{order.order_id}/{event.event_id}",
        order_id=order.order_id,
        seller_id=order.seller[3],
        before=before,
        after=order.status,
        occurred_at=order.history[-1][0],
        event_id=event.event_id,
        event_type=event.type,
        source=event.source,
        received_at=event.received_at,
        raw_written_at=event.evidence.written_at,
        event_written_at=written_at,
    )


def _strangers(order: Order | None) -> tuple[bool, bool]:
    """Tells whether seller and buyer have missed something: the order is known and they are not."""
    return (False, False) if order is None else (not order.seller[3], order.details is None)


def _news(order: Order, event: Event, change: int, strangers: tuple[bool, bool]) -> Sequence[Notice]:
    """Gives what the event brought, and to a party that is known since this event all that is news still."""
    news, (new_seller, new_buyer) = news_of(order, event, change), strangers
    if not (new_seller or new_buyer):
        return news
    met = []
    if new_seller and order.seller[3]:
        met.append(f"seller:{order.seller[3]}")
    if new_buyer and order.details and order.details.buyer_id:
        met.append(f"buyer:{order.details.buyer_id}")
    if not met:
        return news
    told = {notice.notice_id: notice for audience in met for notice in introduce(order, audience)}
    return list((told | {notice.notice_id: notice for notice in news}).values())
