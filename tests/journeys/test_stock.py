"""Stock on the way through everything: a file comes in, orders take from it, a killed process changes nothing."""

import json

import pytest

from tests.journeys.system import until

pytestmark = pytest.mark.xdist_group("journeys")

FILE = "sku,name,quantity,threshold\nKOP-1,Kopi 1 kg,10,3\nTEH-1,Teh 1 kg,4,\n"


def test_a_file_of_stock_counts_once_and_orders_take_from_it(arus, account):
    """Twice imported it counts once, each number leads down to the file, and kill -9 of the job changes nothing."""
    file = arus.folder / "stock.csv"
    file.write_text(FILE)
    for _ in range(2):
        done = arus.run("stock", "import", str(file), "--seller", account("standard_webhooks").seller, "--json")
        assert json.loads(done.stdout)["sent"], done.stderr
    until(lambda: stands(arus, "KOP-1")["on_hand"] == 10)

    for number, quantity in enumerate((2, 3, 6)):
        if number == 1:
            arus.processes()["agents stock"].kill()
        order(arus, account, f"stock-{number}", quantity)
    oversold = until(lambda: (found := stands(arus, "KOP-1"))["available"] == -1 and found)

    assert (oversold["state"], oversold["received"], oversold["reserved"], oversold["threshold"]) == (
        "oversold",
        10,
        11,
        3,
    )
    assert sorted(movement["quantity"] for movement in oversold["movements"]) == [2, 3, 6]
    [counted] = oversold["told"]
    with arus.api() as http:
        assert http.get(f"/v1/events/{counted['event_id']}/raw").text == FILE
    assert stands(arus, "TEH-1")["available"] == 4
    assert (checked := arus.run("stock", "check")).returncode == 0, checked.stdout


def test_a_bad_file_is_told_line_by_line(arus, account):
    """And nothing of it is imported."""
    file = arus.folder / "bad.csv"
    file.write_text("sku,quantity\nGOOD-1,5\nBAD-1,many\n")
    done = arus.run("stock", "import", str(file), "--seller", account("standard_webhooks").seller)
    assert done.returncode == 1
    assert "bad.csv:3: quantity 'many' must be a whole number" in done.stderr
    assert stands(arus, "GOOD-1")["state"] == "none"


def order(arus, account, name: str, quantity: int) -> None:
    lines = [{"sku": "KOP-1", "name": "Kopi 1 kg", "quantity": quantity, "unit_price": 1_000}]
    told = {"order_id": name, "buyer_id": "siti", "total": 1_000 * quantity, "cod": True, "lines": lines}
    body = json.dumps({"type": "order_placed", "timestamp": "2026-11-20T03:00:00Z", "data": told}).encode()
    until(lambda: arus.send(account("standard_webhooks"), body).is_success)


def stands(arus, sku: str) -> dict:
    with arus.api() as http:
        answer = http.get(f"/v1/stock/{sku}")
    return answer.json() if answer.is_success else {"state": "none", "on_hand": None, "available": None}
