"""What older versions wrote is read on, and what a newer one wrote stops nobody's facts from being kept.

golden/orders-N.jsonl are the snapshots, golden/events-1.jsonl the events, as the code of that version wrote them.
"""

from pathlib import Path

import msgspec
import pytest

from agents.matching import match, numbers
from agents.rules.history import settle
from agents.tracking import orders, track
from analytics.rows.events import read as read_event
from analytics.rows.orders import read as read_order
from pipeline import codec
from pipeline.streams import testing
from pipeline.streams.testing import Given
from schemas import events, facts
from schemas.registry import OF_ORDERS
from tests.agents.events import order_of, scan, tell

GOLDEN = Path(__file__).parent / "golden"
SNAPSHOTS = {
    f"version {version}, {msgspec.json.decode(line)['order_id']}": line
    for version in range(1, facts.VERSION + 1)
    for line in (GOLDEN / f"orders-{version}.jsonl").read_bytes().splitlines()
}
OLD_EVENTS = {msgspec.json.decode(line)["type"]: line for line in (GOLDEN / "events-1.jsonl").read_bytes().splitlines()}


@pytest.mark.parametrize("snapshot", SNAPSHOTS.values(), ids=SNAPSHOTS.keys())
def test_an_old_snapshot_has_todays_version_of_its_status(snapshot):
    """Today's rules see in an old state what its own version saw: the same status and the same history."""
    written = msgspec.json.decode(snapshot)
    order = orders.decode(snapshot)
    settle(order)
    assert order.status == written["status"]
    assert order.history == [tuple(entry) for entry in written["history"]]


@pytest.mark.parametrize("snapshot", SNAPSHOTS.values(), ids=SNAPSHOTS.keys())
def test_an_old_snapshot_is_folded_on_and_written_in_todays_version(snapshot):
    """The next event finds the order where it stood; a late old one downgrades nothing."""
    written = msgspec.json.decode(snapshot)
    key = written["order_id"].encode()
    late = tell("payment_requested", 0.5, order_id=written["order_id"], event_id="late", payment_id="p9")
    raw = Given(key, codec.encode_event(late), codec.headers(late))
    outcome = testing.run(track, [raw], rows={key: orders.decode(snapshot)})
    order = outcome.rows[key]
    assert (order.status, order.version) == (written["status"], facts.VERSION)
    assert [message.topic for message in outcome.messages if message.topic == "order.transitions"] == []


def test_an_old_state_becomes_what_todays_rules_make_of_the_same_events():
    """Nothing is left of the older version, but who told of a payment, which that did not keep."""
    told = [tell("order_placed"), tell("payment_paid", 1), tell("shipping_arranged", 2), scan("picked_up", 3)]
    whole = order_of(*told)
    old = msgspec.json.decode(orders.encode(whole))
    del old["version"], old["marks"]["paid"], old["marks"]["shipped"], old["begun"], old["kept"], old["due"]["confirm"]
    order = orders.decode(msgspec.json.encode(old))
    scanned = scan("delivered", 9)
    rows = testing.run(track, [testing.told(scanned)], rows={order.order_id.encode(): order}).rows
    assert orders.encode(rows[order.order_id.encode()]) == orders.encode(order_of(*told, scanned))


@pytest.mark.parametrize("kind", OF_ORDERS)
def test_an_old_event_is_read_and_folded(kind):
    """Bytes without fields that came later: these have their defaults, in tracking, in matching and in the trail."""
    value = OLD_EVENTS[kind]
    record = Given(b"tiktok_shop:1", value, [(codec.TYPE, kind.encode())])
    outcome = testing.run(track, [record])
    assert (outcome.buried, list(outcome.rows)) == ([], [b"tiktok_shop:1"])
    row = read_event(record)
    assert (row.type, row.order_id) == (kind, "tiktok_shop:1")


@pytest.mark.parametrize("agent", [track, match], ids=lambda agent: agent.name)
def test_an_event_of_a_newer_version_is_a_dead_letter(agent):
    """What it says besides would be lost; untouched it waits for an Arus that knows it."""
    record = testing.told(scan("picked_up", version=events.VERSION + 1))
    outcome = testing.run(agent, [record, testing.told(scan("delivered", 9))])
    (buried,) = outcome.buried
    assert (buried.record.value, buried.cause) == (record.value, "too_new")
    assert f"version {events.VERSION + 1}" in buried.detail
    assert len(outcome.rows) == 1


def newer(row, version: int, **fields) -> bytes:
    """Gives a row as a version after today's would write it."""
    return msgspec.json.encode(msgspec.json.decode(codec.encode(row)) | {"version": version, **fields})


def test_a_row_of_a_newer_version_is_refused():
    """To fold it would lose what it has and this version does not know; the sentence says what to do."""
    with pytest.raises(codec.TooNew, match="a newer one wrote it, start that one"):
        orders.decode(newer(order_of(tell("order_placed")), facts.VERSION + 1, gifts=["ribbon"]))
    number = testing.run(match, [testing.told(scan("picked_up"))]).rows.popitem()[1]
    with pytest.raises(codec.TooNew):
        numbers.decode(newer(number, number.version + 1))


def test_the_warehouse_reads_what_it_knows_of_a_newer_snapshot_or_event():
    """It only reads: what it does not know is missing on its pages until it is newer too, and nothing is lost."""
    order = order_of(tell("order_placed"))
    row = read_order(Given(b"k", newer(order, facts.VERSION + 1, gifts=["ribbon"])))
    assert (row.order_id, row.status) == (order.order_id, "unpaid")
    event = msgspec.json.decode(codec.encode_event(tell("order_placed"))) | {"version": events.VERSION + 1, "gift": 1}
    assert read_event(Given(b"k", msgspec.json.encode(event))).type == "order_placed"
