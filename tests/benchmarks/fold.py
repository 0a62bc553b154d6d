"""What one event costs in tracking, part by part, without Kafka: `python -m tests.benchmarks.fold`.

Each order is read from bytes and written back for every event, as it is when a batch touches it once. A part's figure
is the median over events of each step of a life, averaged over the life, of the best of several rounds.
"""

import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from agents.rules.anomalies import examine
from agents.rules.fold import fold
from agents.rules.history import take
from agents.rules.notices import news_of
from agents.tracking import orders
from pipeline import codec
from schemas.facts import Order
from tests.benchmarks.lives import STEPS, event

ORDERS, ROUNDS = 300, 5


class Clock:
    """Adds up what each part takes, step by step."""

    def __init__(self) -> None:
        self.parts: dict[str, list[list[int]]] = defaultdict(lambda: [[] for _ in range(STEPS)])
        self.step = 0

    def time(self, part: str, work: Callable[..., Any], *given: Any) -> Any:
        began = time.perf_counter_ns()
        result = work(*given)
        self.parts[part][self.step].append(time.perf_counter_ns() - began)
        return result

    def microseconds(self, part: str) -> float:
        return statistics.mean(statistics.median(step) for step in self.parts[part]) / 1_000


def once() -> dict[str, float]:
    """Folds all lives once and gives microseconds per event of each part, less what the clock itself takes."""
    clock, rows = Clock(), dict.fromkeys(range(ORDERS), orders.encode(Order(order_id="")))
    for clock.step in range(STEPS):
        for n in range(ORDERS):
            told = event(n, clock.step)
            raw = codec.encode_event(told)
            seen = clock.time("read the event", codec.decode, told.type.encode(), raw)
            order = clock.time("read the order", orders.decode, rows[n])
            order.order_id = told.order_id
            twin = orders.decode(rows[n])
            clock.time("fold", fold, twin, seen)
            change = clock.time("fold, status, history, due", take, order, seen)
            clock.time("anomalies", examine, order, seen)
            clock.time("notices", news_of, order, seen, change)
            rows[n] = clock.time("write the order", orders.encode, order)
            clock.time("", int)
    idle = clock.microseconds("")
    return {part: clock.microseconds(part) - idle for part in clock.parts if part}


def main() -> None:
    """Prints the table."""
    gc.disable()
    once()
    rounds = [once() for _ in range(ROUNDS)]
    for part in rounds[0]:
        print(f"{part:28s}{min(each[part] for each in rounds):6.2f} us per event")  # noqa: T201


if __name__ == "__main__":
    main()
