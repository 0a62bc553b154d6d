"""What every event carries, whatever it tells."""

from dataclasses import field

from pydantic.dataclasses import dataclass

from schemas.times import Instant

VERSION = 1
"""The newest version of an event that is read here. What an older reader must not pass over makes it a newer one."""


@dataclass(slots=True, frozen=True)
class Evidence:
    """Where the bytes lie that an event was read from: a record of topic `webhooks.received`."""

    topic: str
    partition: int
    offset: int
    written_at: Instant
    """When the broker's record was written, for the freshness of the first hop."""


@dataclass(slots=True, frozen=True, kw_only=True)
class Event:
    """Something that happened to an order, as one sender told it.

    `occurred_at` is the sender's time, `received_at` ours. Of two events with one `occurred_at` the higher
    `rank` is the later: for senders whose clock is coarse or absent.
    """

    event_id: str
    type: str
    order_id: str
    occurred_at: Instant
    received_at: Instant
    source: str
    evidence: Evidence
    seller_id: str | None = None
    rank: int = 0
    version: int = field(default=1)
