"""How events of topic `payments` join."""

from sys import intern

from agents.rules.joins import MOVED, is_newer, keep_earliest, stamp_of
from schemas.facts import Order, Payment, Refund
from schemas.payments import PaymentMoved, RefundMoved


def pay(order: Order, event: PaymentMoved, _: str, mark: str) -> int:
    """Marks a step of a payment; a chargeback leaves the amount, as it may take back a part of it."""
    payment = order.payments.get(event.payment_id)
    if payment is None:
        payment = order.payments[event.payment_id] = Payment()
    change = keep_earliest(payment.marks, mark, event)
    if mark == "paid":
        keep_earliest(order.marks, mark, event)
    if mark == "charged_back" or not is_newer(event, payment.stamp):
        return change
    payment.stamp, payment.source = stamp_of(event), event.source
    payment.amount, payment.currency, payment.method = event.amount, intern(event.currency), event.method
    return change or MOVED


def refund(order: Order, event: RefundMoved, _: str, mark: str) -> int:
    """Marks a step of a refund."""
    known = order.refunds.setdefault(event.refund_id, Refund())
    change = keep_earliest(known.marks, mark, event)
    if not is_newer(event, known.stamp):
        return change
    known.stamp, known.source = stamp_of(event), event.source
    known.amount, known.currency, known.case_id = event.amount, intern(event.currency), event.case_id
    return change or MOVED
