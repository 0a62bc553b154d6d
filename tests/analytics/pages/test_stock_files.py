"""Files of stock, brought in by form and by the API on a real Kafka, and taken away."""

from analytics.access import OPERATOR
from pipeline.broker.reader import records
from pipeline.sources.files import stock_csv
from tests.analytics.conftest import KOPI, MELATI, SITI
from tests.analytics.pages.test_letters import OURS, browser, own
from tests.analytics.seed import NOW
from tests.analytics.test_api_session import problem

__all__ = ["browser", "own"]  # fixtures

GOOD, BAD = b"sku,quantity\nA,5\n", b"sku,quantity\nA,5\nB,many\n"


async def send(browser, body: bytes, **form):
    files = {"file": ("stock.csv", body, "text/csv")}
    return await browser.post("/stock/import", data=form, files=files, headers=OURS)


async def test_a_form_imports_all_or_nothing(browser, own):
    """A bad line is told by its number, a trial sends nothing, and what is sent is the file itself."""
    wrong = await send(browser, BAD)
    assert "Line 3" in wrong.text
    assert "must be a whole number" in wrong.text
    assert "All of it can be imported: 1 counts" in (await send(browser, GOOD, dry_run="yes")).text
    assert list(records(own, "webhooks.received")) == []
    sent = await send(browser, GOOD)
    assert sent.status_code == 303
    assert "Imported: 1 counts" in (await browser.get(sent.headers["location"])).text
    [kept] = records(own, "webhooks.received")
    assert (kept.key, kept.value) == (stock_csv.delivery(MELATI.id, GOOD, NOW).key, GOOD)


async def test_a_large_file_is_told_apart_from_one_too_large(browser):
    """A file may be larger than other forms; beyond that it is refused."""
    many = b"sku,quantity\n" + b"".join(b"A%d,x\n" % n for n in range(20_000))
    assert "Only the first 100 lines are shown" in (await send(browser, many)).text
    assert (await send(browser, b"x" * (3 << 20))).status_code == 413


async def test_todays_stock_can_be_imported_again(client):
    """As it is; what was never counted stays so."""
    async with client(MELATI) as api:
        file = (await api.get("/v1/stock-file")).content
        told = (
            await api.post("/v1/stock-file?dry_run=true", content=file, headers={"Content-Type": "text/csv"})
        ).json()
        articles = (await api.get("/v1/stock")).json()["articles"]
        assert (await api.get("/v1/stock-file/template")).text == stock_csv.TEMPLATE
    sheet = stock_csv.read(file, NOW)
    assert {line.sku: line.quantity for line in sheet.lines} == {
        one["sku"]: one["on_hand"] for one in articles if one["state"] != "uncounted" and one["on_hand"] >= 0
    }
    assert (told["wrong"], told["sent"], told["counted"]) == ([], False, len(sheet.lines))


async def test_files_are_ones_own(client):
    """A seller imports for nobody else, an operator says for whom, a buyer not at all."""
    csv = {"Content-Type": "text/csv"}
    async with client(MELATI) as api:
        answer = await api.post(f"/v1/stock-file?seller={KOPI.id}", content=GOOD, headers=csv)
        assert problem(answer) == "forbidden"
    async with client(OPERATOR) as api:
        assert problem(await api.post("/v1/stock-file", content=GOOD, headers=csv)) == "invalid"
    async with client(SITI) as api:
        assert problem(await api.post("/v1/stock-file", content=GOOD, headers=csv)) == "forbidden"
