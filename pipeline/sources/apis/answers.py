"""What the answers of all senders have in common: what HTTP itself tells, and that there must be JSON."""

from pipeline.settings import Account
from pipeline.sources.apis.api import Answer, Locked, Throttled, Unwell
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Untranslatable

OK, TOO_MANY, SERVER_ERRORS = 200, 429, 500


def read_answer(answer: Answer, who: str) -> Reading:
    """Reads an answer. Raises Throttled or Unwell: what is no JSON comes from between us and them, or an ill server."""
    if answer.status == TOO_MANY:
        raise Throttled(f"{who} has had too many questions", _seconds(answer.headers.get("retry-after", "")))
    if answer.status >= SERVER_ERRORS:
        raise Unwell(f"{who} answers with status {answer.status}")
    try:
        return read(answer.body)
    except Untranslatable as error:
        raise Unwell(f"{who} answers with status {answer.status} and {error.detail}") from error


def not_renewed(account: Account, who: str, why: str) -> Locked:
    """Says that a sender gives no tokens any more, and what a person must do."""
    return Locked(
        f"{who} does not renew the access of {account.source}/{account.name} ({why}): "
        "let the shop authorize the app anew, and set api.refresh_token to the new one"
    )


def _seconds(told: str) -> float | None:
    return float(told) if told.isdecimal() else None
