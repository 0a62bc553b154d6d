"""When a message is tried again, and when its endpoint is left alone. Pure; clock (ms) and dice are passed in."""

from typing import NamedTuple

from msgspec.structs import replace

from schemas.endpoints import Sending, Standing
from schemas.times import DAY, HOUR, MINUTE, SECOND

AFTER = (
    *(5 * SECOND, 5 * MINUTE, 30 * MINUTE),
    *(2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR),
)
"""From one attempt to the next, as the specification of Standard Webhooks has it: ten attempts in three days."""

SPREAD = 0.1
"""Share of it that chance adds, so that what failed together does not come together."""

PAUSE_AFTER = 5 * DAY
"""An endpoint that takes nothing for so long is paused."""

LONGEST_HOLD = HOUR
"""An endpoint that wants rest gets so much at most."""


class Outcome(NamedTuple):
    """What became of one attempt. gone: it never wants anything again. rest: ms that it wants to be left alone."""

    is_taken: bool
    answer: str
    is_gone: bool = False
    rest: int = 0


def settled(sending: Sending, outcome: Outcome, now: int, dice: float) -> Sending:
    """Gives a message after an attempt: delivered, waiting for the next one, or failed after the last."""
    attempts = sending.attempts + 1
    told = replace(sending, attempts=attempts, attempted_at=now, answer=outcome.answer, due=0)
    if outcome.is_taken:
        return replace(told, state="delivered")
    if attempts > len(AFTER):
        return replace(told, state="failed")
    after = max(AFTER[attempts - 1], outcome.rest)
    return replace(told, due=now + round(after * (1 + SPREAD * dice)))


def missed(sending: Sending, why: str) -> Sending:
    """Gives a message that is not tried any more; its seller may have it sent again."""
    return replace(sending, state="missed", answer=why, due=0)


def after(standing: Standing, outcome: Outcome, now: int) -> Standing:
    """Gives how an endpoint does after an attempt; the same standing where nothing changed."""
    if outcome.is_taken:
        return Standing(standing.seller_id, changed_at=now) if standing.failing_since else standing
    since = standing.failing_since or now
    if not standing.paused_at and (outcome.is_gone or now - since >= PAUSE_AFTER):
        return replace(standing, failing_since=since, paused_at=now, why=outcome.answer, changed_at=now)
    if standing.failing_since:
        return standing
    return replace(standing, failing_since=now, why=outcome.answer, changed_at=now)
