"""Accounts and deliveries of the senders, and their sample bodies."""

from pathlib import Path

import pytest

from pipeline.settings import Account
from pipeline.sources import SOURCES
from schemas.deliveries import Delivery
from tests import keys

SAMPLES = Path(__file__).parent / "samples"

SECRET = "5ec2e7c0ffee5ec2e7c0ffee"
"""Text, hexadecimal and base64 at once: whatever a sender's secrets are, it is one."""

SAID = {
    "shopee": {"url": "https://hooks.example/shopee"},
    "standard_webhooks": {"seller": "toko"},
    "shipstation": {"secrets": (keys.NEW,)},
}
"""What the accounts of these tests say besides their sender's example."""


def pytest_generate_tests(metafunc):
    """Runs a test that asks for `sample` once for each sample body, and one that asks for `source` for each sender."""
    if "sample" in metafunc.fixturenames:
        files = sorted(SAMPLES.glob("*/*.json"))
        metafunc.parametrize("sample", files, ids=[f"{file.parent.name}/{file.stem}" for file in files])
    if "source" in metafunc.fixturenames:
        metafunc.parametrize("source", SOURCES.values(), ids=list(SOURCES))


@pytest.fixture(scope="session")
def account():
    """Makes an account that has all its sender needs: `account("ninjavan", orders="shop")`."""

    def make(source, **said):
        example = SOURCES[source].example if source in SOURCES else {}
        return Account(
            **{"source": source, "name": "main", "secrets": (SECRET,), **example, **SAID.get(source, {}), **said}
        )

    return make


@pytest.fixture(scope="session")
def other_secret():
    """Gives a secret that an account of this sender may have, and that is not the one of `account`."""
    return lambda source: keys.OLD if source == "shipstation" else "0ddba11c0ddba11c"


@pytest.fixture(scope="session")
def deliver():
    """Wraps a body as it came in: `deliver("ninjavan", b"{}")`."""

    def wrap(source, body, dedupe_id="delivery-1", received_at=1_800_000_000_000):
        return Delivery(source, "main", dedupe_id, body, received_at, {}, 3, 7, received_at + 5)

    return wrap


@pytest.fixture(scope="session")
def read_sample():
    """Gives the bytes of a sample: `read_sample("midtrans/notification_card_capture")`."""
    return lambda name: (SAMPLES / f"{name}.json").read_bytes()
