"""What each command carries besides its name: the bodies of the API's doors and of what travels in topic `commands`."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

Name = Annotated[str, Field(max_length=100)]
Reason = Annotated[str, Field(max_length=500)]
Given = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
Number = Annotated[str, Field(max_length=80, pattern=r"^[\w./-]*$")]
Case = Annotated[str, Field(max_length=100, description="which one; may be left out while there is only one")]
Positive = Annotated[int, Field(gt=0, le=10**15)]


@dataclass(slots=True, frozen=True)
class Nothing:
    """A command that says all with its name."""


@dataclass(slots=True, frozen=True, kw_only=True)
class Shipping:
    """How a parcel travels. A number that the carrier has not given yet may be left out."""

    method: Literal["pickup", "drop_off", "own_courier"] = "pickup"
    carrier: Annotated[str, Field(min_length=1, max_length=60, pattern=r"[A-Za-z0-9]")]
    tracking_number: Number = ""
    service: Name = ""
    insured: bool = False
    package_id: Annotated[str, Field(min_length=1, max_length=80)] = "1"
    skus: tuple[Name, ...] = ()
    replace: Annotated[bool, Field(description="a new label for a package that has one")] = False


@dataclass(slots=True, frozen=True, kw_only=True)
class Because:
    """A reason, in the words of whoever asks."""

    reason: Given


@dataclass(slots=True, frozen=True, kw_only=True)
class OfCase:
    """Which request, return or claim is meant."""

    case_id: Case = ""
    reason: Reason = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class Decision:
    """Yes or no to a request."""

    accept: bool
    case_id: Case = ""
    reason: Reason = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class Return:
    """What the buyer wants: money, money for goods that go back, or other goods."""

    kind: Literal["refund", "return_and_refund", "replacement"]
    reason: Given


@dataclass(slots=True, frozen=True, kw_only=True)
class SentBack:
    """How the goods of a return travel, as far as whoever sent them says."""

    case_id: Case = ""
    carrier: Annotated[str, Field(max_length=60)] = ""
    tracking_number: Number = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class Received:
    """Goods came back; `outcome` closes the return, empty leaves it open until the money is back."""

    case_id: Case = ""
    outcome: Literal["", "refunded", "replaced", "none"] = ""
    reason: Reason = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class Resolution:
    """How a claim ends: the parcel was delivered after all, the money goes back, or the goods are sent again."""

    outcome: Literal["delivered", "refunded", "resent"]
    case_id: Case = ""
    reason: Reason = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class Amount:
    """Money to give back, minor units of the order's currency; left out: all that is left."""

    reason: Given
    amount: Positive | None = None
    case_id: Annotated[str, Field(max_length=100, description="the return that it belongs to")] = ""
