"""The README says what the code says."""

import pytest

from tests.readme import PAGES, README, made


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_that_repeat_code_are_the_code(page):
    """`python -m tests.readme` has nothing to change."""
    assert made(page.read_text()) == page.read_text()


def test_it_is_short():
    """Two hundred lines at most: who reads it has work to do."""
    assert len(README.read_text().splitlines()) <= 200
