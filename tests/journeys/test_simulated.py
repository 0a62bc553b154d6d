"""A load of simulated lives, and the proof that each order is what its webhooks say."""

import json

import pytest

from tests.journeys.system import until

pytestmark = pytest.mark.xdist_group("journeys")


def test_a_load_ends_as_the_reference_fold_says(arus):
    """`arus simulate --check` proves that nothing was lost, doubled or folded wrongly."""
    done = arus.run("simulate", "--orders", "150", "--seed", "journey", "--check", "--json")
    told = json.loads(done.stdout)
    assert [verdict for verdict in told["check"] if not verdict["holds"]] == []
    assert done.returncode == 0
    assert told["accepted"] == told["webhooks"]


def test_the_same_load_again_changes_nothing(arus):
    """Every webhook sent a second time is taken and told apart: no order changes."""
    story = ("simulate", "--orders", "20", "--seed", "twice", "--until", "2026-11-20T00:00:00Z")
    assert arus.run(*story, "--check").returncode == 0
    before = arus.orders()
    assert arus.run(*story, "--check").returncode == 0
    assert arus.orders() == before


def test_nothing_waits_in_the_end(arus):
    """When all is quiet no group is behind, and the topics are as they must be."""
    until(lambda: sum(row["behind"] for row in json.loads(arus.run("lag", "--json").stdout)) == 0)
    assert arus.run("topics", "check").returncode == 0
