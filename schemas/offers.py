"""`offers`: what a party may ask of an order as it looks; the judgement at fold time has the last word.

For pages and programs that show what can be done. OFFERED says what each command needs besides its row of COMMANDS.
"""

from collections.abc import Callable

from schemas.cases import has_goods_to_send, unfinished, waiting
from schemas.commands import COMMANDS, Role, Terms
from schemas.facts import Order


def _asks(part: str) -> Callable[[Order], bool]:
    return lambda order: not unfinished(order, part)


def _answers(part: str) -> Callable[[Order], bool]:
    return lambda order: bool(waiting(order, part))


def _is_coming_back(order: Order) -> bool:
    steps = {"approved", "shipped", "received"}
    return any(steps & order.returns[ref].marks.keys() for ref in unfinished(order, "returns"))


OFFERED: dict[str, Callable[[Order], bool]] = {
    "request_cancellation": _asks("cancellations"),
    "withdraw_cancellation": _answers("cancellations"),
    "decide_cancellation": _answers("cancellations"),
    "open_claim": _asks("claims"),
    "resolve_claim": _answers("claims"),
    "request_return": _asks("returns"),
    "withdraw_return": _answers("returns"),
    "decide_return": _answers("returns"),
    "ship_return": lambda order: any(map(has_goods_to_send, order.returns.values())),
    "receive_return": _is_coming_back,
    "request_refund": lambda order: not waiting(order, "refunds"),
    "decide_refund": _answers("refunds"),
}


def offers(order: Order, by: Role, terms: Terms) -> list[str]:
    """Gives the commands that there is a point in asking, in the order of COMMANDS."""
    found = []
    for name, kind in COMMANDS.items():
        alone = name != "cancel" or by != "buyer" or order.status in terms.buyer_cancels
        if by in kind.by and order.status in kind.statuses and alone and OFFERED.get(name, bool)(order):
            found.append(name)
    return found


def missing(order: Order) -> list[str]:
    """Gives what is still to be known before an order can be confirmed: `buyer`, `articles`, `payment`."""
    details = order.details
    lacks = {
        "buyer": details is None or not (details.buyer_id or details.buyer_name),
        "articles": details is None or not any(line.quantity > 0 for line in details.lines),
        "payment": not {"paid", "cod"} & order.marks.keys() and "paid" not in order.reported,
    }
    return [name for name, is_missing in lacks.items() if is_missing]
