"""A seller's own system: our events in our words, and errors that say what to change."""

import json

import pytest

from pipeline import sources
from pipeline.sources import SOURCES, Request, Untranslatable
from pipeline.sources.own.words import FIELDS
from schemas import times
from schemas.registry import EVENTS

PLACED = {"order_id": "1001", "lines": [{"sku": "A", "name": "Kopi", "quantity": 2, "unit_price": 50_000}]}


@pytest.fixture
def tell(account, deliver):
    """Translates what a seller's system says."""

    def tell(kind, data, timestamp="2026-11-24T09:30:00+07:00", dedupe_id="msg_1", **said):
        body = json.dumps({"type": kind, "timestamp": timestamp, "data": data}).encode()
        (event,) = sources.translate(
            deliver("standard_webhooks", body, dedupe_id), account("standard_webhooks", **said)
        )
        return event

    return tell


def wrong(tell, kind, data, **said):
    with pytest.raises(Untranslatable) as told:
        tell(kind, data, **said)
    return told.value


@pytest.mark.parametrize("kind", ["order.placed", "order_placed"])
def test_types_are_written_with_dots_or_underscores(tell, kind):
    """The specification likes dots; our own words have underscores."""
    event = tell(kind, PLACED)
    assert (event.type, event.order_id, event.seller_id) == ("order_placed", "standard_webhooks:1001", "toko")
    assert event.occurred_at == times.parse("2026-11-24T02:30:00Z")


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_of_ours_can_be_told(tell, kind):
    """Each type is taken with the fields that its shape requires, and no others."""
    told = {"order_id": "1", "case_id": "C", "payment_id": "P", "refund_id": "R", "amount": 5, "stars": 4}
    told |= {"package_id": "K", "carrier": "jne", "tracking_number": "N", "milestone": "at_hub", "how": "split"}
    told |= {"status": "new", "word": "baru", "sku": "S", "quantity": 3}
    fields = FIELDS[kind] & told.keys()
    assert tell(kind, {name: told[name] for name in fields}).type == kind


def test_money_is_minor_units_or_text_as_people_read_it(tell):
    """A number counts minor units; text is an amount of the currency. They mean the same in rupiah alone."""
    dollars = {**PLACED, "currency": "USD", "total": "19.99", "discount": 250}
    event = tell("order.placed", dollars)
    assert (event.total, event.discount) == (1_999, 250)
    lines = [{"sku": "A", "name": "Kopi", "quantity": 1, "unit_price": "50000"}]
    assert tell("order.placed", {**PLACED, "lines": lines}).lines[0].unit_price == 50_000


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"totl": 5}, "data.totl is no field of order_placed; did you mean total?"),
        ({"total": 19.99}, 'data.total must be a whole number, or text such as "19.99"'),
        ({"total": "much"}, "data.total is no amount of money"),
        ({"total": 2**63}, 'data.total must be a whole number, or text such as "19.99"'),
        ({"lines": [{"sku": "A", "name": "Kopi", "quantity": "two"}]}, "data.lines[0].quantity must be a whole number"),
        ({"lines": [{"sku": "A", "quantity": 1}]}, "data.lines.0.name does not fit order_placed: Field required"),
        ({"order_id": None}, "data.order_id is missing"),
        ({"order_id": "a\nb"}, "data.order_id is no id: it must be printable and no longer than 200 characters"),
        ({"currency": "rupiah"}, "data.currency is no currency"),
        ({"seller_id": "another"}, "data.seller_id is no field of order_placed"),
        ({"event_id": "chosen"}, "data.event_id is no field of order_placed"),
    ],
)
def test_a_wrong_field_is_named(tell, change, says):
    """The dead letter says which field, and what would be right."""
    error = wrong(tell, "order.placed", {**PLACED, **change})
    assert (error.cause, error.detail) == ("invalid", says)


@pytest.mark.parametrize("kind", ["contact.created", "order.teleported"])
def test_a_type_that_is_none_of_ours_is_kept_as_such(tell, kind):
    """Whatever else a system sends waits among the dead letters under `unknown_type`."""
    assert wrong(tell, kind, {}).cause == "unknown_type"


def test_a_type_that_is_nearly_ours_is_guessed(tell):
    """A misspelt type is answered with the one that was meant."""
    assert wrong(tell, "order.place", {}).detail == "no event type 'order.place'; did you mean order_placed?"


def test_an_order_of_a_marketplace_is_named_where_the_account_may(tell):
    """With `orders` a seller's system tells the details of a marketplace's order, in full or by its plain number."""
    full = {**PLACED, "order_id": "tiktok_shop:576"}
    assert tell("order.placed", full, orders="toko,tiktok_shop").order_id == "tiktok_shop:576"
    assert tell("order.placed", PLACED, orders="tiktok_shop").order_id == "tiktok_shop:1001"


@pytest.mark.parametrize("order_id", ["tiktok_shop:576", "other-shop:1001", "standard_webhooks:1001"])
def test_an_order_of_somebody_else_cannot_be_named(tell, order_id):
    """A seller's system may name its own orders alone; the dead letter says whose it may name."""
    error = wrong(tell, "order.cancelled", {"order_id": order_id}, orders="toko")
    assert error.cause == "foreign_order"
    assert "may name those of toko" in error.detail


def test_the_event_is_the_message(tell):
    """One message has one event id; another account's message of the same id, and another message, have others."""
    told = tell("order.placed", PLACED)
    assert told == tell("order.placed", PLACED)
    others = [tell("order.placed", PLACED, name="second"), tell("order.placed", PLACED, dedupe_id="msg_2")]
    others.append(tell("order.placed", PLACED, seller="another", orders="another"))
    assert len({told.event_id, *(event.event_id for event in others)}) == 4


def test_a_carrier_is_the_same_however_it_is_spelled(tell):
    """`J&T Express` of a shop's system meets `jnt` of the carrier's scans."""
    told = {"order_id": "1", "package_id": "K", "carrier": "J&T Express", "tracking_number": "JX1"}
    assert tell("shipping.arranged", told).carrier == "jnt"


def test_a_scan_needs_no_order(tell):
    """A scan may name the tracking number alone."""
    told = {"carrier": "jne", "tracking_number": "N", "milestone": "delivered", "proof": "javascript:x"}
    event = tell("package.scanned", told)
    assert (event.order_id, event.proof) == ("", "")


@pytest.mark.parametrize("name", ["msg_1", "x" * 500, "ünïcode", ""])
def test_the_message_id_is_the_dedupe_id(name):
    """The id of the specification; one that is no fit key is digested."""
    dedupe_id = SOURCES["standard_webhooks"].dedupe_id(Request(b"", {"webhook-id": name}))
    assert (dedupe_id == name) is (name == "msg_1")
    assert 0 < len(dedupe_id) <= 100
    assert dedupe_id.isascii()
