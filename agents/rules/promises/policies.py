"""By when a promise must be kept: what the policy of its market says, on that market's calendar."""

from agents.rules.promises.calendar import end_of_business_day
from schemas.policies import policy_of
from schemas.times import HOUR


def due_at(promise: str, market: str, since: int) -> int | None:
    """Gives the instant by which a promise that began at `since` must be kept; None where no policy says so."""
    policy = policy_of(promise, market, since)
    if policy is None:
        return None
    if policy.unit == "hours":
        return since + policy.amount * HOUR
    return end_of_business_day(since, policy.amount, market)
