"""The events of an order's trail as the API tells them, each with the way down to what told it."""

from typing import Any, Self

from pydantic import Field

from analytics.api.shapes import Money, Shape, Text, Time, money


class Evidence(Shape):
    """Where the bytes lie that told it: a sender's own, or a command."""

    topic: str = Field(examples=["webhooks.received", "commands"])
    partition: int
    offset: int


class Event(Shape):
    """One event of an order's trail; `late` when it came long after it happened."""

    event_id: str
    type: str = Field(examples=["package_scanned"])
    occurred_at: Time
    received_at: Time
    source: str = Field(examples=["ninjavan"])
    late: bool
    carrier: Text
    tracking_number: Text
    milestone: Text
    code: Text
    words: Text
    location: Text
    status: Text
    word: Text
    amount: Money | None
    evidence: Evidence

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """Reads a row of report `trail`."""
        evidence = {name: row[f"evidence_{name}"] for name in ("topic", "partition", "offset")}
        amount = money(row["amount"], row["currency"])
        return cls.model_validate({**row, "amount": amount, "evidence": evidence})
