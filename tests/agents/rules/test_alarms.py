"""Alarms: who is told when of a promise that comes near or is broken; three weeks in a moment, each alarm once."""

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.rules.history import take
from agents.rules.promises.alarms import HUSH, Rules, follow, ring
from pipeline import codec
from schemas.events import Event
from schemas.facts import Order
from schemas.notices import Notice
from schemas.policies import Own, by_seller
from schemas.promises import Clocks, is_waiting
from schemas.times import DAY, HOUR, MINUTE
from tests.agents.events import ORDER, START, lives, order_of, scan, tell

RULES = Rules((50, 80), DAY)
PLACED, PAID = tell("order_placed"), tell("payment_paid", 1)
ON_ITS_WAY = (PLACED, PAID, tell("order_confirmed", 2), tell("shipping_arranged", 3), scan("picked_up", 10))


class Shop:
    """One order and its clocks; an event is told an instant after it happened, time passes as it is let."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.order, self.clocks, self.rules = Order(order_id=ORDER), Clocks(), rules
        self.now, self.notices = START, list[Notice]()

    def hear(self, *events: Event, after: float = 0) -> "Shop":
        """Takes events, each so many hours after it happened, and lets the time until then pass."""
        for event in events:
            self.wait_until(event.occurred_at + round(after * HOUR))
            take(self.order, event)
            follow(self.clocks, self.order, self.now, self.rules)
        return self

    def wait(self, hours: float) -> "Shop":
        """Lets so many hours after START pass."""
        self.wait_until(START + round(hours * HOUR))
        return self

    def wait_until(self, instant: int) -> None:
        while self.clocks.wake and self.clocks.wake <= instant:
            self.now = max(self.now, self.clocks.wake)
            self.ring()
        self.now = max(self.now, instant)

    def ring(self) -> None:
        self.notices += ring(ORDER, self.clocks, self.now, self.rules)

    def told(self) -> list[tuple[float, str, str, str]]:
        """Gives what was told: hours after START, kind of notice, promise, to whom."""
        return [
            ((n.occurred_at - START) / HOUR, n.kind.removeprefix("promise_"), n.values["promise"], n.audience[0])
            for n in self.notices
        ]


def test_an_unpaid_order_comes_near_twice_and_is_broken_once():
    """The buyer is told that it is time to pay; both, that it was not paid."""
    told = Shop().hear(PLACED).wait(21 * 24).told()
    late = 24 + 1 / HOUR
    assert told == [
        (12, "near", "pay", "b"),
        (19.2, "near", "pay", "b"),
        (late, "broken", "pay", "s"),
        (late, "broken", "pay", "b"),
    ]


def test_a_seller_is_told_by_the_shops_own_time():
    """Once, and the buyer of nothing; what is due by the marketplace is not told a second time."""
    strict = Rules((), DAY, by_seller([Own("toko", "dispatch", 0, 6)]))
    shop = Shop(strict).hear(PLACED, PAID, tell("order_confirmed", 2)).wait(24 * 7)
    assert [told[1:] for told in shop.told() if told[2] == "dispatch"] == [("broken", "dispatch", "s")]
    assert shop.told()[0][0] == 1 + 6 + 1 / HOUR
    assert shop.order.due["dispatch"] > START + 24 * HOUR


def test_what_is_kept_is_told_no_more():
    """Paid after half of the time: nothing follows."""
    shop = Shop().hear(PLACED, tell("payment_paid", 13), tell("order_confirmed", 14), tell("order_cancelled", 15))
    assert shop.wait(999).told() == [(12, "near", "pay", "b")]
    assert shop.clocks.wake == 0


def test_a_notice_says_which_promise_was_due_when():
    """Its id is made of the order, the promise and the share of its time: the same whoever makes it."""
    first = Shop().hear(PLACED).wait(12).notices[0]
    assert first.notice_id == f"{ORDER}/promise_near/50/pay/b"
    assert first.values == {"promise": "pay", "due": str(START + 24 * HOUR), "item": "Kopi"}


def test_each_silence_of_a_parcel_is_told_anew():
    """Every scan begins another one; what was told of the one before counts no more."""
    shop = Shop(Rules((), DAY)).hear(*ON_ITS_WAY)
    shop.hear(scan("at_hub", 200)).wait(400)
    ids = [n.notice_id for n in shop.notices if n.values["promise"] == "scan"]
    since = [START + 10 * HOUR, START + 200 * HOUR]
    assert ids == [f"{ORDER}/promise_broken/100/scan/jne/N1@{at}/s" for at in since]


def test_late_evidence_mends_the_record_and_nobody_is_told_twice():
    """The pick-up is told after it was said to be late: the promise is kept, and stays told."""
    before = (PLACED, PAID, tell("order_confirmed", 2), tell("shipping_arranged", 3))
    shop = Shop(Rules((), DAY)).hear(*before).wait(24 * 8)
    assert [each[1:3] for each in shop.told()] == [("broken", "dispatch")]
    shop.hear(scan("picked_up", 10), after=24 * 9)
    assert shop.order.kept["dispatch"] <= shop.order.due["dispatch"]
    follow(shop.clocks, order_of(*before), shop.now, shop.rules)
    assert [each[2] for each in shop.wait(24 * 11).told()] == ["dispatch", "deliver", "deliver"]


def test_what_a_later_alarm_has_overtaken_is_not_told():
    """Nobody rang for a day: the buyer hears once that it is overdue, not thrice."""
    shop = Shop().hear(PLACED)
    shop.now = START + 30 * HOUR
    shop.ring()
    assert {notice.kind for notice in shop.notices} == {"promise_broken"}


@pytest.mark.parametrize(("hours", "told"), [(24 + 23, 2), (24 + 25, 0)])
def test_what_could_have_been_told_long_ago_is_not_told(hours: float, told: int):
    """After a rebuild, or where Arus is new, nobody gets the alarms of last month; nor are they told later."""
    shop = Shop().hear(PLACED)
    shop.now = START + round(hours * HOUR)
    shop.ring()
    assert len(shop.notices) == told
    assert shop.clocks.wake == 0


def test_an_alarm_that_is_late_when_first_seen_waits_a_moment():
    """In a replay what keeps the promise is told right behind what begins it."""
    shop = Shop(Rules((), DAY))
    shop.now = START + 25 * HOUR
    shop.hear(PLACED)
    assert shop.clocks.wake == START + 25 * HOUR + HUSH
    shop.hear(tell("payment_paid", 1), tell("order_cancelled", 2))
    shop.wait(999)
    assert shop.notices == []


def test_what_is_late_when_first_seen_holds_up_no_later_alarm():
    """The order is told of a moment before its time is over: it is overdue on time, and no longer near."""
    shop = Shop()
    shop.now = START + 24 * HOUR - MINUTE
    assert [each[1] for each in shop.hear(PLACED).wait(25).told()] == ["broken", "broken"]


def test_a_replay_tells_nothing_again():
    """The same events once more, all at once, weeks later."""
    shop = Shop().hear(*ON_ITS_WAY).wait(24 * 21)
    told = len(shop.notices)
    shop.hear(*ON_ITS_WAY, after=24 * 21)
    assert len(shop.wait(24 * 30).notices) == told


def test_nobody_is_told_who_is_not_known():
    """A carrier's scan names no seller and no buyer."""
    assert Shop().hear(scan("picked_up", 1)).wait(999).notices == []


def test_an_order_that_waits_for_nothing_has_no_clocks():
    """So the table holds what is open, and what was told."""
    assert Shop().hear(PLACED, tell("order_cancelled", 1)).clocks.clocks == {}


@settings(max_examples=150)
@given(lives(), st.integers(0, 1 << 30))
def test_however_workers_crash_each_alarm_is_told_once(life: list[Event], seed: int):
    """Events come in any order, some twice; a crash between them loses what was not written, and it is done again."""
    dice, shop = Random(seed), Shop()
    arrival = [*life, *dice.sample(life, min(3, len(life)))]
    dice.shuffle(arrival)
    kept = codec.encode(shop.clocks)
    for event in arrival:
        shop.now += dice.randrange(12 * HOUR)
        take(shop.order, event)
        for _ in range(dice.choice((1, 1, 2))):
            shop.clocks = msgspec.json.decode(kept, type=Clocks)
            told = len(shop.notices)
            follow(shop.clocks, shop.order, shop.now, shop.rules)
            shop.ring()
            crashed = dice.random() < 0.3
            if crashed:
                del shop.notices[told:]
            else:
                kept = codec.encode(shop.clocks)
    ids = [notice.notice_id for notice in shop.notices]
    assert len(set(ids)) == len(ids)


@settings(max_examples=150)
@given(lives())
def test_three_weeks_pass_in_a_moment(life: list[Event]):
    """All that is still waited for when its time is over was told, unless nobody knows whom to tell."""
    shop = Shop()
    for event in sorted(life, key=lambda each: each.occurred_at):
        shop.hear(event)
    shop.wait_until(shop.now + 21 * DAY)
    for key, clock in shop.clocks.clocks.items():
        if is_waiting(shop.order, key) and clock.due < shop.now - HUSH:
            assert clock.told == 100
    assert not shop.clocks.wake or shop.clocks.wake > shop.now
    ids = [notice.notice_id for notice in shop.notices]
    assert len(set(ids)) == len(ids)


def test_an_old_alarm_and_a_new_one_of_one_order_do_not_meet():
    """Two clocks of one order ring on their own."""
    shop = Shop(Rules((), DAY)).hear(PLACED, PAID).wait(30)
    assert [each[2] for each in shop.told()] == ["confirm"]
    assert shop.clocks.wake == shop.order.due["dispatch"] + 1
    assert shop.now - START < 30 * HOUR + MINUTE
