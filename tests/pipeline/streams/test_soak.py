"""Short soaks: after kill -9, freezing, SIGTERM, a lost or frozen broker and poison all is there exactly once."""

import pytest

from tests.pipeline.streams.soak import Soak


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("soak")
@pytest.mark.parametrize(
    ("store", "kinds"), [("memory", ["freeze", "kill", "stall"]), ("rocksdict", ["broker", "term", "stall"])], ids=str
)
async def test_nothing_is_lost_doubled_or_wrong(tmp_path, store, kinds):
    """Every event is counted once in the rows, told once, passed on once; an alarm rings once, a poison is a letter."""
    soak = Soak(tmp_path, store=store, rate=300, faults=0.003)
    account = await soak.run(kinds, len(kinds))
    assert account.events > 1_000
    assert account.poison > 0
    assert account.alarms > 100
    assert account.faults() == {}
