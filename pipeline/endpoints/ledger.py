"""How far Kafka may be told that we are: a pure account of what was read of `endpoint.sendings` and is not settled.

What is told lies never beyond the newest record of a message that still waits. So whoever takes a partition over reads
from there what waits, and makes messages only of those records that no message was made of yet.
"""

from schemas.endpoints import Sending


class Ledger:
    """The account of one partition."""

    def __init__(self) -> None:
        self._waiting: dict[str, int] = {}
        self._found: dict[str, Sending] = {}
        self._asked_by: set[tuple[str, int]] = set()
        self._next = 0
        self.is_behind = True
        """Whether what was there before is still being read."""

    def note(self, offset: int, sending: Sending) -> None:
        """Takes note of a record of `endpoint.sendings`."""
        self._next = offset + 1
        is_waiting = sending.state == "waiting"
        if is_waiting:
            self._waiting[sending.sending_id] = offset
        else:
            self._waiting.pop(sending.sending_id, None)
        if self.is_behind:
            self._asked_by.add(sending.asked_by)
            self._found[sending.sending_id] = sending

    def begin(self) -> list[Sending]:
        """Gives what waits, once all is read that was there."""
        found, self._found, self.is_behind = self._found, {}, False
        return [sending for sending in found.values() if sending.state == "waiting"]

    def has_made(self, topic: str, offset: int) -> bool:
        """Tells whether a message was made of this record by whoever had the partition before; asked once of each."""
        if (topic, offset) in self._asked_by:
            self._asked_by.remove((topic, offset))
            return True
        return False

    def position(self) -> int | None:
        """Gives the offset of `endpoint.sendings` where whoever comes after us begins; None while it is not known."""
        if self.is_behind or not self._next:
            return None
        return min(self._waiting.values(), default=self._next)
