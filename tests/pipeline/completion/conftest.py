"""A TikTok Shop on this machine, and an account that may ask it."""

import pytest
import stamina

from pipeline.settings import Account
from tests.pipeline.completion.fake import CIPHER, KEY, SECRET, FakeTikTok


@pytest.fixture
def tiktok():
    with FakeTikTok() as fake:
        yield fake


@pytest.fixture
def owner(tiktok):
    """The account of the fake's shop: `owner(refresh_token="other")`."""

    def make(**said):
        api = {"refresh_token": "refresh-1", "shop_cipher": CIPHER, "shop_id": "77", "url": tiktok.url, **said}
        api.setdefault("auth_url", tiktok.url)
        return Account(source="tiktok_shop", name="main", secrets=(SECRET,), app_key=KEY, api=api)

    return make


@pytest.fixture
def without_pauses():
    """Repetitions come at once."""
    with stamina.set_testing(True, attempts=4):
        yield
