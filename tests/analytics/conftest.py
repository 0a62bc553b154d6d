"""An app on a real warehouse, and clients that come with each kind of token."""

from collections.abc import Callable

import httpx
import pytest

from analytics.access import Tokens, Viewer
from analytics.api.app import build
from analytics.api.services import Services
from analytics.monitor import Monitor
from analytics.warehouse import Warehouse
from pipeline.settings import Settings
from tests.analytics.seed import NOW, SELLERS, seed

MELATI, KOPI, SHOPEE = (Viewer("seller", seller) for seller in SELLERS)
SITI = Viewer("buyer", "buyer-1")


class Silent:
    """A Kafka that does not answer."""

    def __call__(self):
        raise ConnectionError("nobody listens")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory) -> Warehouse:
    """Seeded once for a module's tests, which only read."""
    made = Warehouse(tmp_path_factory.mktemp("warehouse") / "arus.duckdb")
    made.orders = seed(made)
    yield made
    made.close()


@pytest.fixture(scope="module")
def services(warehouse, tmp_path_factory) -> Services:
    """Services on the seeded warehouse, at the seed's now, with a Kafka that is silent."""
    home = tmp_path_factory.mktemp("home")

    def now():
        return NOW

    return Services(Settings(home=home), warehouse, Tokens(home), Monitor(Silent(), now), loading=lambda: True, now=now)


@pytest.fixture
def client(services) -> Callable[..., httpx.AsyncClient]:
    """Makes a client: of nobody, or with the token of a viewer."""
    app = build(services)

    def make(viewer: Viewer | None = None, **headers: str) -> httpx.AsyncClient:
        if viewer:
            headers["Authorization"] = f"Bearer {services.tokens.make(viewer)}"
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://arus.test", headers=headers)

    return make
