"""What a judgement says: events, or the rule that refuses."""

from typing import Any, NamedTuple

from schemas.facts import Mark, Order


class Told(NamedTuple):
    """An event that a command leads to, without what every event carries."""

    type: str
    fields: dict[str, Any]


class Refused(Exception):
    """A rule says no: which one of REFUSALS, and what its sentence names."""

    def __init__(self, rule: str, **values: str) -> None:
        super().__init__(rule)
        self.rule, self.values = rule, values


def told_at(at: int) -> dict[str, str]:
    """Says since when."""
    return {"since": str(at)}


def marked_at(order: Order, mark: Mark) -> dict[str, str]:
    """Says since when, and who did it, where a command of ours did."""
    at, event_id = mark
    answer = next((answer for answer in order.answers.values() if event_id in answer.events), None)
    by = {"by": answer.by, "command_id": answer.command_id} if answer else {}
    return {**told_at(at), "event_id": event_id, **by}
