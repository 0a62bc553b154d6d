"""Intake: each delivery once, each event to where it belongs."""

import json

import pytest

from agents.intake import intake_agent
from pipeline import codec
from pipeline.settings import Account, Settings
from pipeline.stopping import MustStop
from pipeline.streams import testing
from pipeline.streams.testing import Given, Outcome
from schemas.deliveries import Delivery
from schemas.times import DAY
from tests.agents.events import START

SETTINGS = Settings(
    accounts=(
        Account(source="tiktok_shop", name="melati", secrets=("s",), app_key="k"),
        Account(source="ninjavan", name="melati", secrets=("s",), seller="melati"),
        Account(source="standard_webhooks", name="melati", secrets=("s",), seller="toko/melati"),
        Account(source="biteship", name="melati", secrets=("s",), header="x", seller="melati", orders="tiktok_shop"),
    )
)
INTAKE = intake_agent(SETTINGS)


def delivered(source: str, body: object, dedupe_id: str = "d1", account: str = "melati") -> Given:
    """Gives a record of webhooks.received."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    delivery = Delivery(source, account, dedupe_id, raw, START, {"content-type": "application/json"})
    return Given(delivery.key, raw, delivery.record_headers(), timestamp=START + 5)


def order(word: str = "UNPAID", native: str = "1") -> dict:
    """A TikTok Shop webhook."""
    data = {"order_id": native, "order_status": word, "update_time": START // 1_000}
    return {"type": 1, "shop_id": "7", "timestamp": START // 1_000, "tts_notification_id": word, "data": data}


SCAN = {
    "tracking_id": "nv1 ",
    "shipper_order_ref_no": "8374",
    "timestamp": "2026-03-20T16:46:40+0700",
    "event": "Arrived at Origin Hub",
    "status": "Arrived at Origin Hub",
    "is_parcel_on_rts_leg": False,
}

WAYBILL = {
    "event": "order.waybill_id",
    "order_id": "1",
    "courier": {"company": "jne", "type": "reg", "waybill_id": "JNE1", "tracking_id": "T"},
}


def taken(*records: Given, rows: dict | None = None) -> Outcome:
    """Runs intake."""
    return testing.run(INTAKE, records, rows=rows)


def places(outcome: Outcome) -> list[tuple[str, bytes]]:
    """Gives where messages went."""
    return [(message.topic, message.key) for message in outcome.messages]


def test_an_event_goes_to_the_topic_of_its_type_under_its_order():
    """With the type as header and the evidence inside."""
    outcome = taken(delivered("tiktok_shop", order()))
    [message] = outcome.messages
    assert (message.topic, message.key) == ("orders", b"tiktok_shop:1")
    event = codec.decode(dict(message.headers)["type"], message.value)
    assert (event.evidence.offset, event.evidence.written_at) == (0, START + 5)


def test_a_worker_without_any_account_stops_and_buries_nothing():
    """It was started without its arus.toml: the sentence names whose webhook waits, and what to do."""
    orphan = intake_agent(Settings())
    with pytest.raises(MustStop, match=r"tiktok_shop/melati waits.*give it the one that the gateway has"):
        testing.run(orphan, [delivered("tiktok_shop", order())])


def test_a_seller_s_file_needs_no_account():
    """Whoever has no sender may count stock."""
    counted = Delivery("stock_csv", "toko", "f", b"sku,quantity\nKOPI,7\n", START, {})
    record = Given(counted.key, counted.body, counted.record_headers(), timestamp=START)
    outcome = testing.run(intake_agent(Settings()), [record])
    assert places(outcome) == [("stock", b"toko/KOPI")]


def test_a_delivery_counts_once():
    """Within a batch, and in a later one."""
    record = delivered("tiktok_shop", order())
    outcome = taken(record, record)
    assert len(outcome.messages) == 1
    assert taken(record, rows=outcome.rows).messages == []


def test_other_deliveries_are_other_deliveries():
    """Also with the same dedupe id of another account or sender."""
    outcome = taken(delivered("tiktok_shop", order()), delivered("ninjavan", SCAN))
    assert len(outcome.messages) == 2


def test_deliveries_are_remembered_for_longer_than_senders_repeat():
    """As many days as the settings say, counted from when the delivery was written."""
    outcome = taken(delivered("tiktok_shop", order()))
    [row] = outcome.rows.values()
    table = INTAKE.table
    assert table is not None
    assert table.keep_ms == SETTINGS.streams.seen_days * DAY >= 4 * DAY
    assert table.written_at is not None
    assert table.written_at(row) == START + 5


def test_a_scan_goes_to_matching_alone():
    """Under its number, however it is spelled."""
    assert places(taken(delivered("ninjavan", SCAN))) == [("scans", b"ninjavan/NV1")]


def test_a_binding_goes_to_matching_and_to_its_order():
    """It is both: a fact of the order and what its scans wait for."""
    outcome = taken(delivered("biteship", WAYBILL))
    assert places(outcome) == [("scans", b"jne/JNE1"), ("shipments", b"tiktok_shop:1")]
    assert outcome.messages[0].value == outcome.messages[1].value


def test_a_delivery_may_tell_nothing():
    """A chat message of a marketplace is taken and remembered."""
    outcome = taken(delivered("tiktok_shop", {"type": 13, "shop_id": "7", "data": {}}))
    assert outcome.messages == outcome.buried == []
    assert len(outcome.rows) == 1


@pytest.mark.parametrize(
    ("record", "cause"),
    [
        (delivered("tiktok_shop", b"{"), None),
        (delivered("tiktok_shop", order(), account="gone"), "unknown_account"),
        (delivered("nobody", order()), "unknown_account"),
        (Given(b"no/delivery", b"{}"), "no_delivery"),
        (Given(None, b"{}"), "no_delivery"),
    ],
)
def test_what_nobody_can_read_is_buried_and_not_remembered(record: Given, cause: str | None):
    """So the next delivery is taken, and the buried one can be driven again."""
    outcome = taken(record, delivered("tiktok_shop", order()))
    [buried] = outcome.buried
    assert buried.record.key == record.key
    assert buried.cause == cause or (cause is None and buried.cause)
    assert buried.detail
    assert len(outcome.messages) == len(outcome.rows) == 1


def test_stock_goes_to_its_article():
    """What a seller counts goes under seller and SKU, in a way that no two sellers can share."""
    body = {"type": "stock.counted", "timestamp": START, "data": {"sku": "A/1", "quantity": 3}}
    outcome = taken(delivered("standard_webhooks", body))
    assert places(outcome) == [("stock", b"toko%2Fmelati/A/1")]
    (event,) = (codec.decode(b"stock_counted", message.value) for message in outcome.messages)
    assert (event.sku, event.quantity, event.order_id) == ("A/1", 3, "")


def test_stock_that_names_an_order_is_buried():
    """It belongs to no order; the error says which field is too much."""
    body = {"type": "stock.counted", "timestamp": START, "data": {"sku": "A", "quantity": 3, "order_id": "1"}}
    (buried,) = taken(delivered("standard_webhooks", body)).buried
    assert "data.order_id is no field of stock_counted" in buried.detail
