"""Correcting: a state that was folded anew takes the place of the very one that it was compared with."""

from collections.abc import Iterator

import msgspec

from agents.rules.anomalies import differences
from pipeline import codec
from pipeline.streams.agent import Batch, Message, Record, Rows
from schemas.corrections import Correction, stamp
from schemas.facts import VERSION, Order, Transition

_correction = msgspec.json.Decoder(Correction).decode


def correct(batch: Batch, orders: Rows[Order]) -> Iterator[Message]:
    """Puts corrected states in their places and tells what is otherwise now; of what it was before nobody is told anew.

    An order that has moved on meanwhile stays as it is: who corrects looks again.
    """
    for record, told in batch.read(_correction):
        key = told.order_id.encode()
        if key != record.key or told.order.order_id != told.order_id:
            batch.bury(record, "wrong_key", f"a correction of order {told.order_id!r} under key {record.key!r}")
            continue
        if told.order.version != VERSION:
            batch.bury(record, "other_version", "another version of Arus folded it: `arus rebuild --states` once more")
            continue
        known = orders.get(key)
        if stamp(codec.encode(known) if known else b"") == told.was:
            yield from _news(known or Order(told.order_id), told, record)
            orders.put(key, told.order)


def _news(before: Order, told: Correction, record: Record) -> Iterator[Message]:
    key = told.order_id.encode()
    if told.order.status != before.status:
        yield Message("order.transitions", key, codec.encode(_transition(before, told, record)))
    for anomaly in differences(told.order, before.anomalies, (told.corrected_at, told.correction_id)):
        yield Message("anomalies", key, codec.encode(anomaly))


def _transition(before: Order, told: Correction, record: Record) -> Transition:
    order = told.order
    return Transition(
        transition_id=f"{told.order_id}/{told.correction_id}",
        order_id=told.order_id,
        seller_id=order.seller[3],
        before=before.status,
        after=order.status,
        occurred_at=order.history[-1][0] if order.history else told.corrected_at,
        event_id=told.correction_id,
        event_type="state_corrected",
        source="arus",
        received_at=told.corrected_at,
        raw_written_at=record.timestamp,
        event_written_at=record.timestamp,
    )
