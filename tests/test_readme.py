"""The README says what the code says."""

from tests.readme import README, made


def test_tables_that_repeat_code_are_the_code():
    """`python -m tests.readme` has nothing to change."""
    assert made(README.read_text()) == README.read_text()


def test_it_is_short():
    """Two hundred lines at most: who reads it has work to do."""
    assert len(README.read_text().splitlines()) <= 200
