"""A rolling restart: workers of two versions in one group, and the way back."""

import sys

import pytest

from pipeline.broker import letters
from schemas.facts import VERSION
from tests.agents.events import tell
from tests.journeys.fleet import Fleet
from tests.journeys.system import PATIENCE

pytestmark = [pytest.mark.xdist_group("journeys"), pytest.mark.timeout(300)]

ORDERS = [f"tiktok_shop:{number}" for number in range(40)]

NEWER = """
from schemas import facts

facts.VERSION += 1  # before anybody has read it
facts.Order = type("Order", (facts.Order,), {"__annotations__": {"gifts": list[str]}, "gifts": []}, omit_defaults=True)

from agents.rules import fold
from agents.rules.joins import orders

confirm = orders.reach

def reach(order, event, *told):
    order.gifts = ["ribbon"]
    return confirm(order, event, *told)

fold.FOLDS["order_confirmed"] = fold.FOLDS["order_confirmed"]._replace(join=reach)

from pipeline.cli import main

main()
"""
"""The code of today, but that its orders have a field more: what the next version may look like."""


def test_two_versions_work_side_by_side_and_the_older_one_never_loses_what_the_newer_one_keeps(tmp_path, own_kafka):
    """A newer worker joins, takes over, and the older one, started again, stops with a sentence instead of folding."""
    with Fleet(tmp_path, own_kafka, 4, session_timeout=2.0) as fleet:
        older = fleet.start("older", "agents", "tracking")
        older.ready()
        fleet.tell(tell("order_placed", order_id=order) for order in ORDERS)
        fleet.until_all_are("unpaid", len(ORDERS))

        newer = fleet.start("newer", "agents", "tracking", program=(sys.executable, "-c", NEWER))
        newer.ready()
        fleet.tell(tell("payment_paid", 1, order_id=order) for order in ORDERS)
        paid = fleet.until_all_are("new", len(ORDERS))
        assert {order["version"] for order in paid.values()} == {
            VERSION,
            VERSION + 1,
        }  # each has some of the partitions

        assert older.end() == 0
        fleet.tell(tell("order_confirmed", 2, order_id=order) for order in ORDERS)
        fleet.until_all_are("ready_to_ship", len(ORDERS))

        assert newer.end() == 0
        back = fleet.start("older", "agents", "tracking")
        fleet.tell(tell("shipping_arranged", 3, order_id=order) for order in ORDERS)
        assert back.process.wait(PATIENCE) == 1
        assert "a newer one wrote it, start that one" in back.told

        fleet.start("newer", "agents", "tracking", program=(sys.executable, "-c", NEWER)).ready()
        arranged = fleet.until_all_are("awaiting_collection", len(ORDERS))
        assert {(order["version"], *order["gifts"]) for order in arranged.values()} == {(VERSION + 1, "ribbon")}
        assert list(letters.letters(fleet.kafka)) == []
