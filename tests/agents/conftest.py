"""What the agents' tests share: simulated lives, and hypothesis without a clock."""

import pytest
from hypothesis import settings as hypothesis

from pipeline.settings import Settings, load
from pipeline.simulate import demo
from pipeline.simulate.shops import shops
from pipeline.simulate.traffic import Webhook, past
from pipeline.sources import SOURCES, Request
from schemas.deliveries import Delivery
from schemas.times import parse

hypothesis.register_profile("agents", deadline=None, print_blob=True)
hypothesis.load_profile("agents")

UNTIL = parse("2026-11-24T12:00:00Z")


@pytest.fixture(scope="session")
def demo_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The demo's accounts."""
    home = tmp_path_factory.mktemp("home")
    demo.open_shop(home)
    return load(home=home)


@pytest.fixture(scope="session")
def deliveries(demo_settings: Settings) -> list[Delivery]:
    """Three hundred lives with repeats, delays and cut-off bodies, as the gateway keeps them."""
    return [kept(webhook) for webhook in past(shops(demo_settings.accounts), 300, seed="s", days=21, until=UNTIL)]


def kept(webhook: Webhook) -> Delivery:
    """Gives the delivery that the gateway makes of a webhook."""
    account, source = webhook.account, SOURCES[webhook.account.source]
    signed = source.scheme.sign(webhook.body, account, webhook.due)
    dedupe_id = source.dedupe_id(Request(signed.body, signed.headers))
    return Delivery(source.id, account.name, dedupe_id, signed.body, webhook.due, written_at=webhook.due)
