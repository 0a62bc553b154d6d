"""Matching: scans find their orders, whichever comes first."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.matching import MOST_SCANS, REUSED_AFTER, match
from agents.rules.bindings import AFTER, BEFORE, OWN
from pipeline import codec
from pipeline.cli.proof.reference import bound
from pipeline.sources import own
from pipeline.sources.own import cloudevents, standard_webhooks, svix
from pipeline.streams import testing
from pipeline.streams.testing import Given, Outcome
from schemas.events import Event
from schemas.facts import Anomaly
from schemas.ids import tracking_key
from schemas.times import HOUR
from tests.agents.events import scan, tell

DAY_HOURS = 24
KEY = b"jne/N1"


def on_scans(event: Event) -> Given:
    """Gives the record of topic `scans` that an event travels in."""
    key = tracking_key(event.carrier, event.tracking_number).encode()
    return Given(key, codec.encode_event(event), codec.headers(event), timestamp=event.received_at)


def matched(*events: Event) -> Outcome:
    """Runs matching over the events of one number."""
    return testing.run(match, [on_scans(event) for event in events])


def told(outcome: Outcome) -> list[tuple[str, str]]:
    """Gives (order, scan) in the order in which they were sent."""
    sent = [message for message in outcome.messages if message.topic == "shipments"]
    events = [codec.decode(b"package_scanned", message.value) for message in sent]
    assert [message.key.decode() for message in sent] == [event.order_id for event in events]
    return [(event.order_id, event.event_id) for event in events]


def bind(order: str, hours: float = 0, **given_: str) -> Event:
    """Binds the number to an order."""
    return tell("shipping_arranged", hours, order_id=order, package_id=f"k-{order}", **given_)


def seen(hours: float = 0, order: str = "", milestone: str = "at_hub") -> Event:
    """A scan of the number; `order` if the sender names one."""
    return scan(milestone, hours, order_id=order)


def test_a_scan_goes_to_the_order_that_its_number_is_bound_to():
    """The same event, with the order filled in."""
    event = seen(2)
    outcome = matched(bind("a:1"), event)
    assert told(outcome) == [("a:1", event.event_id)]
    assert outcome.messages[0].headers == codec.headers(event)


def test_a_scan_that_comes_before_the_binding_waits_for_it():
    """Parked scans are released in the order in which they happened."""
    late, early = seen(3), seen(2)
    waiting = matched(late, early)
    assert told(waiting) == []
    assert len(waiting.rows[KEY].parked) == 2
    outcome = testing.run(match, [on_scans(bind("a:1"))], rows=waiting.rows)
    assert told(outcome) == [("a:1", early.event_id), ("a:1", late.event_id)]
    assert outcome.rows[KEY].parked == []


def test_what_waits_tells_when_it_came():
    """Operators see how long a number has been waiting."""
    row = msgspec.json.decode(codec.encode(matched(seen(2)).rows[KEY]))
    assert [waiting["received_at"] for waiting in row["parked"]] == [seen(2).received_at]


def test_a_parcel_of_two_orders_tells_both():
    """Bindings are many to many, and a scan that came between the two bindings misses neither."""
    event = seen(2)
    outcome = matched(bind("a:1"), event, bind("a:2", 1))
    assert told(outcome) == [("a:1", event.event_id), ("a:2", event.event_id)]


def test_a_scan_whose_sender_names_the_order_need_not_wait():
    """It goes there at once, and also to the orders that the number is bound to."""
    event = seen(2, "a:9")
    outcome = matched(event, bind("a:1"))
    assert told(outcome) == [("a:9", event.event_id), ("a:1", event.event_id)]


def test_a_scan_told_twice_is_sent_once():
    """Senders that push a parcel's whole history repeat every scan in every push."""
    event = seen(2)
    assert told(matched(bind("a:1"), event, event, bind("a:1"))) == [("a:1", event.event_id)]


def test_a_repeated_scan_that_now_names_an_order_goes_there():
    """Only there: the bound order has it already."""
    event = seen(2)
    named = codec.decode(b"package_scanned", codec.encode_event(event).replace(b'"order_id":""', b'"order_id":"a:9"'))
    assert told(matched(bind("a:1"), event, named)) == [("a:1", event.event_id), ("a:9", event.event_id)]


def test_a_number_used_again_belongs_to_its_new_order():
    """The scan of the new parcel does not reach the old order, also when it comes before the new binding."""
    months = (REUSED_AFTER // HOUR) + DAY_HOURS
    old, new = seen(5), seen(months + 5)
    for arrival in ((bind("a:1"), old, new, bind("a:2", months)), (new, bind("a:2", months), old, bind("a:1"))):
        assert set(told(matched(*arrival))) == {("a:1", old.event_id), ("a:2", new.event_id)}


def test_a_number_used_again_is_an_anomaly():
    """Found whichever binding comes first, once, and told of the later order."""
    months = (REUSED_AFTER // HOUR) + DAY_HOURS
    first, second = bind("a:1"), bind("a:2", months)
    for arrival in ((first, second, second), (second, first, first)):
        [message] = [message for message in matched(*arrival).messages if message.topic == "anomalies"]
        found = anomaly(message.value)
        assert (found.kind, found.order_id) == ("tracking_number_reused", "a:2")
        assert (found.event_id, found.against_event_id) == (second.event_id, first.event_id)


def anomaly(value: bytes) -> Anomaly:
    """Reads an anomaly."""
    return msgspec.json.decode(value, type=Anomaly)


def test_no_scan_falls_to_both_orders_of_a_number_used_again():
    """The times of two bindings that far apart do not overlap."""
    assert BEFORE + AFTER < REUSED_AFTER


def test_more_scans_than_may_wait_become_dead_letters():
    """Nothing is dropped, and one number cannot grow without end."""
    outcome = matched(*(seen(n / 100) for n in range(MOST_SCANS + 2)))
    assert [buried.cause for buried in outcome.buried] == ["too_many_parked"] * 2
    assert len(outcome.rows[KEY].parked) == MOST_SCANS


def test_a_bound_number_is_never_full():
    """However many scans a parcel has, each reaches its order."""
    outcome = matched(bind("a:1"), *(seen(n / 100) for n in range(MOST_SCANS + 2)))
    assert len(told(outcome)) == MOST_SCANS + 2
    assert outcome.buried == []
    assert len(outcome.rows[KEY].matched) == MOST_SCANS


SHOPS = [
    ({"source": "svix", "seller_id": "kios"}, {"source": "svix", "seller_id": "toko"}, False),
    ({"source": "standard_webhooks", "seller_id": "kios"}, {"source": "ninjavan", "seller_id": "toko"}, False),
    ({"source": "tiktok_shop", "seller_id": "toko"}, {"source": "cloudevents", "seller_id": "kios"}, False),
    ({"source": "standard_webhooks", "seller_id": "toko"}, {"source": "ninjavan", "seller_id": "toko"}, True),
    ({"source": "standard_webhooks", "seller_id": "toko"}, {"source": "ninjavan", "seller_id": None}, True),
    ({"source": "tiktok_shop", "seller_id": "tiktok_shop:7495"}, {"source": "ninjavan", "seller_id": "toko"}, True),
]


@pytest.mark.parametrize("binding_first", [True, False])
@pytest.mark.parametrize(("binder", "scanner", "meet"), SHOPS)
def test_no_shops_own_system_speaks_of_anothers_parcel(binder, scanner, meet, binding_first):
    """It would read where the other's buyer lives, or say that the parcel was delivered. Senders of the trade may."""
    events = [bind("a:1", **binder), scan("at_hub", 2, order_id="", **scanner)]
    outcome = matched(*events if binding_first else reversed(events))
    assert [order for order, _ in told(outcome)] == ["a:1"] * meet
    assert bound(events).get("a:1", {}).keys() == {event.event_id for event in events[: 1 + meet]}


def test_the_senders_of_shops_own_systems_are_those_of_the_registry():
    """A new one of that folder counts too."""
    assert set(OWN) == {module.SOURCE.id for module in (cloudevents, standard_webhooks, svix)}
    assert {file.stem for file in Path(own.__path__[0]).glob("[a-z]*.py")} == {*OWN, "words"}


def test_what_is_no_scan_is_buried():
    """Such as an event that somebody wrote to the wrong topic."""
    order = tell("order_placed")
    outcome = testing.run(match, [Given(KEY, codec.encode_event(order), codec.headers(order))])
    assert [buried.cause for buried in outcome.buried] == ["no_scan"]
    assert outcome.rows == {}


pieces = st.one_of(
    st.builds(bind, st.sampled_from(("a:1", "a:2", "a:3")), st.integers(0, 9).map(lambda n: n * 600)),
    st.builds(seen, st.integers(0, 19).map(lambda n: n * 300), st.sampled_from(("", "", "a:1", "a:9"))),
)


@settings(max_examples=150)
@given(st.lists(pieces, min_size=1, max_size=12), st.data())
def test_any_arrival_matches_the_same(events: list[Event], data: st.DataObject):
    """Any permutation with any repetition, in any cut into batches, sends every scan once to the same orders."""
    again = data.draw(st.lists(st.sampled_from(events), max_size=4))
    shuffled = data.draw(st.permutations([*events, *again]))
    cut = data.draw(st.integers(0, len(shuffled)))
    once = matched(*events)
    first = matched(*shuffled[:cut])
    second = testing.run(match, [on_scans(event) for event in shuffled[cut:]], rows=first.rows)
    sent = told(first) + told(second)
    assert sorted(sent) == sorted(told(once))
    assert len(sent) == len(set(sent))
    assert waiting(second) == waiting(once)
    assert reused(once) == sorted(reused(first) + reused(second))


def reused(outcome: Outcome) -> list[str]:
    """Gives the anomalies that were told."""
    return sorted(anomaly(m.value).anomaly_id for m in outcome.messages if m.topic == "anomalies")


def waiting(outcome: Outcome) -> set[str]:
    """Gives the scans that wait."""
    return {scan_.event_id for number in outcome.rows.values() for scan_ in number.parked}
