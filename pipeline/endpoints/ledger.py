"""How far Kafka may be told that we are: a pure account of what was read of `endpoint.sendings` and is not settled.

What is told lies never beyond the newest record of a message that still waits. So whoever takes a partition over reads
from there what waits, and makes messages only of those records that no message was made of yet.
"""

from schemas.endpoints import Sending

REMEMBERED = 10_000
"""Of so many messages that were settled lately it is known that they were."""


class Ledger:
    """The account of one partition."""

    def __init__(self) -> None:
        self._waiting: dict[str, int] = {}
        self._found: dict[str, Sending] = {}
        self._settled: dict[str, tuple[str, int]] = {}
        self._asked_by: set[tuple[str, int]] = set()
        self.taken: dict[str, int] = {}
        """Topic that asks → where reading of it goes on, once all before is taken."""
        self._next = 0
        self.is_behind = True
        """Whether what was there before is still being read."""

    def note(self, offset: int, sending: Sending) -> None:
        """Takes note of a record of `endpoint.sendings`.

        That a message waits which was settled already, and not asked for anew, says a process that was frozen while
        another one settled it: it counts for nothing.
        """
        self._next = offset + 1
        if self.is_behind:
            self._asked_by.add(sending.asked_by)
        if sending.state == "waiting":
            if self._settled.get(sending.sending_id) == sending.asked_by:
                return
            self._waiting[sending.sending_id] = offset
        else:
            self._waiting.pop(sending.sending_id, None)
            self._settle(sending)
        if self.is_behind:
            self._found[sending.sending_id] = sending

    def _settle(self, sending: Sending) -> None:
        self._settled[sending.sending_id] = sending.asked_by
        if len(self._settled) > REMEMBERED:
            del self._settled[next(iter(self._settled))]

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
