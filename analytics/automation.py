"""Automation: what sellers want to go on by itself is asked for like anything else, as a command of the system's.

It looks at what is loaded and asks; tracking judges. Nothing is kept here: a command has one id for one matter, so
asked again after a restart, or by two processes at once, it has one effect.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import structlog
from starlette.concurrency import run_in_threadpool

from analytics.access import OPERATOR
from analytics.api.services import Services
from pipeline import codec
from schemas.cases import waiting
from schemas.commands import Command, command_id
from schemas.facts import Order

log = structlog.get_logger()

EVERY = 1.0
"""Seconds between two looks."""

AT_ONCE = 300
"""Orders that one look takes in."""

WHO = "automation"
SWITCHES = ("confirms", "completes", "cancels", "asks_review")
REMEMBERED = 20_000
"""Commands that are not asked again by this process: their answer is on its way, or was no."""

Wanted = tuple[str, dict[str, Any]]

_order = msgspec.json.Decoder(Order).decode


def wanted(order: Order, in_stock: list[str], now: int) -> Wanted | None:
    """Gives the command that an order's seller wants now, and its payload; None while nothing is due."""
    due = order.due
    if order.status == "new":
        skus = {line.sku for line in order.details.lines if line.quantity > 0} if order.details else set()
        return ("confirm", {}) if skus and skus <= set(in_stock) else None
    if order.status == "delivered" and due.get("receive", now) < now and not waiting(order, "claims"):
        return "complete", {}
    if order.status == "completed" and not order.review and "review_asked" not in order.marks:
        return "ask_review", {}
    if order.status == "unpaid" and due.get("pay", now) < now:
        return "cancel", {"reason": "not paid in time"}
    return None


class Automation:
    """Looks, once in a while, for what is to go on by itself."""

    def __init__(self, ours: Services) -> None:
        self._ours = ours
        self._asked: dict[str, None] = {}

    async def run(self) -> None:
        """Looks until it is cancelled; a look that fails is told and tried again."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await run_in_threadpool(self.look)
            except Exception:
                log.warning("automation.look_failed", exc_info=True)  # Kafka or the warehouse may be away

    def look(self) -> int:
        """Asks for all that is due; gives how many commands that were. Raises what Kafka or the warehouse raise."""
        asked = 0
        for command in self._due():
            self._ours.write_record("commands", command.order_id.encode(), codec.encode(command))
            self._remember(command.command_id)
            asked += 1
        return asked

    def _due(self) -> Iterator[Command]:
        now = self._ours.now()
        if not any(row[switch] for row in self._ours.report("settings", OPERATOR) for switch in SWITCHES):
            return
        for row in self._ours.report("automatic", OPERATOR, now=now, limit=AT_ONCE):
            order = _order(row["facts"])
            found = wanted(order, row["in_stock"], now)
            if found is None:
                continue
            name, payload = found
            command = command_id(order.order_id, "system", WHO, f"{name}/{row['since']}")
            if command not in self._asked and command not in order.answers:
                yield Command(command, order.order_id, name, "system", WHO, now, payload)

    def _remember(self, command: str) -> None:
        self._asked[command] = None
        if len(self._asked) > REMEMBERED:
            del self._asked[next(iter(self._asked))]
