"""Asking on the way through everything: a shop's switch, a command by HTTP, and the way down from what they led to."""

import json

import pytest

from tests.journeys.system import until

pytestmark = pytest.mark.xdist_group("journeys")

ORDER = "kios:asking-1"


def test_an_order_is_confirmed_by_itself_and_shipped_by_command(arus, account):
    """Once its stock is there; the trail says that it went by itself, and leads to the command that was asked."""
    file = arus.folder / "asking.csv"
    file.write_text("sku,name,quantity\nGULA-1,Gula 1 kg,5\n")
    assert arus.run("stock", "import", str(file), "--seller", "kios").returncode == 0
    token = arus.token("--seller", "kios")
    with arus.api(token) as http:
        assert http.put("/v1/settings", json={"confirms": True}).status_code == 200
        place(arus, account, "asking-1")
        until(lambda: (arus.order(ORDER) or {}).get("status") == "ready_to_ship")
        assert http.put("/v1/settings", json={}).status_code == 200

        events = http.get(f"/v1/orders/{ORDER}/events").json()["events"]
        [confirmed] = [event for event in events if event["type"] == "order_confirmed"]
        assert (confirmed["source"], confirmed["evidence"]["topic"]) == ("automation", "commands")
        asked = http.get(f"/v1/events/{confirmed['event_id']}/raw").json()
        assert (asked["name"], asked["by"], asked["who"]) == ("confirm", "system", "automation")

        again = http.post(f"/v1/orders/{ORDER}/confirm")
        assert (again.status_code, again.json()["rule"], again.json()["values"]["by"]) == (409, "already", "system")

        parcel = {"carrier": "JNE", "tracking_number": "CGKASK1", "insured": True}
        key = {"Idempotency-Key": "ship-1"}
        answers = [http.post(f"/v1/orders/{ORDER}/arrange_shipping", json=parcel, headers=key) for _ in range(2)]
        told = until(lambda: http.get(f"/v1/commands/{answers[0].json()['command_id']}").json())
        assert [answer.json()["command_id"] for answer in answers] == [told["command_id"]] * 2
        order = until(lambda: (found := arus.order(ORDER))["status"] == "awaiting_collection" and found)
        [package] = order["packages"]
        assert (package["carrier"], package["tracking_number"], package["insured"]) == ("jne", "CGKASK1", True)


def place(arus, account, name: str) -> None:
    lines = [{"sku": "GULA-1", "name": "Gula 1 kg", "quantity": 2, "unit_price": 1_000}]
    told = {"order_id": name, "buyer_id": "siti", "total": 2_000, "cod": True, "lines": lines}
    body = json.dumps({"type": "order_placed", "timestamp": "2026-11-20T03:00:00Z", "data": told}).encode()
    until(lambda: arus.send(account("standard_webhooks"), body).is_success)
