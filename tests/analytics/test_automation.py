"""Settings and automation: what a seller wants to go on by itself is asked for once, and is an event like any other."""

import pytest

from agents.stocking import move, stock
from analytics.access import Viewer
from analytics.api.services import Services
from analytics.automation import Automation, wanted
from analytics.monitor import Monitor
from pipeline import codec
from pipeline.settings import Settings
from pipeline.streams import testing
from pipeline.streams.agent import Batch
from schemas.facts import Order
from schemas.ids import article_key
from schemas.times import HOUR
from tests.agents.events import ORDER, START, order_of, tell
from tests.agents.rules.test_commands import DELIVERED, NEW, NOW, PLACED
from tests.analytics.conftest import Silent
from tests.analytics.seed import Record
from tests.analytics.test_api_commands import BUYER, SELLER, STRANGER, Stream, door, post, stream

__all__ = ["door", "stream"]  # fixtures

ARTICLE = article_key("toko", "S").encode()


@pytest.fixture
def automation(stream, tmp_path) -> Automation:
    """Automation beside a stream."""
    return Automation(
        Services(
            Settings(home=tmp_path),
            stream.loading.warehouse,
            tokens=None,
            monitor=Monitor(Silent(), lambda: NOW),
            loading=lambda: True,
            now=lambda: NOW,
            writer=stream,
        )
    )


def shelve(stream: Stream, order: Order, pieces: int | None) -> None:
    """Counts the article of an order, if at all, and tells stock what the order does with it."""
    snapshot = testing.Given(order.order_id.encode(), codec.encode(order), timestamp=NOW)
    moved = testing.run(move, [snapshot])
    counted = [] if pieces is None else [tell("stock_counted", order_id="", sku="S", quantity=pieces)]
    rows = testing.run(stock, [testing.Given(ARTICLE, *_told(event)) for event in counted], topic="stock").rows
    movements = [testing.Given(m.key, m.value) for m in moved.messages if m.topic == "stock.movements"]
    rows = {**rows, **testing.run(stock, movements, rows=rows, topic="stock.movements").rows}
    for offset, movement in enumerate(movements):
        record = Record(ARTICLE, movement.value, offset, NOW)
        stream.loading.write([Batch("stock.movements", 0, [record])], {("stock.movements", 0): offset + 1})
    for offset, level in enumerate(rows.values()):
        record = Record(ARTICLE, codec.encode(level), offset, NOW)
        stream.loading.write([Batch("stock.levels", 0, [record])], {("stock.levels", 0): offset + 1})


def _told(event) -> tuple[bytes, list[tuple[str, bytes]]]:
    return codec.encode_event(event), codec.headers(event)


async def switch(door, **switches) -> None:
    """Sets what a seller wants."""
    async with door() as api:
        assert (await api.put("/v1/settings", json=switches)).status_code == 200


async def test_settings_are_kept_and_are_the_sellers_own(door):
    """What is left out has its default; another seller sees none of it, a buyer has none."""
    async with door() as api:
        assert (await api.get("/v1/settings")).json()["confirms"] is False
        await switch(door, confirms=True, buyer_cancels="ready_to_ship")
        told = (await api.get("/v1/settings")).json()
        assert told == {
            "confirms": True,
            "completes": False,
            "cancels": False,
            "asks_review": 0,
            "buyer_cancels": "ready_to_ship",
        }
        assert (await api.put("/v1/settings", json={"confirm": True})).status_code == 422
    async with door(STRANGER) as api:
        assert (await api.get("/v1/settings")).json()["confirms"] is False
    async with door(BUYER) as api:
        assert (await api.get("/v1/settings")).status_code == 403


async def test_a_shops_terms_hold_for_its_buyers(door, stream):
    """What the shop allows the page offers, and the judgement keeps."""
    stream.load(order_of(*NEW, tell("order_confirmed", 2)))
    async with door(BUYER) as api:
        assert (await post(api, "cancel", reason="changed my mind")).json()["rule"] == "terms"
        await switch(door, buyer_cancels="ready_to_ship")
        offers = (await api.get(f"/v1/orders/{ORDER}/commands")).json()["offers"]
        assert "cancel" in {offer["command"] for offer in offers}
        assert (await post(api, "cancel", reason="changed my mind")).status_code == 200


@pytest.mark.parametrize(("pieces", "status"), [(5, "ready_to_ship"), (1, "ready_to_ship"), (0, "new"), (None, "new")])
async def test_a_new_order_is_confirmed_when_all_of_it_is_in_stock(door, stream, automation, pieces, status):
    """Not when it is oversold, nor when nobody told how many there are; never twice."""
    order = order_of(*NEW)
    stream.load(order)
    shelve(stream, order, pieces)
    assert automation.look() == 0, "nobody has asked for it"
    await switch(door, confirms=True)
    assert automation.look() == (status != "new")
    assert stream.rows[ORDER.encode()].status == status
    assert automation.look() == 0
    for answer in stream.rows[ORDER.encode()].answers.values():
        assert (answer.by, answer.who) == ("system", "automation")


async def test_what_automation_does_is_an_event_of_its_own(door, stream, automation):
    """The trail says that it went by itself."""
    order = order_of(*NEW)
    stream.load(order)
    shelve(stream, order, 5)
    await switch(door, confirms=True)
    automation.look()
    [answer] = stream.rows[ORDER.encode()].answers.values()
    assert stream.rows[ORDER.encode()].marks["confirmed"][1] == answer.events[0]


async def test_what_is_due_is_done(door, stream, automation):
    """A delivered order is completed and an unpaid one cancelled when their time is over."""
    assert wanted(order_of(*DELIVERED), [], START) is None
    await switch(door, completes=True, cancels=True)
    late = order_of(*DELIVERED)
    late.due["receive"] = NOW - 1
    stream.load(late)
    assert automation.look() == 1
    assert stream.rows[ORDER.encode()].status == "completed"
    stream.load(order_of(*PLACED))
    assert automation.look() == 1
    order = stream.rows[ORDER.encode()]
    assert (order.status, order.cancelled_by[2:]) == ("cancelled", ("system", "not paid in time"))


async def test_what_is_not_due_takes_nobodys_place(door, stream, automation, monkeypatch):
    """However many wait for their time or for stock, the next order that can go on does."""
    monkeypatch.setattr("analytics.automation.AT_ONCE", 2)
    await switch(door, confirms=True, completes=True, cancels=True)
    for number in range(3):
        stream.load(order_of(*DELIVERED, order_id=f"toko:d{number}"))
        stream.load(order_of(*NEW, order_id=f"toko:n{number}"))
        unpaid = order_of(*PLACED, order_id=f"toko:u{number}")
        unpaid.due["pay"] = NOW + HOUR
        stream.load(unpaid)
    assert automation.look() == 0
    order = order_of(*NEW, tell("order_placed", 3))
    stream.load(order)
    shelve(stream, order, 5)
    assert automation.look() == 1
    assert stream.rows[ORDER.encode()].status == "ready_to_ship"


def completed_before(days: float, *more) -> Order:
    """Gives an order that was completed so many days before NOW."""
    hours = (NOW - START) / HOUR - 24 * days
    return order_of(*DELIVERED, tell("order_completed", hours), *more)


async def test_a_review_is_asked_for_once_some_days_later(door, stream, automation):
    """As an event of the system's that the buyer hears of; never a second time, also by another process."""
    stream.load(completed_before(3.1))
    assert automation.look() == 0
    await switch(door, asks_review=3)
    assert automation.look() == 1
    order = stream.rows[ORDER.encode()]
    [answer] = order.answers.values()
    assert (answer.name, answer.by, answer.refused) == ("ask_review", "system", "")
    assert order.marks["review_asked"][1] == answer.events[0]
    assert order.status == "completed"
    assert Automation(automation._ours).look() == 0


@pytest.mark.parametrize(
    "order",
    [
        completed_before(2.9),
        completed_before(6.1),
        completed_before(3.1, tell("review_left", 200)),
        completed_before(3.1, tell("review_asked", 200)),
        completed_before(3.1, tell("return_requested", 200)),
    ],
    ids=["too early", "long ago", "there is one", "it was asked for", "it goes back"],
)
async def test_a_review_is_not_asked_for(door, stream, automation, order):
    """Whoever switches it on does not ask of all that was ever sold, nor of what was said already."""
    stream.load(order)
    await switch(door, asks_review=3)
    assert automation.look() == 0


def test_an_order_under_a_claim_is_not_completed():
    """Whoever says that it did not come has objected."""
    order = order_of(*DELIVERED, tell("claim_opened", 10))
    order.due["receive"] = NOW - 1
    assert wanted(order, [], NOW) is None


def test_two_processes_ask_for_one_command(stream, automation, tmp_path):
    """Started anew it asks by the same name: one effect."""
    stream.load(order_of(*PLACED))
    assert Viewer("seller", "toko") == SELLER
    key = ORDER.encode()
    stream.write("sellers", b"toko", b'{"seller_id":"toko","cancels":true}')
    stream.stands = True
    assert automation.look() == 1
    again = Automation(automation._ours)
    assert again.look() == 1
    assert len({command.command_id for command in stream.commands}) == 1
    assert stream.rows[key].status == "unpaid"
