"""Promises: clocks that run without events. Who waits is told when one comes near, and when it is broken.

A job of its own that reads `order.snapshots` like anybody else: tracking could not read its own changelog, and keeps
whole orders, where a clock needs some dates.
"""

from collections.abc import Iterable, Iterator

from agents.rules.promises.alarms import Rules, follow, ring
from agents.rules.upgrades import upgrade
from pipeline import codec
from pipeline.settings import Settings
from pipeline.streams.agent import Agent, Batch, Due, Message, Rows, Table, agent
from schemas.facts import VERSION, Order
from schemas.promises import CLOCKS_VERSION, Clocks
from schemas.times import DAY, HOUR

KEPT = 400 * DAY
"""An order that has been silent for longer waits for nothing any more."""

clocks: Table[Clocks] = Table(
    "clocks",
    changelog="promises.clocks",
    decode=codec.reader(Clocks, CLOCKS_VERSION),
    encode=codec.encode,
    keep_ms=KEPT,
    written_at=lambda row: row.touched_at,
    wakes=lambda row: row.wake or None,
)

_order = codec.reader(Order, VERSION, upgrade)


def reminding_agent(settings: Settings) -> Agent:
    """Gives the agent that tells as the settings say."""
    rules = Rules(settings.promises.percents, round(settings.promises.late_hours * HOUR), settings.times().owned)

    def tell(due: Due, clocks: Rows[Clocks]) -> Iterator[Message]:
        for key in due.keys:
            row = clocks.get(key) or Clocks()
            for notice in ring(key.decode(), row, due.now, rules):
                yield Message("notices", notice.audience.encode(), codec.encode(notice))
            clocks.put(key, row)

    @agent("order.snapshots", table=clocks, ring=tell)
    def remind(batch: Batch, clocks: Rows[Clocks]) -> Iterable[Message]:
        """Keeps the clocks of what each order has promised, and tells when one comes near or is broken."""
        for record, order in batch.read(_order):
            _keep_up(record.key or b"", order, record.timestamp, clocks, rules)
        return ()

    return remind


def _keep_up(key: bytes, order: Order, at: int, clocks: Rows[Clocks], rules: Rules) -> None:
    """Keeps a row only of an order that waits for something, or of which something was told."""
    known = clocks.get(key)
    row = known or Clocks()
    if not follow(row, order, at, rules):
        return
    if row.clocks:
        row.touched_at, row.version = at, CLOCKS_VERSION
        clocks.put(key, row)
    elif known:
        clocks.delete(key)
