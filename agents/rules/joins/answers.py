"""How answers to commands join: of each command the first one counts, of an order the latest commands.MOST."""

from agents.rules.joins import NEW, SAME
from schemas.commands import MOST, Answer
from schemas.facts import VERSION, Order


def keep(order: Order, answer: Answer) -> int:
    """Keeps what became of a command."""
    known = order.answers.get(answer.command_id)
    if known is not None and _age(known) <= _age(answer):
        return SAME
    order.answers[answer.command_id], order.version = answer, VERSION
    if len(order.answers) > MOST:
        del order.answers[min(order.answers, key=lambda command: _age(order.answers[command]))]
    return NEW


def _age(answer: Answer) -> tuple[int, str, str]:
    return (answer.decided_at, answer.command_id, answer.refused)
