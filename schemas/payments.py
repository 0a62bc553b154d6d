"""Events of topic `payments`: money that comes in and money that goes back."""

from pydantic.dataclasses import dataclass

from schemas.events import Event


@dataclass(slots=True, frozen=True, kw_only=True)
class PaymentMoved(Event):
    """`payment_requested`, `_authorized`, `_paid`, `_failed`, `_expired`, `chargeback_opened`; minor units."""

    payment_id: str
    amount: int
    currency: str = "IDR"
    method: str = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class RefundMoved(Event):
    """`refund_requested`, `_approved`, `_settled`, `_failed`; minor units. `case_id` names its return, if known."""

    refund_id: str
    amount: int
    currency: str = "IDR"
    case_id: str = ""
