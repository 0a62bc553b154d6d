"""A thin webhook comes in, the sender's API is asked, and the details are there; whoever is killed in between."""

import json
from collections.abc import Iterator

import pytest

from tests.journeys.system import System, until
from tests.pipeline.completion import fake_lazada, fake_shopee
from tests.pipeline.completion.fake import CIPHER, KEY, SECRET, FakeTikTok, order
from tests.pipeline.completion.fake_lazada import FakeLazada
from tests.pipeline.completion.fake_shopee import FakeShopee

pytestmark = pytest.mark.xdist_group("journeys")

AT = 1_764_000_000


@pytest.fixture(scope="module")
def shop() -> Iterator[FakeTikTok]:
    with FakeTikTok() as fake:
        yield fake


@pytest.fixture(scope="module")
def shopee() -> Iterator[FakeShopee]:
    with FakeShopee() as fake:
        yield fake


@pytest.fixture(scope="module")
def lazada() -> Iterator[FakeLazada]:
    with FakeLazada() as fake:
        yield fake


@pytest.fixture(scope="module")
def arus(shop, shopee, lazada, tmp_path_factory) -> Iterator[System]:
    """An Arus with one shop at each marketplace, whose APIs are on this machine."""
    system = System(tmp_path_factory.mktemp("completion"))
    (system.folder / "arus.toml").write_text(
        f"""
        [[accounts]]
        source = "tiktok_shop"
        name = "kios"
        seller = "kios"
        app_key = "{KEY}"
        secrets = ["{SECRET}"]
        [accounts.api]
        refresh_token = "refresh-1"
        shop_cipher = "{CIPHER}"
        url = "{shop.url}"
        auth_url = "{shop.url}"
        reconcile_every = 0
        [[accounts]]
        source = "shopee"
        name = "kios-shopee"
        seller = "kios"
        secrets = ["{fake_shopee.SECRET}"]
        [accounts.api]
        refresh_token = "refresh-1"
        partner_id = "{fake_shopee.PARTNER}"
        shop_id = "{fake_shopee.SHOP}"
        url = "{shopee.url}"
        reconcile_every = 0
        [[accounts]]
        source = "lazada"
        name = "kios-lazada"
        seller = "kios"
        app_key = "{fake_lazada.KEY}"
        secrets = ["{fake_lazada.SECRET}"]
        [accounts.api]
        refresh_token = "refresh-1"
        url = "{lazada.url}"
        auth_url = "{lazada.url}"
        reconcile_every = 0
        """
    )
    try:
        yield system.start()
    finally:
        system.stop()


def tell(arus: System, name: str, word: str = "AWAITING_SHIPMENT", at: int = AT) -> None:
    data = {"order_id": name, "order_status": word, "update_time": at}
    send(arus, "tiktok_shop", {"type": 1, "shop_id": "77", "timestamp": at, "data": data})


def send(arus: System, source: str, body: dict) -> None:
    account = next(account for account in arus.accounts() if account.source == source)
    assert until(lambda: arus.send(account, json.dumps(body).encode())).is_success


def details(arus: System, name: str, source: str = "tiktok_shop") -> str:
    """Gives the order as text once its articles are known."""
    told = json.dumps(arus.order(f"{source}:{name}") or {})
    return told if "KOPI-250" in told else ""


def test_a_thin_webhook_is_completed_and_evidence_leads_to_the_answer(arus, shop):
    """Articles, money and the parcel come from the API; the trail leads to the very bytes that it answered."""
    parcel = {"seller_sku": "KOPI-250", "package_id": "p1", "rts_time": AT + 60, "tracking_number": "JX1"}
    shop.orders["101"] = order("101", "AWAITING_COLLECTION", AT, packages=[{"id": "p1"}])
    shop.orders["101"]["line_items"][0] |= {**parcel, "shipping_provider_name": "J&T Express"}
    shop.packages["p1"] = {
        "package_id": "p1",
        "package_status": "PROCESSING",
        "orders": [{"id": "101"}],
        "shipping_provider_name": "J&T Express",
        "tracking_number": "JX1",
        "handover_method": "PICKUP",
        "update_time": AT + 60,
    }
    tell(arus, "101", "AWAITING_COLLECTION")
    told = until(lambda: (found := details(arus, "101")) and "JX1" in found and found)
    assert "84000" in told
    with arus.api() as http:
        events = http.get("/v1/orders/tiktok_shop:101/events").json()["events"]
        placed = next(event for event in events if event["type"] == "order_placed")
        raw = http.get(f"/v1/events/{placed['event_id']}/raw").text
    assert '"total_amount": "84000"' in raw
    assert not shop.refused


def test_a_push_of_shopee_is_completed_with_the_parcel_of_its_order(arus, shopee):
    """The order's answer names its package, whose own answer has the carrier and the number."""
    package = {"package_number": "OFG1", "order_sn": "S101", "fulfillment_status": "LOGISTICS_REQUEST_CREATED"}
    package |= {"update_time": AT + 60, "shipping_carrier": "J&T Express", "tracking_number": "JX2"}
    shopee.orders["S101"] = fake_shopee.order("S101", "PROCESSED", AT, package_list=[{"package_number": "OFG1"}])
    shopee.packages["OFG1"] = package
    data = {"ordersn": "S101", "status": "PROCESSED", "update_time": AT}
    send(arus, "shopee", {"code": 3, "shop_id": int(fake_shopee.SHOP), "timestamp": AT, "data": data})
    told = until(lambda: (found := details(arus, "S101", "shopee")) and "JX2" in found and found)
    assert "84000" in told
    assert not shopee.refused


def test_a_push_of_lazada_is_completed_with_the_pieces_of_its_order(arus, lazada):
    """Money, articles and the parcel come in one answer."""
    parcel = {"package_id": "FP1", "shipment_provider": "J&T Express", "tracking_code": "JX3"}
    lazada.sell("5101", AT, status="ready_to_ship", **parcel)
    data = {"trade_order_id": "5101", "trade_order_line_id": "5102", "order_status": "ready_to_ship"}
    body = {"message_type": 0, "seller_id": "7", "site": "lazada_id", "timestamp": AT * 1000}
    send(arus, "lazada", {**body, "data": {**data, "status_update_time": AT}})
    told = until(lambda: (found := details(arus, "5101", "lazada")) and "JX3" in found and found)
    assert "84000" in told
    assert not lazada.refused


def test_what_shopee_never_delivered_is_reconciled(arus, shopee):
    """A page names the order; it is taken in, and the order asked for."""
    shopee.orders["S301"] = fake_shopee.order("S301", at=AT + 5)
    kept = arus.run("sources", "reconcile", "kios-shopee", "--since", "2025-11-20", "--json")
    assert kept.returncode == 0, kept.stderr
    until(lambda: details(arus, "S301", "shopee"))


def test_the_stream_does_not_wait_for_a_sender_that_is_silent(arus, shop):
    """While no answer comes the thin fact is there; a kill -9 of the process that asks loses nothing."""
    shop.gate.clear()
    names = [str(number) for number in range(200, 220)]
    for name in names:
        shop.orders[name] = order(name)
        tell(arus, name)
    until(lambda: (arus.order(f"tiktok_shop:{names[-1]}") or {}).get("status") == "new")
    assert not details(arus, names[-1])

    killed = arus.processes()["complete"]
    killed.kill()
    shop.gate.set()

    until(lambda: (found := arus.processes().get("complete")) and found.pid != killed.pid)
    for name in names:
        until(lambda name=name: details(arus, name))
    until(lambda: _lag(arus) == 0)
    until(lambda: "tiktok_shop/kios answers (0 questions open)" in arus.run("doctor", "--json").stdout)


def test_what_was_never_delivered_is_reconciled(arus, shop):
    """No webhook ever told of this order; the sender does when it is asked what changed."""
    shop.orders["301"] = order("301", at=AT + 5)
    looked = arus.run("sources", "reconcile", "kios", "--since", "2025-11-01", "--dry-run", "--json")
    assert "301" in {change["id"] for change in json.loads(looked.stdout)}, looked.stderr
    assert arus.order("tiktok_shop:301") is None
    kept = arus.run("sources", "reconcile", "tiktok_shop/kios", "--since", "2025-11-01", "--json")
    assert kept.returncode == 0, kept.stderr
    until(lambda: details(arus, "301"))


def _lag(arus: System) -> int:
    rows = json.loads(arus.run("lag", "--json").stdout)
    return sum(row["behind"] for row in rows if row["group"] == "arus-completion")
