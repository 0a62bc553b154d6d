"""Levels: counts, receipts and movements join in any order, and a level stays small."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.rules.stock import levels
from agents.rules.stock.levels import QUARTER, TooLate
from agents.rules.stock.standings import articles_of, standing_of
from pipeline import codec
from schemas.stock import NOTHING, Level, Movement, Standing
from schemas.times import DAY, HOUR
from tests.agents.events import START, order_of, scan, tell


def level_of(*told) -> Level:
    """Takes counts, receipts and movements in the order given."""
    level = Level("toko", "A")
    for one in told:
        if isinstance(one, Movement):
            levels.move(level, one)
        else:
            levels.TAKES[one.type](level, one)
    levels.settle(level)
    return level


def counted(quantity: int, hours: float = 0, **said):
    return tell("stock_counted", hours, order_id="", sku="A", quantity=quantity, **said)


def received(quantity: int, hours: float = 0, **said):
    return tell("stock_received", hours, order_id="", sku="A", quantity=quantity, **said)


def shipped(quantity: int, hours: float, number: int = 0) -> Movement:
    """An order whose goods left then."""
    at = START + round(hours * HOUR)
    after = Standing(quantity, "shipped", at, at)
    return Movement(f"o{number}/A/{number}", f"o{number}", "toko", "A", (0, number), "", NOTHING, after)


def test_a_count_covers_what_was_before_it_however_late_that_is_told():
    """Goods that left or came in before the count are in it; later ones are added."""
    told = (counted(10, 5), received(4, 4), received(3, 6), shipped(2, 4, 0), shipped(1, 6, 1))
    assert level_of(*told).on_hand == level_of(*reversed(told[:3]), *told[3:]).on_hand == 10 + 3 - 1


def test_an_older_count_changes_nothing_and_a_newer_one_everything():
    """The latest count by the seller's clock wins, whichever is told last."""
    assert level_of(counted(7, 5), counted(99, 1)).on_hand == 7
    assert level_of(counted(99, 1), shipped(4, 2), counted(7, 5)).on_hand == 7


A, B = ({"sku": sku, "name": sku, "quantity": quantity} for sku, quantity in (("A", 3), ("B", 2)))
ONE_A = {"sku": "A", "name": "A", "quantity": 1}


@pytest.mark.parametrize(
    ("returns", "back"),
    [
        ([[]], "AB"),  # nobody said what it is about
        ([[A]], "A"),
        ([[ONE_A]], ""),  # until the next count: no more is promised than is there
        ([[ONE_A], [ONE_A | {"quantity": 2}, B]], "AB"),
        ([[ONE_A | {"sku": ""}]], "AB"),
    ],
)
def test_only_articles_that_came_back_whole_are_back(returns, back):
    """An order of three A and two B: its returns say what they are about, or they do not."""
    life = [tell("order_placed", lines=[A, B]), tell("payment_paid", 1), scan("picked_up", 2), scan("delivered", 3)]
    for number, lines in enumerate(returns):
        life.append(tell("return_requested", 4, case_id=f"c{number}", lines=lines))
        life.append(tell("return_received", 5 + number, case_id=f"c{number}"))
    found = articles_of(order_of(*life))
    assert {sku: standing.state for sku, standing in found.items()} == {
        sku: "returned" if sku in back else "shipped" for sku in "AB"
    }
    assert {standing.shipped_at for standing in found.values()} == {START + 2 * HOUR}


def test_a_parcel_that_came_back_is_back_whatever_a_return_was_about():
    """All of it lies in the shop again."""
    life = [tell("order_placed", lines=[A, B]), tell("payment_paid", 1), scan("picked_up", 2), scan("returned", 9)]
    case = [tell("return_requested", 3, lines=[ONE_A]), tell("return_received", 4)]
    assert {standing.state for standing in articles_of(order_of(*life, *case)).values()} == {"returned"}


def test_names_and_thresholds_are_the_latest_that_were_told():
    """A word that is left out leaves the one before; a seller's name counts more than an order's."""
    level = level_of(counted(7, 5, name="Kopi", low_at=3), received(1, 6), counted(9, 1, name="Old", low_at=8))
    assert (level.named[2], level.low_at[1]) == ("Kopi", 3)
    levels.move(level, Movement("m", "o", "toko", "A", (1, 1), "Coffee", NOTHING, Standing(1, "reserved", 9**14)))
    assert level.named[2] == "Kopi"


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 200)), min_size=1, max_size=80), st.integers(0, 200))
def test_a_level_stays_small_and_right(moves, hour):
    """With hardly anything told apart, sums stay right, and a count is right or refused."""
    with pytest.MonkeyPatch.context() as small:
        small.setattr(levels, "MOST_QUARTERS", 5)
        movements = [shipped(pieces, hours, number) for number, (pieces, hours) in enumerate(moves)]
        level = level_of(counted(1_000), *movements)
        assert level.on_hand == 1_000 - sum(pieces for pieces, _ in moves)
        assert len(level.moved) <= 5
        try:
            levels.count(level, counted(500, hour))
        except TooLate:
            assert level.moved_until >= (START + hour * HOUR) // QUARTER
        levels.settle(level)
        since = hour if level.counted.quantity == 500 else 0
        assert level.on_hand == level.counted.quantity - sum(pieces for pieces, hours in moves if hours >= since)


def test_many_receipts_are_added_up_and_none_counts_twice():
    """The oldest are no longer told apart; one of that time is refused, as nobody knows whether it is new."""
    told = [received(1, number) for number in range(250)]
    level = level_of(*told)
    assert level.on_hand == 250
    assert len(level.receipts) == levels.MOST_RECEIPTS
    assert levels.receive(level, told[249]) is False
    with pytest.raises(TooLate, match="count the shelf"):
        levels.receive(level, told[3])
    assert len(codec.encode(level)) < 16_000


@pytest.mark.parametrize(
    ("happened", "state", "hours"),
    [
        ((), "", 0),
        (("payment_paid",), "reserved", 1),
        (("payment_paid", "order_held"), "reserved", 1),
        (("order_cancelled",), "", 0),
        (("payment_paid", "order_cancelled"), "released", 2),
        (("payment_paid", "picked_up"), "shipped", 2),
        (("payment_paid", "order_cancelled", "picked_up"), "shipped", 3),
        (("payment_paid", "picked_up", "returned"), "returned", 3),
        (("payment_paid", "order_cancelled", "picked_up", "returned"), "returned", 4),
        (("payment_paid", "picked_up", "delivered", "return_requested", "return_received"), "returned", 5),
        (("payment_paid", "picked_up", "delivered", "return_requested", "return_closed"), "shipped", 2),
        (("payment_paid", "return_requested"), "reserved", 1),
        (("payment_paid", "return_requested", "return_closed"), "released", 3),
    ],
)
def test_what_an_order_does_with_its_goods(happened, state, hours):
    """Reserved once it is new, shipped once picked up, released if it ends before, returned when they are back."""
    events = [tell("order_placed")]
    for hour, kind in enumerate(happened, 1):
        is_event = kind.startswith(("order_", "payment_", "return_"))
        events.append(tell(kind, hour) if is_event else scan(kind, hour))
    standing = standing_of(order_of(*events))
    assert (standing.state, standing.at - START if state else 0) == (state, hours * HOUR)


def test_a_level_of_a_busy_year_fits_easily():
    """Parcels that leave in a thousand different quarters leave a row of a few kilobytes."""
    level = level_of(*(shipped(1, number / 2, number) for number in range(1_000)))
    assert level.on_hand == -1_000
    assert len(codec.encode(level)) < 8_000
    assert level.moved_until * QUARTER > START + 10 * DAY
