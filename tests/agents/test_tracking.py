"""Tracking: state, changes of status, contradictions and news, exactly once whatever is run again."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.tracking import orders, track
from pipeline import codec
from pipeline.streams import testing
from schemas.events import Event
from tests.agents.events import ORDER, START, lives, order_of, scan, tell
from tests.agents.telling import read, tracked

KEY = ORDER.encode()


def test_a_change_of_status_is_told_with_its_way_through_the_system():
    """From what to what, since when, by which event, and when it passed each hop."""
    paid = tell("payment_paid", 1)
    record = testing.told(paid, timestamp=START + 7)
    [first, second] = read(testing.run(track, [testing.told(tell("order_placed", 0)), record]), "order.transitions")
    assert (first.before, first.after) == ("unknown", "unpaid")
    assert (second.before, second.after, second.occurred_at) == ("unpaid", "new", paid.occurred_at)
    assert (second.event_id, second.event_type, second.source) == (paid.event_id, "payment_paid", "tiktok_shop")
    assert (second.received_at, second.raw_written_at, second.event_written_at) == (
        paid.received_at,
        paid.evidence.written_at,
        START + 7,
    )
    assert second.transition_id == f"{ORDER}/{paid.event_id}"
    assert second.seller_id == "toko"


def test_a_change_counts_from_when_it_happened():
    """An order that was placed before the payment that came first is new since the payment."""
    [first] = read(tracked(tell("payment_paid", 1), tell("order_placed", 0)), "order.transitions")
    assert (first.after, first.occurred_at) == ("new", tell("payment_paid", 1).occurred_at)


def test_what_changes_nothing_tells_nothing():
    """A second scan in the same hub is kept and told to nobody."""
    outcome = tracked(tell("order_placed"), scan("at_hub", 10), scan("at_hub", 11, location="Bandung"))
    assert len(read(outcome, "order.transitions")) == 2
    assert outcome.rows[KEY].packages["jne/N1"].last.location == "Bandung"


def test_orders_do_not_mix():
    """Each has its own row."""
    other = tell("order_placed", order_id="tiktok_shop:2")
    outcome = tracked(tell("order_placed"), other, tell("payment_paid", 1))
    assert {key: order.status for key, order in outcome.rows.items()} == {KEY: "new", b"tiktok_shop:2": "unpaid"}


def test_an_event_under_anothers_key_is_buried():
    """It would be folded into a row that another worker owns."""
    event = tell("order_placed")
    wrong = testing.Given(b"tiktok_shop:2", codec.encode_event(event), codec.headers(event))
    outcome = testing.run(track, [wrong, testing.told(tell("payment_paid", 1))])
    assert [buried.cause for buried in outcome.buried] == ["wrong_key"]
    assert outcome.rows[KEY].status == "new"


def test_an_event_nobody_can_read_is_buried():
    """And the batch goes on."""
    outcome = testing.run(
        track,
        [
            testing.Given(KEY, b"{", codec.headers(tell("order_placed"))),
            testing.Given(KEY, b"{}", [("type", b"order_vanished")]),
            testing.told(tell("order_placed")),
        ],
    )
    assert [buried.cause for buried in outcome.buried] == ["undecodable", "unknown_type"]
    assert outcome.rows[KEY].status == "unpaid"


def test_the_seller_is_whom_the_best_witness_named():
    """The marketplace that numbers the order outweighs others, and the first word outweighs later ones."""
    carrier = scan("at_hub", 1, seller_id="carrier's")
    provider = tell("payment_paid", 2, source="midtrans", seller_id="provider's")
    marketplace = tell("order_placed", 9, seller_id="toko")
    later = tell("order_confirmed", 10, seller_id="thief")
    assert order_of(carrier).seller[3] == "carrier's"
    assert order_of(provider, carrier).seller[3] == "provider's"
    for arrival in ((carrier, provider, marketplace, later), (later, marketplace, provider, carrier)):
        assert order_of(*arrival).seller[3] == "toko"


@settings(max_examples=150)
@given(lives(), st.data())
def test_batches_may_be_cut_anywhere(life: list[Event], data: st.DataObject):
    """Cut into batches of any size, with the state written and read between them, the same is told and kept."""
    whole = tracked(*life)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(life)), max_size=3)))
    told, rows, buried = [], {}, []
    for start, end in zip([0, *cuts], [*cuts, len(life)], strict=True):
        part = tracked(*life[start:end], rows=rows)
        told, rows, buried = told + part.messages, {**rows, **part.rows}, buried + part.buried
    assert told == whole.messages
    assert {key: codec.encode(order) for key, order in rows.items()} == {
        key: codec.encode(order) for key, order in whole.rows.items()
    }


@settings(max_examples=150)
@given(lives())
def test_a_replay_changes_nothing(life: list[Event]):
    """All events once more, on top of the state that they gave: the same state, and nothing new is told."""
    once = tracked(*life)
    again = tracked(*life, rows=once.rows)
    assert again.messages == []
    assert codec.encode(again.rows[KEY]) == codec.encode(once.rows[KEY])


@settings(max_examples=150)
@given(lives(), st.data())
def test_two_halves_in_any_interleaving(life: list[Event], data: st.DataObject):
    """What two partitions deliver side by side may interleave in any way."""
    mine = data.draw(st.lists(st.booleans(), min_size=len(life), max_size=len(life)))
    left = [event for event, is_left in zip(life, mine, strict=True) if is_left]
    right = [event for event, is_left in zip(life, mine, strict=True) if not is_left]
    assert codec.encode(tracked(*left, *right).rows[KEY]) == codec.encode(tracked(*right, *left).rows[KEY])


@settings(max_examples=150)
@given(lives())
def test_the_state_is_read_as_it_was_written(life: list[Event]):
    """Nothing of an order is lost on its way through the changelog."""
    [order] = tracked(*life).rows.values()
    assert orders.decode(orders.encode(order)) == order
    assert orders.encode(orders.decode(orders.encode(order))) == orders.encode(order)
