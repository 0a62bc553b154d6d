"""The end of a run, by Ctrl-C or by force, and the start after it."""

import json
import signal

import pytest

from tests.journeys.system import until

pytestmark = pytest.mark.xdist_group("journeys")


@pytest.fixture(autouse=True)
def running_again(arus):
    """Whatever becomes of a test here, the journeys after it find a running Arus."""
    yield
    if not arus.is_up:
        arus.start()


@pytest.fixture
def orders(arus, account):
    """An order that must still be there after the next start."""
    told = {"order_id": "kept", "buyer_id": "siti", "total": 50_000, "cod": True}
    body = json.dumps({"type": "order_placed", "timestamp": "2026-11-20T03:00:00Z", "data": told}).encode()
    until(lambda: arus.send(account("standard_webhooks"), body).is_success)
    return until(lambda: orders if "kios:kept," in (orders := arus.orders()) else "")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_end_leaves_nothing_behind(arus, orders, how):
    """Ctrl-C, SIGTERM and a closed terminal end every process; the next start has every order."""
    assert len(arus.processes()) == 9  # the supervisor, its seven children, Kafka

    assert arus.stop(how) == 0

    assert arus.processes() == {}
    arus.start()
    assert until(arus.orders) == orders


def test_a_killed_supervisor_leaves_nothing_behind(arus, orders):
    """Even kill -9 of the supervisor leaves no process, and the next start has every order."""
    arus.stop(signal.SIGKILL)

    until(lambda: arus.processes() == {})
    arus.start()
    assert until(arus.orders) == orders


def test_a_power_cut_of_processes(arus, orders):
    """Kill -9 of everything at once loses nothing."""
    for process in arus.processes().values():
        process.kill()
    arus.stop(signal.SIGKILL)

    arus.start()
    assert until(arus.orders) == orders


def test_a_second_start_is_refused(arus):
    """A home has one Arus; the second is told where the first is."""
    told = arus.run("up")
    assert told.returncode == 1
    assert told.stderr.strip().startswith("arus: Arus runs already in ")
    assert arus.ready["api"] in told.stderr


def test_a_damaged_warehouse_is_made_anew(arus, orders):
    """A file that cannot be read is rebuilt from Kafka by one command, with every order."""
    arus.stop()
    (arus.home / "arus.duckdb").write_bytes(b"this is no database" * 1_000)

    done = arus.run("rebuild", "--json")

    assert done.returncode == 0, done.stderr
    arus.start()
    assert until(arus.orders) == orders
