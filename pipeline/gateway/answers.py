"""ANSWERS: what each sender must hear, so that it neither gives up what it should repeat nor repeats what is kept.

Whatever is kept is answered 200 without a body, which every sender here takes for success: also types that nobody
knows yet and bodies that nobody can read, since no retry would mend them. What is transient is 503 with Retry-After.
"""

import json
from http import HTTPStatus
from typing import NamedTuple

from pipeline.sources import Refused

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


class Manners(NamedTuple):
    """How one sender is answered when its request proves nothing. `silent`: no answer may have a body."""

    missing_signature: int = 401
    bad_signature: int = 401
    stale: int = 401
    unreadable: int = 400
    silent: bool = False


ANSWERS: dict[str, Manners] = {
    # A 401 ends TikTok's retries as a 200 does, so it is for a signature that is truly wrong. One that is missing was
    # dropped on the way, by a proxy that keeps `Authorization` to itself: TikTok tries again while that is mended.
    "tiktok_shop": Manners(missing_signature=400, unreadable=400, silent=True),
    # An answer with a body counts as a failed push, and too many of those end the subscription.
    "shopee": Manners(silent=True),
    # Every 4xx is final for Ninja Van; it is said only to what no secret of ours proves.
    "ninjavan": Manners(),
    # 503 is tried again four times in over two hours, 400 (a body without a signature to check) twice, 401 five times.
    "midtrans": Manners(),
    "biteship": Manners(),
    "easypost": Manners(),
    "aftership": Manners(),
    "xendit": Manners(),
    # 410 would end the endpoint for good and is never said.
    "standard_webhooks": Manners(),
}

KEPT = Answer(200)
"""Kafka has it. Also the answer to a sender that only tries the address."""


def problem(status: int, detail: str, **headers: str) -> Answer:
    """Gives a problem document (RFC 9457)."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    told = {"content-type": "application/problem+json", **{n.replace("_", "-"): text for n, text in headers.items()}}
    return Answer(status, json.dumps(document).encode(), tuple((n.encode(), told[n].encode()) for n in told))


def refused(source: str, error: Refused) -> Answer:
    """Gives the answer to a request that proves nothing."""
    return _to(source, problem(getattr(ANSWERS[source], error.reason), f"{error.detail}."))


def turned_away(source: str, error: TurnedAway) -> Answer:
    """Gives the answer to a webhook that was not kept."""
    status = STATUSES.get(error.reason, 503)
    headers = {"retry_after": str(RETRY_AFTER)} if status == 503 else {"connection": "close"}  # noqa: PLR2004
    return _to(source, problem(status, f"{error.detail}.", **headers))


def _to(source: str, answer: Answer) -> Answer:
    """Gives the answer as the sender must hear it: without a body where it may have none."""
    if not ANSWERS[source].silent:
        return answer
    return Answer(answer.status, b"", tuple(header for header in answer.headers if header[0] != b"content-type"))
