"""One running Arus for all journeys: it takes seconds to start, and they leave each other's orders alone."""

import json
from collections.abc import Callable, Iterator

import pytest

from pipeline.settings import Account
from tests.journeys.readme import block
from tests.journeys.system import System

SENDERS = {
    "tiktok_shop": {"app_key": "key"},
    "shopee": {},
    "standard_webhooks": {"orders": "kios,tiktok_shop,shopee"},
    "midtrans": {"orders": "kios"},
    "xendit": {"orders": "kios"},
    "ninjavan": {"orders": "kios"},
    "biteship": {"orders": "kios", "header": "X-Biteship-Secret"},
    "easypost": {},
    "aftership": {"orders": "kios"},
    "kiriminaja": {"orders": "kios", "carrier": "jne"},
}
"""The senders of the seller `kios`, and what the account of each needs."""


def toml() -> str:
    """Gives the accounts of the journeys, and those that the README shows."""
    lines = ["[endpoints]", "private = true", block("toml", "[[accounts]]")]
    for source, needed in SENDERS.items():
        said = {"source": source, "name": "kios", "seller": "kios", "secrets": ["c2VjcmV0LW9mLXRoZS1zaG9w"], **needed}
        lines += ["[[accounts]]", *(f"{name} = {json.dumps(value)}" for name, value in said.items())]
    return "\n".join(lines)


SHARED: list[System] = []


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Ends it after the last journey: idle beside thousands of other tests it would slow them down."""
    if nextitem is None or "journeys" not in nextitem.path.parts:
        for system in SHARED:
            system.stop()


@pytest.fixture(scope="session")
def arus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A running Arus; a test may end it if it starts it again."""
    system = System(tmp_path_factory.mktemp("arus"))
    SHARED.append(system)
    (system.folder / "arus.toml").write_text(toml())
    try:
        yield system.start()
    finally:
        system.stop()


@pytest.fixture(scope="session")
def account(arus: System) -> Callable[[str], Account]:
    """Gives an account of the seller `kios`: `account("ninjavan")`."""
    accounts = arus.accounts()
    return lambda source: next(a for a in accounts if (a.source, a.name) == (source, "kios"))
