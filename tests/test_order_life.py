"""docs/order-life.md says what the code does."""

import pytest

from schemas.registry import OF_ORDERS
from schemas.statuses import STATUSES
from tests.agents.events import order_of
from tests.order_life import LIVES, PAGE, STEPS, page


def test_the_page_is_what_the_code_makes():
    """`python -m tests.order_life` has nothing to change."""
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("status", LIVES)
def test_each_life_leads_to_its_status(status):
    """The columns are what their heads say."""
    assert order_of(*LIVES[status]).status == status


def test_no_status_and_no_event_is_left_out():
    """Each status is a column, each type of event a row."""
    assert {row.name for row in STATUSES} == LIVES.keys()
    assert {step.partition(" ")[0] for step in STEPS} == set(OF_ORDERS)
