"""What an order's page tells of its promises."""

import pytest

from analytics.pages.orders import promise
from tests.agents.events import START, order_of, scan, tell

THERE = (
    tell("order_placed"),
    tell("payment_paid", 1),
    tell("order_confirmed", 2),
    tell("shipping_arranged", 3),
    scan("delivered", 50),
)


@pytest.mark.parametrize(
    ("events", "words", "key"),
    [
        ((tell("return_requested", 60, case_id="c1"),), "Answer by", "answer_return/c1"),
        (
            (tell("return_requested", 60, case_id="c1"), tell("return_approved", 61, case_id="c1")),
            "To be refunded by",
            "refund/c1",
        ),
        ((), "Completes by itself by", "receive"),
    ],
)
def test_the_promise_that_matters_is_told(events, words, key):
    """Also of one of several returns, each of which has its own."""
    order = order_of(*THERE, *events)
    assert promise(order, START) == {"words": words, "at": order.due[key], "left_ms": order.due[key] - START}


def test_an_order_that_waits_for_nothing_tells_none():
    """A completed one promises nothing any more."""
    assert promise(order_of(*THERE, tell("order_completed", 300)), START) is None
