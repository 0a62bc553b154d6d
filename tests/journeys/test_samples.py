"""Real bodies of senders of each kind, through HTTP, Kafka, the agents and DuckDB, to the page of their order."""

import json
from pathlib import Path

import pytest

from tests.journeys.conftest import SENDERS
from tests.journeys.system import until

pytestmark = pytest.mark.xdist_group("journeys")

SAMPLES = Path(__file__).parents[1] / "pipeline" / "sources" / "samples"

ENDS = {
    "tiktok_shop:576486316948490001": "return_requested",
    "tiktok_shop:576684019603311365": "new",
    "shopee:251214B9XAB0ST": "new",
    "shopee:26010336BPD1G2": "awaiting_collection",
    "shopee:241128EDQ9YKJ0": "return_in_progress",
    "kios:1001": "unpaid",
    "kios:Order-5100": "new",
    "kios:invoice_123124123": "new",
    "kios:8374": "returned_to_seller",
    "kios:TESTREFNO": "in_transit",
    "kios:biteship-order-id-123": "delivered",
    "kios:string": "in_transit",
    "kios:X": "awaiting_collection",
    "kios:BDI-1754377171060": "in_transit",
}
"""order → its status once every sample was taken."""


@pytest.fixture(scope="module")
def taken(arus, account):
    """An Arus that took every sample of these senders; all others go as far as Kafka in the gateway's tests."""
    for file in sorted(file for source in SENDERS for file in (SAMPLES / source).glob("*.json")):
        answer = arus.send(account(file.parent.name), file.read_bytes())
        assert answer.is_success, (file, answer.text)
    return arus


@pytest.mark.parametrize(("order", "status"), ENDS.items())
def test_a_sample_ends_on_its_orders_page(taken, order, status):
    """The order of a sample has the status that its samples prove."""
    until(lambda: (taken.order(order) or {}).get("status") == status)


def test_a_parked_scan_waits_for_its_order(taken, account):
    """EasyPost's parcel is parked until the seller's own system says whose it is, and then is that order's."""
    with taken.api() as http:
        until(lambda: "fedex" in http.get("/v1/ops/parked").text)
    told = {"order_id": "kios:2002", "package_id": "P1", "carrier": "FedEx", "tracking_number": "1"}
    arranged = {"type": "shipping_arranged", "timestamp": "2024-07-31T14:00:00Z", "data": told}
    assert taken.send(account("standard_webhooks"), json.dumps(arranged).encode()).is_success
    until(lambda: (taken.order("kios:2002") or {}).get("status") == "in_transit")
    with taken.api() as http:
        until(lambda: "fedex" not in http.get("/v1/ops/parked").text)


def test_a_trail_leads_to_the_senders_bytes(taken):
    """From an event on the order's page one gets the very bytes that were sent."""
    until(lambda: taken.order("kios:Order-5100"))
    with taken.api() as http:
        (event,) = http.get("/v1/orders/kios:Order-5100/events").json()["events"]
        raw = http.get(f"/v1/events/{event['event_id']}/raw")
    assert json.loads(raw.content)["order_id"] == "Order-5100" or b"Order-5100" in raw.content


def test_what_cannot_be_translated_is_a_dead_letter(taken):
    """A body that is no event of ours was answered 2xx, and lies untouched among the dead letters."""
    listed = until(lambda: json.loads(taken.run("dead-letters", "list", "--json", "--cause", "unknown_type").stdout))
    shown = json.loads(taken.run("dead-letters", "show", listed[0]["at"], "--json").stdout)
    assert shown["value"] == (SAMPLES / "standard_webhooks" / "spec_example_event.json").read_text()
    counted = json.loads(taken.run("dead-letters", "redrive", "--dry-run", "--cause", "unknown_type", "--json").stdout)
    assert counted[0]["letters"] == 1


def test_one_seller_sees_nothing_of_another(taken):
    """Another seller gets neither the order, nor its trail, nor a place in the list."""
    until(lambda: taken.order("kios:Order-5100"))
    with taken.api(taken.token("--seller", "toko-melati")) as http:
        assert http.get("/v1/orders/kios:Order-5100").status_code == 404
        assert http.get("/v1/orders/kios:Order-5100/events").status_code == 404
        assert "kios" not in http.get("/v1/orders").text
