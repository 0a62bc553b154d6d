"""What nobody may kill unheard: tests/chaos kills and harms each process, but brings a Kafka of its own."""

import json

import pytest

from tests.journeys.system import until

pytestmark = pytest.mark.xdist_group("journeys")


@pytest.mark.parametrize("name", ["agents tracking", "kafka"])
def test_a_killed_process_comes_back(arus, account, name):
    """After kill -9 the process is there again, every order is what it was, and a new one gets through."""
    _place(arus, account, f"before-{name}")
    before = until(lambda: _all_there(arus, f"before-{name}"))
    killed = arus.processes()[name]

    killed.kill()

    until(lambda: (found := arus.processes().get(name)) and found.pid != killed.pid)
    _place(arus, account, f"after-{name}")
    after = until(lambda: _all_there(arus, f"after-{name}"))
    assert set(before.splitlines()) <= set(after.splitlines())
    assert len(after.splitlines()) == len(before.splitlines()) + 1


def _place(arus, account, name: str) -> None:
    told = {"order_id": name.replace(" ", "-"), "buyer_id": "siti", "total": 50_000, "cod": True}
    body = json.dumps({"type": "order_placed", "timestamp": "2026-11-20T03:00:00Z", "data": told}).encode()
    until(lambda: arus.send(account("standard_webhooks"), body).is_success)


def _all_there(arus, name: str) -> str:
    orders = arus.orders()
    return orders if f"kios:{name.replace(' ', '-')}," in orders else ""
