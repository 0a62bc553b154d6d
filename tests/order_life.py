"""docs/order-life.md, made from the code: what each event makes of an order, and what may be asked of it when.

`python -m tests.order_life` writes it anew.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from agents.rules.history import take
from schemas.commands import COMMANDS, REFUSALS
from schemas.events import Event
from schemas.registry import OF_ORDERS
from schemas.statuses import STATUSES
from tests.agents.events import order_of, scan, tell

PAGE = Path(__file__).parent.parent / "docs" / "order-life.md"

_NEW = (tell("order_placed"), tell("payment_paid", 1))
_READY = (*_NEW, tell("order_confirmed", 2))
_ARRANGED = (*_READY, tell("shipping_arranged", 3))
_SHIPPED = (*_ARRANGED, scan("picked_up", 4))
_DELIVERED = (*_SHIPPED, scan("delivered", 5))
_ASKED = (*_DELIVERED, tell("return_requested", 6))

LIVES: dict[str, tuple[Event, ...]] = {
    "unknown": (tell("payment_requested", 0),),
    "unpaid": _NEW[:1],
    "on_hold": (*_NEW, tell("order_held", 2)),
    "new": _NEW,
    "ready_to_ship": _READY,
    "awaiting_collection": _ARRANGED,
    "partially_shipped": (
        *_ARRANGED,
        tell("shipping_arranged", 3, package_id="k2", tracking_number="N2"),
        scan("picked_up", 4),
    ),
    "in_transit": _SHIPPED,
    "delivered": _DELIVERED,
    "completed": (*_DELIVERED, tell("receipt_confirmed", 6)),
    "returned_to_seller": (*_SHIPPED, scan("returned", 5)),
    "cancelled": (*_NEW, tell("order_cancelled", 2)),
    "return_requested": _ASKED,
    "return_in_progress": (*_ASKED, tell("return_approved", 7)),
    "returned": (*_ASKED, tell("return_approved", 7), tell("return_closed", 8, outcome="refunded")),
}
"""Status → the shortest life that leads to it."""

LATER = 24.0

_SCANS = ("label_created", "picked_up", "out_for_delivery", "delivered", "returned", "cancelled")
STEPS: dict[str, dict[str, Any]] = {
    **{kind: {} for kind in OF_ORDERS if kind not in {"package_scanned", "status_reported", "return_closed"}},
    "return_closed (refunded)": {"outcome": "refunded"},
    "return_closed (none)": {"outcome": "none"},
    **{f"package_scanned ({milestone})": {"milestone": milestone} for milestone in _SCANS},
    **{f"status_reported ({row.name})": {"status": row.name} for row in STATUSES if row.implies},
}
"""What happens, and the fields that matter."""


def became(life: Iterable[Event], step: str) -> str:
    """Gives the status that a life comes to by one more step."""
    order = order_of(*life)
    kind, fields = step.partition(" ")[0], STEPS[step]
    take(order, scan(fields["milestone"], LATER) if kind == "package_scanned" else tell(kind, LATER, **fields))
    return order.status


def page() -> str:
    """Gives the whole page."""
    return "\n".join([*_head(), *_events(), *_commands(), *_refusals()]) + "\n"


def _head() -> Iterator[str]:
    yield "# The life of an order"
    yield ""
    yield "Made from the code by `python -m tests.order_life`; a test holds that it says what the code does."
    yield ""
    yield "## What happened → where the order then stands"
    yield ""
    yield (
        "A column is a status, reached by the shortest life; a cell the status after one more such event, a day "
        "later. An empty cell: it stays as it is. Events may come late and in any order: the status is always that of "
        "all facts together."
    )
    yield ""


def _events() -> Iterator[str]:
    yield f"| event | {' | '.join(LIVES)} |"
    yield f"|---|{'---|' * len(LIVES)}"
    for step in STEPS:
        after = [became(life, step) for life in LIVES.values()]
        cells = ["" if status == before else status for before, status in zip(LIVES, after, strict=True)]
        yield f"| `{step}` | {' | '.join(cells)} |"


def _commands() -> Iterator[str]:
    yield ""
    yield "## What may be asked, by whom and when"
    yield ""
    yield "| command | by | in these statuses | leads to | |"
    yield "|---|---|---|---|---|"
    for name, kind in COMMANDS.items():
        events = ", ".join(f"`{event}`" for event in kind.events)
        yield f"| `{name}` | {', '.join(kind.by)} | {', '.join(kind.statuses)} | {events} | {kind.says} |"


def _refusals() -> Iterator[str]:
    yield ""
    yield "## Why it may be refused"
    yield ""
    yield "| rule | HTTP | |"
    yield "|---|---|---|"
    for rule, refusal in REFUSALS.items():
        yield f"| `{rule}` | {refusal.http_status} | {refusal.says} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
