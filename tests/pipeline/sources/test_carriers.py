"""Ninja Van, Biteship, EasyPost, AfterShip: scans, their times and their orders."""

import json

import pytest

from pipeline import sources
from pipeline.sources import SOURCES, Request, Untranslatable
from schemas import times


@pytest.fixture
def tell(account, deliver):
    """Translates a body of a carrier."""

    def tell(source, body, **said):
        return sources.translate(deliver(source, json.dumps(body).encode()), account(source, **said))

    return tell


def ninja(**said):
    return {"tracking_id": "NV1", "timestamp": "2024-11-21T11:45:40+0800", "status": "Delivered", **said}


def test_ninja_van_s_zone_is_read_from_its_time(tell):
    """An offset without a colon is an offset, whatever the country."""
    (scan,) = tell("ninjavan", ninja())
    assert scan.occurred_at == times.parse("2024-11-21T03:45:40Z")


def test_ninja_van_s_status_speaks_where_there_is_no_event(tell):
    """The document's own example has no `event`."""
    (scan,) = tell("ninjavan", ninja(status="Arrived at Origin Hub"))
    assert (scan.milestone, scan.code) == ("at_hub", "Arrived at Origin Hub")


def test_an_event_that_nobody_knows_is_taken_by_its_status(tell):
    """A new state of a known status is that status; a new status is unknown and keeps its words."""
    known = ninja(event="Delivery Exception, Dog On Premises", status="Delivery Exception")
    assert tell("ninjavan", known)[0].milestone == "delivery_failed"
    (scan,) = tell("ninjavan", ninja(event="Quantum Leap, Sideways", status="Quantum Leap"))
    assert (scan.milestone, scan.code) == ("unknown", "Quantum Leap, Sideways")


def test_ninja_van_tells_why_where_and_the_proof(tell):
    """Reason, hub, direction and picture come along; a proof that is no web address does not."""
    block = {"failure_reason": "Nobody home", "hub": "JKT-KOI", "city": "Tangerang", "country": "ID"}
    proof = {"proof": {"image_uris": ["https://x/1.jpg"], "signature_uri": "https://x/s.jpg"}}
    (scan,) = tell("ninjavan", ninja(event="Delivery Exception, Parcel Lost", delivery_exception={**block, **proof}))
    assert scan.words == "Delivery Exception, Parcel Lost: Nobody home"
    assert (scan.location, scan.proof) == ("JKT-KOI, Tangerang, ID", "https://x/1.jpg")
    (scan,) = tell("ninjavan", ninja(delivery_information={"proof": {"image_uris": ["javascript:alert(1)"]}}))
    assert scan.proof == ""


def test_a_parcel_on_its_way_back_is_returning(tell):
    """`is_parcel_on_rts_leg` is kept with every scan that says so."""
    assert tell("ninjavan", ninja(event="Arrived at Transit Hub", is_parcel_on_rts_leg=True))[0].returning


def test_a_carrier_names_an_order_only_where_its_references_are_ours(tell):
    """A shipper's reference is an order where the account says whose; else the tracking number alone counts."""
    body = ninja(shipper_order_ref_no="1001")
    assert tell("ninjavan", body)[0].order_id == ""
    assert tell("ninjavan", body, orders="toko-melati")[0].order_id == "toko-melati:1001"


def test_biteship_counts_from_its_arrival(tell):
    """Biteship gives no time; the flat and the nested form say the same of a parcel."""
    flat = {"event": "order.status", "order_id": "O", "courier_waybill_id": "W1", "courier_company": "jne"}
    nested = {"event": "order.status", "order_id": "O", "courier": {"waybill_id": "W1", "company": "jne"}}
    for body in (flat, nested):
        (scan,) = tell("biteship", {**body, "status": "droppingOff"})
        assert (scan.occurred_at, scan.received_at) == (1_800_000_000_000, 1_800_000_000_000)
        assert (scan.carrier, scan.tracking_number) == ("jne", "W1")
        assert (scan.milestone, scan.code) == ("out_for_delivery", "droppingOff")


def test_biteship_s_waybill_binds_where_its_orders_are_ours(tell):
    """With `orders` the waybill is the binding of the number; without, it says that a label was made."""
    body = {"event": "order.waybill_id", "order_id": "1001", "courier_waybill_id": "W1", "courier_company": "sicepat"}
    assert tell("biteship", body)[0].milestone == "label_created"
    (bound,) = tell("biteship", body, orders="toko-melati")
    assert (bound.type, bound.order_id, bound.carrier) == ("shipping_arranged", "toko-melati:1001", "sicepat")


def test_a_label_without_a_waybill_is_no_parcel_yet(tell):
    """Biteship's own number would be a second parcel once there is a waybill; who rides at once has no other."""
    parcel = {"event": "order.status", "order_id": "O", "courier_tracking_id": "T1", "courier_company": "gojek"}
    assert tell("biteship", {**parcel, "status": "allocated"}) == []
    (scan,) = tell("biteship", {**parcel, "status": "picked"})
    assert (scan.tracking_number, scan.milestone) == ("T1", "picked_up")


def test_biteship_s_price_tells_nothing(tell):
    """What Biteship charges is no fact of the order."""
    assert tell("biteship", {"event": "order.price", "order_id": "O", "price": 1}) == []


@pytest.mark.parametrize(("body", "challenge"), [(b"", True), (b" \n", True), (b"{}", False)])
def test_biteship_s_installation_is_an_empty_body(body, challenge):
    """The empty POST of the installation is answered without a secret; nothing else is."""
    assert SOURCES["biteship"].is_challenge(Request(body)) is challenge


def test_a_history_told_again_has_the_same_ids(account, deliver, read_sample):
    """EasyPost sends the whole history each time: a longer one adds scans and repeats none under another id."""
    body = json.loads(read_sample("easypost/tracker_updated_in_transit"))
    longer = json.loads(json.dumps(body))
    longer["id"] = "evt_2"
    longer["result"]["tracking_details"].append(
        {"status": "delivered", "datetime": "2024-08-03T09:00:00Z", "message": "Delivered"}
    )
    before, after = (
        sources.translate(deliver("easypost", json.dumps(told).encode(), at), account("easypost"))
        for told, at in ((body, "evt_1"), (longer, "evt_2"))
    )
    assert [event.event_id for event in after[:-1]] == [event.event_id for event in before]
    assert len({event.event_id for event in after}) == len(after) == 8


def test_easypost_s_retry_is_told_by_its_id_and_what_it_says():
    """Of a retry the list of addresses that have answered differs, and nothing else that counts."""
    said = {"id": "evt_1", "description": "tracker.updated", "result": {"status": "delivered"}}
    first, retry, other = (
        SOURCES["easypost"].dedupe_id(Request(json.dumps(body).encode()))
        for body in (
            {**said, "completed_urls": []},
            {**said, "completed_urls": ["https://a"]},
            {**said, "result": {"status": "in_transit"}},
        )
    )
    assert first == retry != other


def test_easypost_s_other_objects_tell_nothing(tell):
    """Batches, refunds of postage and the like are no scans."""
    assert tell("easypost", {"description": "batch.updated", "result": {"id": "batch_1"}}) == []


def aftership(**point):
    said = {"slug": "jne", "tracking_number": "A1", "tag": "InTransit", "order_number": "1001", "checkpoints": [point]}
    return {"event": "tracking_update", "event_id": "e", "msg": said, "ts": 1_700_000_000}


def test_aftership_s_naive_time_is_the_account_s(tell):
    """A checkpoint without a zone is Western Indonesian, or of the zone that the account names."""
    body = aftership(tag="InTransit", checkpoint_time="2026-01-14T07:00:00")
    assert tell("aftership", body)[0].occurred_at == times.parse("2026-01-14T00:00:00Z")
    tokyo = tell("aftership", body, zone="Asia/Tokyo")[0]
    assert tokyo.occurred_at == times.parse("2026-01-13T22:00:00Z")
    assert tokyo.event_id == tell("aftership", body)[0].event_id


def test_aftership_s_subtag_speaks_before_its_tag(tell):
    """`Exception_011` is a parcel that came back; an unknown sub-tag is taken by its tag, an unknown tag not at all."""
    at = {"checkpoint_time": "2026-01-14T07:00:00+07:00"}
    returned = tell("aftership", aftership(tag="Exception", subtag="Exception_011", **at))[0]
    assert (returned.milestone, returned.returning, returned.code) == ("returned", True, "Exception_011")
    assert tell("aftership", aftership(tag="Delivered", subtag="Delivered_099", **at))[0].milestone == "delivered"
    assert tell("aftership", aftership(tag="Beamed", **at))[0].milestone == "unknown"


def test_aftership_s_revisions_tell_nothing(tell):
    """A new expected day is no scan."""
    assert tell("aftership", {"event": "edd_revise", "msg": {}}) == []


def test_scans_of_one_instant_are_ranked_by_how_far_they_are(tell):
    """Of two scans of one second the farther is the later, and one that nobody understands the earliest."""
    events = ("Quantum Leap", "Arrived at Transit Hub", "Delivered, Left at Doorstep")
    ranks = [tell("ninjavan", ninja(event=event, status=event))[0].rank for event in events]
    assert ranks == sorted(set(ranks))


@pytest.mark.parametrize("timestamp", ["", "yesterday", "1969-12-31T23:59:59Z", "12024-01-01", None, [], True])
def test_a_scan_without_a_time_is_a_dead_letter(tell, timestamp):
    """Where the sender promises a time, one that is none is named."""
    with pytest.raises(Untranslatable, match="timestamp is"):
        tell("ninjavan", ninja(timestamp=timestamp))
