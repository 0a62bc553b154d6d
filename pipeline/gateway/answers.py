"""Answers: what a sender hears, as its `Manners` say.

Whatever is kept is answered 2xx: also types that nobody knows yet and bodies that nobody can read, since no retry
would mend them. What is transient is 503 with Retry-After.
"""

import json
from http import HTTPStatus
from typing import NamedTuple

from pipeline.sources import Manners, Refused

STATUSES = {"too_large": 413, "slow_body": 408, "bug": 500}
"""Why a webhook was turned away → status. Every other reason passes by itself: 503."""

RETRY_AFTER = 5
"""Seconds after which a sender that heeds the header may try again."""


class TurnedAway(Exception):
    """A webhook that was not kept. `reason` is one word, for counting."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


class Answer(NamedTuple):
    """One HTTP answer."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


def kept(manners: Manners) -> Answer:
    """Gives the answer to a webhook that Kafka has, and to a sender that only tries the address."""
    said = ((b"content-type", b"application/json"),) if manners.body else ()
    return Answer(manners.kept, manners.body, said)


def problem(status: int, detail: str, **headers: str) -> Answer:
    """Gives a problem document (RFC 9457)."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    told = {"content-type": "application/problem+json", **{n.replace("_", "-"): text for n, text in headers.items()}}
    return Answer(status, json.dumps(document).encode(), tuple((n.encode(), told[n].encode()) for n in told))


def refused(manners: Manners, error: Refused) -> Answer:
    """Gives the answer to a request that proves nothing."""
    return _to(manners, problem(getattr(manners, error.reason), f"{error.detail}."))


def turned_away(manners: Manners, error: TurnedAway) -> Answer:
    """Gives the answer to a webhook that was not kept."""
    status = STATUSES.get(error.reason, 503)
    headers = {"retry_after": str(RETRY_AFTER)} if status == 503 else {"connection": "close"}  # noqa: PLR2004
    return _to(manners, problem(status, f"{error.detail}.", **headers))


def _to(manners: Manners, answer: Answer) -> Answer:
    """Gives the answer as the sender must hear it: without a body where it may have none."""
    if not manners.silent:
        return answer
    return Answer(answer.status, b"", tuple(header for header in answer.headers if header[0] != b"content-type"))
