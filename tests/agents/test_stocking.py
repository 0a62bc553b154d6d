"""Stock as a whole: orders' events, counts and receipts in any order, with repeats and crashes."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.rules.stock.levels import QUARTER
from agents.rules.stock.standings import articles_of
from agents.stocking import move, stock
from agents.tracking import track
from pipeline import codec
from pipeline.settings import Settings
from pipeline.streams import testing
from pipeline.streams.testing import Given
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.facts import Anomaly, Order
from schemas.ids import article_key
from schemas.notices import Notice
from schemas.orders import Line
from schemas.registry import EVENTS
from schemas.stock import Level, Movement
from schemas.times import HOUR
from tests.agents.events import START, order_of, scan, tell
from tests.agents.river import River

ORDERS = ("tiktok_shop:1", "tiktok_shop:2", "shopee:3")
SKUS = ("A", "B")


class Shelf(NamedTuple):
    """What a level must say."""

    on_hand: int
    reserved: int
    released: int
    shipped: int
    returned: int


def shelf(sku: str, stock_events: Iterable[Event], orders: Iterable[Order], seller: str = "toko") -> Shelf:
    """Counts an article by hand, from all events and orders at once."""
    told = {event.event_id: event for event in stock_events if event.sku == sku}.values()
    counts = [event for event in told if event.type == "stock_counted"]
    last = max(counts, key=lambda event: (event.occurred_at, event.rank, event.event_id), default=None)
    on_hand, since, quarter = (last.quantity, last.occurred_at, last.occurred_at // QUARTER) if last else (0, -1, -1)
    on_hand += sum(e.quantity for e in told if e.type == "stock_received" and e.occurred_at > since)
    pieces: Counter[str] = Counter()
    for order in orders:
        standing = articles_of(order).get(sku)
        if standing is None or order.seller[3] != seller:
            continue
        pieces[standing.state] += standing.quantity
        if standing.state in {"shipped", "returned"} and standing.shipped_at // QUARTER >= quarter:
            on_hand -= standing.quantity
        if standing.state == "returned" and standing.at // QUARTER >= quarter:
            on_hand += standing.quantity
    shipped = pieces["shipped"] + pieces["returned"]
    return Shelf(on_hand, pieces["reserved"], pieces["released"], shipped, pieces["returned"])


def told_of(level: Level) -> Shelf:
    """Gives what a level says."""
    return Shelf(level.on_hand, level.reserved, level.released, level.shipped, level.returned)


def article(event: Event, timestamp: int = 0) -> Given:
    """Gives the record of an event of stock."""
    key = article_key(event.seller_id, event.sku).encode()
    return Given(key, codec.encode_event(event), codec.headers(event), timestamp=timestamp)


def counted(quantity: int, hours: float = 0, sku: str = "A", **said: object) -> Event:
    """Builds a count."""
    return tell("stock_counted", hours, order_id="", sku=sku, quantity=quantity, **said)


def received(quantity: int, hours: float = 0, sku: str = "A", **said: object) -> Event:
    """Builds a receipt."""
    return tell("stock_received", hours, order_id="", sku=sku, quantity=quantity, **said)


LINES = st.lists(
    st.builds(Line, sku=st.sampled_from((*SKUS, "")), name=st.just("Kopi"), quantity=st.integers(0, 3)), max_size=3
).map(tuple)

KINDS = (
    *("order_placed", "order_placed", "order_amended", "payment_paid", "payment_paid", "order_cancelled"),
    *("package_scanned", "package_scanned", "return_requested", "return_received", "return_closed", "order_held"),
    "status_reported",
)


@st.composite
def happenings(draw: st.DrawFn) -> Event:
    """Draws something that happens to one of three orders, or to the stock of one of two articles."""
    hours = draw(st.integers(0, 6)) * 10
    if draw(st.integers(0, 3)) == 0:
        kind = draw(st.sampled_from((counted, received)))
        return kind(draw(st.integers(0, 9)), hours + draw(st.sampled_from((0, 0.1))), draw(st.sampled_from(SKUS)))
    kind = draw(st.sampled_from(KINDS))
    said = {"order_id": draw(st.sampled_from(ORDERS)), "seller_id": draw(st.sampled_from(("toko", "toko", "other")))}
    if kind.startswith("order_placed") or kind == "order_amended":
        said["lines"] = draw(LINES)
    if kind == "package_scanned":
        said["milestone"] = draw(st.sampled_from(("picked_up", "delivered", "returned", "label_created")))
    if kind == "status_reported":
        said["status"] = draw(st.sampled_from(("new", "in_transit", "cancelled", "returned_to_seller", "returned")))
    return tell(kind, hours, **said)


def folded(told: Iterable[Event]) -> list[Order]:
    """Gives the orders that events make."""
    by_order: dict[str, list[Event]] = {}
    for event in told:
        by_order.setdefault(event.order_id, []).append(event)
    return [order_of(*events, order_id=order_id) for order_id, events in by_order.items()]


@settings(max_examples=150)
@given(st.lists(happenings(), min_size=4, max_size=30), st.integers(0, 2**32), st.data())
def test_whatever_comes_when_the_shelf_is_right(told: list[Event], seed: int, data: st.DataObject):
    """In any order, with any repetition and any crash, every level is what is counted by hand, and nothing is lost."""
    again = data.draw(st.lists(st.sampled_from(told), max_size=5))
    river = River((track, move, stock), seed, crashes=0.3)
    for event in data.draw(st.permutations([*told, *again])):
        river.tell(event)
    river.run()
    assert not river.buried
    of_stock = [event for event in told if EVENTS[event.type].topic == "stock"]
    orders = folded(event for event in told if event.order_id)
    levels = river.levels()
    for seller, sku in ((seller, sku) for seller in ("toko", "other") for sku in SKUS):
        own = [event for event in of_stock if event.seller_id == seller]
        level = levels.get(article_key(seller, sku).encode(), Level(seller, sku))
        assert told_of(level) == shelf(sku, own, orders, seller)
        assert level.available == level.on_hand - level.reserved
        if not any(event.type == "stock_counted" and event.sku == sku for event in own):
            came_in = sum(e.quantity for e in {e.event_id: e for e in own if e.sku == sku}.values())
            assert came_in == level.available + level.reserved + level.shipped - level.returned


def test_whole_lives_leave_the_stock_that_their_orders_say(demo_settings: Settings, deliveries: list[Delivery]):
    """Hundreds of lives as webhooks: each article's figures are the sums of the orders as they stand in the end."""
    river = River.of(demo_settings, 3)
    river.pour(deliveries)
    river.run()
    orders = list(river.states().values())
    levels = {key: told_of(level) for key, level in river.levels().items()}
    articles = {(order.seller[3], sku) for order in orders for sku in articles_of(order)}
    assert levels.keys() >= {article_key(seller, sku).encode() for seller, sku in articles}
    assert len(articles) > 15
    assert {article_key(s, k).encode(): shelf(k, (), orders, s) for s, k in articles} == {
        key: level for key, level in levels.items() if any(level)
    }
    states = Counter(standing.state for order in orders for standing in articles_of(order).values())
    assert states.keys() == {"reserved", "shipped", "released", "returned"}


def moved(*events: Event, rows: dict | None = None, offset: int = 0) -> tuple[list[Movement], dict]:
    """Gives the movements of the order that events make, and the row that remembers them."""
    order = order_of(*events)
    record = Given(order.order_id.encode(), codec.encode(order), offset=offset, timestamp=START)
    outcome = testing.run(move, [record], rows=rows)
    return [msgspec.json.decode(m.value, type=Movement) for m in outcome.messages], outcome.rows


PLACED = tell("order_placed", 0, cod=True, lines=(Line(sku="A", name="Kopi", quantity=2),))


def test_an_order_tells_what_it_newly_does_and_nothing_twice():
    """Reserved when it is new, shipped when it is picked up; the same snapshot once more says nothing."""
    first, rows = moved(PLACED)
    assert [(m.sku, m.after.state, m.after.quantity, m.before.state) for m in first] == [("A", "reserved", 2, "")]
    assert moved(PLACED, rows=rows, offset=1)[0] == []
    shipped, _ = moved(PLACED, scan("picked_up", 5), rows=rows, offset=2)
    assert [(m.after.state, m.after.at, m.before.state) for m in shipped] == [("shipped", START + 5 * HOUR, "reserved")]


def test_an_article_that_an_order_is_no_longer_for_is_let_go():
    """An amendment without it takes the reservation back; another seller takes it over."""
    _, rows = moved(PLACED)
    amended = tell("order_amended", 1, cod=True, lines=(Line(sku="B", name="Teh", quantity=1),))
    told, _ = moved(PLACED, amended, rows=rows, offset=1)
    assert {(m.sku, m.after.state) for m in told} == {("A", ""), ("B", "reserved")}
    other, _ = moved(msgspec.structs.replace(PLACED, seller_id="other"), rows=rows, offset=1)
    assert {(m.seller_id, m.after.state) for m in other} == {("toko", ""), ("other", "reserved")}


def test_an_order_that_was_silent_for_too_long_moves_nothing():
    """What it did is forgotten then, so it must not be counted as new."""
    order = order_of(PLACED)
    late = Given(order.order_id.encode(), codec.encode(order), timestamp=START + 401 * 24 * HOUR)
    outcome = testing.run(move, [late])
    assert not outcome.messages
    assert not outcome.rows


def stocked(*records: Given, rows: dict | None = None, topic: str = "stock") -> testing.Outcome:
    """Runs the agent over records of one topic."""
    return testing.run(stock, list(records), rows=rows, topic=topic)


def movement(order: int, quantity: int, offset: int, *, state: str = "reserved", late: int = 0) -> Given:
    """Gives the record of an order that newly reserves some, or releases them."""
    from schemas.stock import NOTHING, Standing

    doing = Standing(quantity, "reserved", START)
    after = doing if state == "reserved" else NOTHING
    before = NOTHING if state == "reserved" else doing
    told = Movement(f"o{order}/A/{offset}", f"o{order}", "toko", "A", (0, offset), "Kopi", before, after)
    return Given(b"toko/A", codec.encode(told), offset=offset, timestamp=START + late)


def read(outcome: testing.Outcome, topic: str, shape: type) -> list:
    """Gives what was told on a topic."""
    return [msgspec.json.decode(m.value, type=shape) for m in outcome.messages if m.topic == topic]


def test_low_and_oversold_are_told_once_until_there_is_plenty():
    """A cancelled order between does not tell it again; goods that come in do."""
    rows = stocked(article(counted(3, low_at=1), START)).rows
    first = stocked(movement(1, 2, 0), movement(2, 2, 1), rows=rows, topic="stock.movements")
    assert {notice.kind for notice in read(first, "notices", Notice)} == {"low_stock", "oversold"}
    again = stocked(movement(2, 2, 2, state=""), movement(3, 2, 3), rows=first.rows, topic="stock.movements")
    assert read(again, "notices", Notice) == []
    plenty = stocked(article(received(9, 1), START), rows=again.rows)
    assert read(plenty, "notices", Notice) == []
    (notice,) = read(stocked(movement(4, 7, 4), rows=plenty.rows, topic="stock.movements"), "notices", Notice)
    assert (notice.kind, notice.audience, notice.values["available"]) == ("low_stock", "seller:toko", "1")


def test_oversold_is_an_anomaly_as_long_as_it_lasts():
    """It names the order that took too much, and is withdrawn when there is enough."""
    rows = stocked(article(counted(1), START)).rows
    over = stocked(movement(7, 2, 0), rows=rows, topic="stock.movements")
    (raised,) = read(over, "anomalies", Anomaly)
    assert (raised.kind, raised.order_id, raised.detail, raised.withdrawn) == (
        "oversold",
        "o7",
        "A: -1 available",
        False,
    )
    (gone,) = read(stocked(article(received(5, 1), START), rows=over.rows), "anomalies", Anomaly)
    assert (gone.anomaly_id, gone.withdrawn) == (raised.anomaly_id, True)


def test_nobody_hears_of_the_past_or_of_what_was_never_counted():
    """An import of old events, and articles of sellers who keep no stock here, tell nothing."""
    old = stocked(
        movement(1, 9, 0, late=48 * HOUR), rows=stocked(article(counted(1), START)).rows, topic="stock.movements"
    )
    assert read(old, "notices", Notice) == []
    assert [anomaly.kind for anomaly in read(old, "anomalies", Anomaly)] == ["oversold"]
    assert not stocked(movement(1, 9, 0), topic="stock.movements").messages


def test_what_does_not_belong_here_is_buried():
    """An event of an order, another article's key and no JSON leave the levels alone."""
    good = article(counted(3))
    wrong = Given(b"toko/B", good.value, good.headers)
    outcome = stocked(good, wrong, testing.told(PLACED))
    assert [buried.cause for buried in outcome.buried] == ["wrong_key", "no_stock"]
    assert [level.available for level in outcome.rows.values()] == [3]
    moves = stocked(Given(b"toko/A", b"{"), Given(b"x", movement(1, 1, 0).value), topic="stock.movements")
    assert [buried.cause for buried in moves.buried] == ["undecodable", "wrong_key"]
    assert [b.cause for b in testing.run(move, [Given(b"o", b"{")]).buried] == ["undecodable"]
