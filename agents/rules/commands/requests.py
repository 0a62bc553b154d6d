"""Judgements about what one party asks of the other: cancellations, returns, claims and refunds."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agents.rules.commands.saying import Refused, Told, marked_at
from schemas.cases import ANSWERS, ENDS, SENT, has_goods_to_send, is_open, unfinished
from schemas.commands import Command
from schemas.facts import Case, Order, Refund, by_witness
from schemas.ids import carrier_id, digest
from schemas.payloads import Amount, Decision, Received, Resolution, SentBack

Cases = Mapping[str, Case] | Mapping[str, Refund]
Judgement = Callable[[Order, Command, Any], Sequence[Told]]


def ask(part: str, event: str) -> Judgement:
    """Makes the judgement of a request: one of a kind at a time."""

    def judge(order: Order, command: Command, asked: Any) -> Sequence[Told]:  # noqa: ANN401  # of any shape
        for ref in unfinished(order, part):
            raise Refused("already", case_id=ref, **_since(order, getattr(order, part)[ref]))
        kind = {"kind": asked.kind} if hasattr(asked, "kind") else {}
        case_id = digest(command.command_id)
        return [Told(event, {"case_id": case_id, "by": command.by, "reason": asked.reason, **kind})]

    return judge


def withdraw(part: str, event: str) -> Judgement:
    """Makes the judgement of taking a request back, which is possible until it is answered."""

    def judge(order: Order, command: Command, asked: Any) -> Sequence[Told]:  # noqa: ANN401  # as above
        case_id = _the_one(order, part, asked.case_id, ANSWERS[part])
        return [Told(event, {"case_id": case_id, "by": command.by, "reason": asked.reason})]

    return judge


def decide_cancellation(order: Order, command: Command, asked: Decision) -> Sequence[Told]:
    """A yes cancels as the buyer asked, for the buyer's reason."""
    case_id = _the_one(order, "cancellations", asked.case_id, ANSWERS["cancellations"])
    if asked.accept:
        case = order.cancellations[case_id]
        return [Told("order_cancelled", {"by": case.by or "buyer", "reason": case.reason})]
    return [Told("cancellation_rejected", {"case_id": case_id, "by": command.by, "reason": asked.reason})]


def decide_return(order: Order, command: Command, asked: Decision) -> Sequence[Told]:
    """A return is approved or rejected, once."""
    case_id = _the_one(order, "returns", asked.case_id, ANSWERS["returns"])
    kind = "return_approved" if asked.accept else "return_rejected"
    reason = asked.reason if not order.returns[case_id].reason or not asked.accept else ""
    return [Told(kind, {"case_id": case_id, "by": command.by, "reason": reason})]


def ship_return(order: Order, command: Command, asked: SentBack) -> Sequence[Told]:
    """Goods of an approved return are on their way back, once; of a return of money alone there are none."""
    case_id = _the_one(order, "returns", asked.case_id, SENT)
    if not has_goods_to_send(order.returns[case_id]):
        raise Refused("no_case", what="goods" if "approved" in order.returns[case_id].marks else "approved")
    parcel = {
        "carrier": carrier_id(asked.carrier) if asked.carrier.strip() else "",
        "tracking_number": asked.tracking_number.strip().upper(),
    }
    return [Told("return_shipped", {"case_id": case_id, "by": command.by, **parcel})]


def receive_return(order: Order, command: Command, asked: Received) -> Sequence[Told]:
    """Goods of an approved return are back; with an outcome the return is closed too."""
    case_id = _the_one(order, "returns", asked.case_id, ENDS["returns"])
    case = order.returns[case_id]
    if case.marks.keys().isdisjoint(("approved", "shipped", "received")):
        raise Refused("no_case", what="approved")
    if "received" in case.marks and not asked.outcome:
        raise Refused("already", case_id=case_id, **marked_at(order, case.marks["received"]))
    told = [] if "received" in case.marks else [Told("return_received", {"case_id": case_id, "by": command.by})]
    if asked.outcome:
        fields = {"case_id": case_id, "by": command.by, "outcome": asked.outcome, "reason": asked.reason}
        told.append(Told("return_closed", fields))
    return told


def resolve_claim(order: Order, command: Command, asked: Resolution) -> Sequence[Told]:
    """A claim ends."""
    case_id = _the_one(order, "claims", asked.case_id, ANSWERS["claims"])
    fields = {"case_id": case_id, "by": command.by, "outcome": asked.outcome, "reason": asked.reason}
    return [Told("claim_resolved", fields)]


def request_refund(order: Order, command: Command, asked: Amount) -> Sequence[Told]:
    """Money goes back, no more than is left of what was paid; the seller needs nobody's yes."""
    currency = order.details.currency if order.details else "IDR"
    left = _left_of(order, currency)
    amount = left if asked.amount is None else asked.amount
    if not 0 < amount <= left:
        raise Refused("amount", left=str(left), currency=currency)
    fields = {
        "refund_id": digest(command.command_id),
        "amount": amount,
        "currency": currency,
        "case_id": asked.case_id,
    }
    steps = ("requested", "approved") if command.by == "seller" else ("requested",)
    return [Told(f"refund_{step}", fields) for step in steps]


def decide_refund(order: Order, _: Command, asked: Decision) -> Sequence[Told]:
    """A refund that was asked for is approved or refused."""
    refund_id = _the_one(order, "refunds", asked.case_id, ANSWERS["refunds"])
    refund = order.refunds[refund_id]
    fields = {
        "refund_id": refund_id,
        "amount": refund.amount,
        "currency": refund.currency,
        "case_id": refund.case_id,
    }
    return [Told("refund_approved" if asked.accept else "refund_failed", fields)]


def _the_one(order: Order, part: str, case_id: str, answers: tuple[str, ...]) -> str:
    """Finds the case that is meant. Raises Refused when none waits for an answer, or several and none is named."""
    cases: Cases = getattr(order, part)
    if case_id in cases and (step := next((step for step in answers if step in cases[case_id].marks), "")):
        raise Refused("already", case_id=case_id, step=step, **marked_at(order, cases[case_id].marks[step]))
    found = [ref for ref, case in cases.items() if is_open(case, answers) and case_id in ("", ref)]
    if len(found) == 1:
        return found[0]
    if found:
        raise Refused("which", cases=", ".join(sorted(found)))
    answered = [(case.marks[step], step, ref) for ref, case in cases.items() for step in answers if step in case.marks]
    if answered and not case_id:
        mark, step, ref = max(answered)
        raise Refused("already", case_id=ref, step=step, **marked_at(order, mark))
    raise Refused("no_case")


def _since(order: Order, case: Case | Refund) -> dict[str, str]:
    return marked_at(order, min(case.marks.values()))


def _left_of(order: Order, currency: str) -> int:
    """Gives how much of what was paid has not gone back and is not asked back, as whoever tells of most tells it."""
    paid = [payment for payment in order.payments.values() if "paid" in payment.marks]
    came = max(by_witness(paid, currency).values(), default=0)
    if not paid and order.details and ("cod" in order.marks or "paid" in order.reported):
        came = order.details.total
    going = [refund for refund in order.refunds.values() if "failed" not in refund.marks]
    return came - max(by_witness(going, currency).values(), default=0)
