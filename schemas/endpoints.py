"""Endpoints: where a seller's own system hears what the inbox is told, and how each message on its way there stands."""

from typing import Literal

from msgspec import Struct

from schemas.ids import digest
from schemas.notices import Notice

State = Literal["waiting", "delivered", "failed", "missed"]
"""Of a message. failed: every attempt was in vain. missed: it was not tried, as its endpoint was paused or crowded."""


class Endpoint(Struct, omit_defaults=True, gc=False):
    """A seller's own endpoint: the value of topic `endpoints`, keyed by audience; the newest counts.

    url: empty = there is none. since: what was told before is not sent. former: the secret before, which signs beside
    the new one until then. messages: kinds of notices to buyers that leave through it too.
    """

    seller_id: str
    url: str = ""
    secret: str = ""
    former: str = ""
    former_until: int = 0
    messages: list[str] = []
    since: int = 0
    changed_at: int = 0


class Wish(Struct, omit_defaults=True, gc=False):
    """What a seller wants of an endpoint now: the value of topic `endpoint.wishes`.

    send: this notice, whatever became of it before. resume: a paused endpoint works again.
    """

    seller_id: str
    what: Literal["send", "resume"]
    asked_at: int
    notice: Notice | None = None


class Standing(Struct, omit_defaults=True, gc=False):
    """How an endpoint does: the value of topic `endpoint.standings`, keyed by audience; the newest counts.

    failing_since: the first failure after the last success. paused_at: since then nothing is sent, until it is resumed.
    """

    seller_id: str
    failing_since: int = 0
    paused_at: int = 0
    why: str = ""
    changed_at: int = 0


class Sending(Struct, omit_defaults=True, gc=False):
    """One message on its way: the value of topic `endpoint.sendings`, keyed by sending_id; the newest counts.

    attempts: those made. due: when the next one is. answer: what the last one heard. asked_by: topic and offset of the
    record that wants it sent; its partition is the sending's own.
    """

    sending_id: str
    seller_id: str
    notice: Notice
    state: State = "waiting"
    attempts: int = 0
    due: int = 0
    attempted_at: int = 0
    answer: str = ""
    asked_by: tuple[str, int] = ("", 0)


def sending_id(notice_id: str) -> str:
    """Gives the `webhook-id` of a notice: the same for each attempt, so that a receiver can drop what it has."""
    return f"msg_{digest(notice_id)}"


def audience_of(seller_id: str) -> str:
    """Gives the key of what concerns a seller's endpoint: that of the notices to this seller."""
    return f"seller:{seller_id}"
