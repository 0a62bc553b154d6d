"""How promises stand: open, near, kept, late, broken, void, and how late evidence mends the record."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.rules.history import take
from schemas.events import Event
from schemas.facts import Order
from schemas.policies import Own, by_seller
from schemas.promises import PROMISES, Standing, Times, promises_of
from schemas.times import DAY, HOUR, MINUTE
from tests.agents.events import ORDER, START, lives, order_of, scan, tell

PLACED, PAID = tell("order_placed"), tell("payment_paid", 1)
ON_ITS_WAY = (PLACED, PAID, tell("order_confirmed", 2), tell("shipping_arranged", 3), scan("picked_up", 10))
WEEKS = 21 * DAY


def standing(kind: str, hours: float, *events: Event) -> Standing | None:
    """Gives how the first promise of a kind stands so many hours after START."""
    found = promises_of(order_of(*events), START + round(hours * HOUR))
    return next((each for each in found if each.kind == kind), None)


def state(kind: str, hours: float, *events: Event) -> str:
    found = standing(kind, hours, *events)
    return found.state if found else ""


def test_a_promise_comes_nearer_and_breaks():
    """Near from half of its time on, broken after the last instant of it."""
    assert [state("pay", hours, PLACED) for hours in (0, 11, 12, 24, 24.001)] == [
        "open",
        "open",
        "near",
        "near",
        "broken",
    ]


def test_when_it_is_near_is_everybodys_to_set():
    """Where no share of its time is near, nothing is until it is broken."""
    order = order_of(PLACED)
    early, never = Times(near=(10,)), Times(near=())
    assert promises_of(order, START + 3 * HOUR, early)[0].state == "near"
    assert promises_of(order, START + 23 * HOUR, never)[0].state == "open"


def test_a_sellers_own_time_counts_where_it_is_stricter():
    """For its own orders, from its day on; the marketplace's stays where that is less."""
    order = order_of(PLACED, PAID)
    officially = order.due["dispatch"]

    def due(*rows: Own) -> tuple[int, bool]:
        found = promises_of(order, START, Times(owned=by_seller(rows)))
        dispatch = next(each for each in found if each.kind == "dispatch")
        return dispatch.due, dispatch.own is not None

    begins = order.begun["dispatch"]
    assert due(Own("toko", "dispatch", 0, 6)) == (begins + 6 * HOUR, True)
    assert due(Own("toko", "dispatch", 0, 6), Own("toko", "dispatch", begins, 3)) == (begins + 3 * HOUR, True)
    assert due(Own("toko", "dispatch", 0, 6), Own("toko", "dispatch", begins + 1, 3)) == (begins + 6 * HOUR, True)
    for row in (Own("other", "dispatch", 0, 6), Own("toko", "confirm", 0, 6), Own("toko", "dispatch", 0, 999)):
        assert due(row) == (officially, False)
    assert order.due["dispatch"] == officially


def test_what_is_kept_stays_kept():
    """In time or late, whatever the time now is."""
    assert state("pay", 500, PLACED, PAID) == "kept"
    assert state("pay", 500, PLACED, tell("payment_paid", 25)) == "kept_late"
    assert standing("pay", 2, PLACED, PAID).kept_at == START + HOUR


@pytest.mark.parametrize(
    ("kind", "begins", "keeps"),
    [
        ("pay", [PLACED], PAID),
        ("confirm", [PLACED, PAID], tell("order_confirmed", 2)),
        ("confirm", [PLACED, PAID], tell("shipping_arranged", 2)),
        ("dispatch", [PLACED, PAID, tell("order_confirmed", 2)], scan("picked_up", 10)),
        ("deliver", [*ON_ITS_WAY], scan("delivered", 50)),
        ("receive", [*ON_ITS_WAY, scan("delivered", 50)], tell("receipt_confirmed", 60)),
        ("receive", [*ON_ITS_WAY, scan("delivered", 50)], tell("order_completed", 60)),
        ("answer_return", [PLACED, tell("return_requested", 10)], tell("return_rejected", 11)),
        ("answer_return", [PLACED, tell("return_requested", 10)], tell("return_approved", 11)),
        ("refund", [PLACED, PAID, tell("refund_approved", 10)], tell("refund_settled", 20)),
        ("refund", [PLACED, PAID, tell("return_approved", 10)], tell("refund_settled", 20)),
        ("refund", [PLACED, PAID, tell("return_approved", 10)], tell("return_closed", 20, outcome="refunded")),
        ("answer_claim", [*ON_ITS_WAY, tell("claim_opened", 60)], tell("claim_resolved", 70)),
    ],
)
def test_what_begins_and_keeps_each_promise(kind: str, begins: list[Event], keeps: Event):
    """Every row of PROMISES by the events that mean it."""
    hours = (keeps.occurred_at - START) / HOUR
    assert state(kind, hours - 0.5, *begins) == "open"
    assert state(kind, hours + 1_000, *begins) == "broken"
    assert state(kind, hours + 1_000, *begins, keeps) == "kept"


def test_the_examples_are_all_kinds():
    """But for silence, which no event keeps for good."""
    [parameters] = [mark.args[1] for mark in test_what_begins_and_keeps_each_promise.pytestmark]
    assert {kind for kind, *_ in parameters} | {"scan"} == PROMISES.keys()


def test_a_parcel_under_way_is_silent_since_its_last_scan():
    """Each scan moves the clock, also one that says nothing new; at the door it stops."""
    way = [*ON_ITS_WAY, scan("at_hub", 20), scan("at_hub", 30, location="Bandung")]
    assert standing("scan", 40, *way).since == START + 30 * HOUR
    assert standing("scan", 40, *way).subject == "jne/N1"
    assert (state("scan", 102, *way), state("scan", 103, *way)) == ("near", "broken")
    assert state("scan", 103, *way, scan("delivered", 50)) == ""


def test_each_parcel_has_its_own_silence():
    """The one that was delivered is silent for good, the other is late."""
    other = (tell("shipping_arranged", 3, package_id="k2", tracking_number="N2"), scan("picked_up", 11, "N2"))
    order = order_of(*ON_ITS_WAY, *other, scan("delivered", 40))
    found = [(each.subject, each.since) for each in promises_of(order, START) if each.kind == "scan"]
    assert found == [("jne/N2", START + 11 * HOUR)]


def test_nobody_waits_for_a_cancelled_order():
    """What was open is void; what was kept stays kept."""
    gone = (PLACED, PAID, tell("order_cancelled", 5))
    assert {each.kind: each.state for each in promises_of(order_of(*gone), START + WEEKS)} == {
        "pay": "kept",
        "confirm": "void",
        "dispatch": "void",
        "deliver": "void",
    }


def test_a_return_stops_the_clock_of_completion():
    """Until it is withdrawn: then the buyer is awaited again, and the return needs no answer."""
    there = (*ON_ITS_WAY, scan("delivered", 50))
    asked = (*there, tell("return_requested", 60))
    assert state("receive", 61, *asked) == "void"
    assert state("receive", 61, *asked, tell("return_withdrawn", 61)) == "open"
    assert state("answer_return", 500, *asked, tell("return_withdrawn", 61)) == "void"


def test_a_parcel_that_comes_while_its_return_is_asked_for_has_come():
    """The buyer said too early that it had not: delivered in time, whatever becomes of the return."""
    asked = (*ON_ITS_WAY, tell("return_requested", 45, case_id="c1"), scan("delivered", 50))
    for rest in ((), (tell("return_withdrawn", 400, case_id="c1"),), (tell("return_approved", 60, case_id="c1"),)):
        found = standing("deliver", 500, *asked, *rest)
        assert (found.state, found.kept_at) == ("kept", START + 50 * HOUR)


def test_a_marketplaces_word_alone_asks_for_an_answer():
    """A thin webhook says that a return is requested, and its next word that it was answered."""
    word = tell("status_reported", 60, status="return_requested", word="IN_RETURN")
    next_word = tell("status_reported", 61, status="completed", word="COMPLETED")
    assert state("answer_return", 61, *ON_ITS_WAY, scan("delivered", 50), word) == "open"
    assert state("answer_return", 999, *ON_ITS_WAY, scan("delivered", 50), word, next_word) == "kept"


def test_one_refund_under_two_ids_is_one_promise():
    """The shop approves, its payment provider settles under an id of its own."""
    approved = tell("refund_approved", 10, refund_id="shops")
    settled = tell("refund_settled", 20, refund_id="providers", source="midtrans")
    also = tell("refund_approved", 11, refund_id="providers", source="midtrans")
    found = [
        each for each in promises_of(order_of(PLACED, PAID, approved, also, settled), START) if each.kind == "refund"
    ]
    assert [(each.subject, each.kept_at) for each in found] == [("shops", START + 20 * HOUR)]


def test_a_second_refund_is_not_paid_by_the_first():
    """The provider's second settlement keeps the shop's second promise, and no earlier one does."""
    hours = {"refund_approved": (10, 240), "refund_settled": (20, 260)}
    shop = [tell("refund_approved", at, refund_id=f"s{at}", source="shopify") for at in hours["refund_approved"]]
    bank = [tell("refund_settled", at, refund_id=f"m{at}", source="midtrans") for at in hours["refund_settled"]]
    before = promises_of(order_of(PLACED, PAID, *shop, bank[0]), START + 60 * DAY)
    assert [(each.subject, each.state) for each in before if each.kind == "refund"] == [
        ("s10", "kept"),
        ("s240", "broken"),
    ]
    after = promises_of(order_of(PLACED, PAID, *shop, *bank), START + 60 * DAY)
    assert [each.kept_at for each in after if each.kind == "refund"] == [START + 20 * HOUR, START + 260 * HOUR]


def test_a_second_return_is_not_paid_by_the_first_refund():
    """Where nobody approves refunds, what is settled pays the returns in their order."""
    returns = [tell("return_approved", at, case_id=f"r{at}", kind="return") for at in (10, 240)]
    paid = tell("refund_settled", 20, refund_id="m1", source="midtrans")
    found = promises_of(order_of(PLACED, PAID, *returns, paid), START + 60 * DAY)
    assert [(each.subject, each.state) for each in found if each.kind == "refund"] == [
        ("r10", "kept"),
        ("r240", "broken"),
    ]


def test_a_replacement_owes_no_money():
    """The goods go again, not the money."""
    asked = tell("return_requested", 10, kind="replacement")
    assert state("refund", 11, PLACED, PAID, asked, tell("return_approved", 11)) == ""


def test_late_evidence_mends_the_record():
    """The scan of the pick-up comes two weeks late, and the promise was kept all the time."""
    late = scan("picked_up", 10, received_at=START + 14 * DAY)
    before = (PLACED, PAID, tell("order_confirmed", 2), tell("shipping_arranged", 3))
    assert state("dispatch", 24 * 14, *before) == "broken"
    assert state("dispatch", 24 * 14, *before, late) == "kept"
    order = order_of(*before)
    take(order, late)
    assert order.kept["dispatch"] == START + 10 * HOUR


@settings(max_examples=200)
@given(lives(), st.data())
def test_any_order_and_duplication_gives_the_same_promises(life: list[Event], data: st.DataObject):
    """However events come and how often: the same promises, at every instant the same states."""
    arrival = data.draw(st.permutations([*life, *data.draw(st.lists(st.sampled_from(life), max_size=4))]))
    order = Order(order_id=ORDER)
    for event in arrival:
        take(order, event)
    now = START + data.draw(st.integers(0, 40)) * 12 * HOUR
    assert promises_of(order, now) == promises_of(order_of(*life), now)
    assert order.begun.keys() == order.due.keys() >= order.kept.keys()


@settings(max_examples=100)
@given(lives())
def test_three_weeks_pass_in_a_moment(life: list[Event]):
    """While the clock runs on with no event a promise is open, then near, then broken; the rest stay as they are."""
    order, way = order_of(*life), ("open", "near", "broken")
    seen: dict[tuple[str, str], list[str]] = {}
    for now in range(START, START + WEEKS, 30 * MINUTE * 16):
        for each in promises_of(order, now):
            seen.setdefault((each.kind, each.subject), []).append(each.state)
    for states in seen.values():
        assert len(set(states)) == 1 or [way.index(state) for state in states] == sorted(map(way.index, states))
