"""Tests that share something that takes seconds to start, or that would starve each other, run one after the other."""

import os

import pytest


@pytest.mark.xdist_group("alone")
def test_groups_hold(request):
    """pytest-xdist tells its scheduler by the test's id; with a pytest that it does not know it tells nothing."""
    assert request.node.nodeid.endswith("@alone") == ("PYTEST_XDIST_WORKER" in os.environ)
