"""Carriers, and the first of those that speak for them: scans, their times and their orders."""

import json
from urllib.parse import urlencode

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


def jnt(code="94", **said):
    detail = {"scanTime": "2024-03-11 14:00:45", "scanTypeCode": code, "desc": "Somewhere", **said}
    return {"billCode": "J1", "txlogisticId": "1001", "details": [detail]}


@pytest.mark.parametrize(
    ("zone", "utc"),
    [
        ("", "06:00:45"),
        ("GMT+08:00", "06:00:45"),
        ("GMT", "14:00:45"),
        ("GMT-05:30", "19:30:45"),
        ("GMT+07:00", "07:00:45"),
    ],
)
def test_j_t_s_own_zone_counts(tell, zone, utc):
    """A scan in Mexico that says GMT+08:00 is of that zone; one that says nothing is of Malaysia."""
    (scan,) = tell("jnt", jnt(timeZone=zone))
    assert scan.occurred_at == times.parse(f"2024-03-11T{utc}Z")


@pytest.mark.parametrize("zone", ["GMT+99:00", "Asia/Jakarta", 8])
def test_j_t_s_zone_that_is_none_is_a_dead_letter(tell, zone):
    """A zone that cannot be read is named: a guess would put the scan hours off."""
    with pytest.raises(Untranslatable, match=r"details\[0\].timeZone is no zone"):
        tell("jnt", jnt(timeZone=zone))


@pytest.mark.parametrize(
    ("code", "words", "milestone"),
    [("300", "Parcel lost", "lost"), ("300", "Damage parcel", "damaged"), ("306", "Cross-border disposal", "lost"),
     ("306", "Collected", "delivered"), ("303", "Customs Confiscated", "customs"),
     ("304", "Exceed Life Cycle", "unknown"), ("100", "Lost in words", "delivered"),
     ("172", "", "return_started"), ("CC", "Collection", "unknown")],
)  # fmt: skip
def test_j_t_s_disputed_codes_are_taken_by_their_words(tell, code, words, milestone):
    """Where its pages disagree on a number the words decide; where they do not it is unknown, for a person to map."""
    (scan,) = tell("jnt", jnt(code, scanTypeName=words))
    assert (scan.milestone, scan.code, scan.returning) == (milestone, code, code == "172")


def test_j_t_s_form_holds_one_parcel_or_several(account, deliver):
    """On the wire the JSON lies in a form; it is an object or a list of them."""
    for content, parcels in ((jnt(), 1), ([jnt(), {**jnt(), "billCode": "J2"}], 2)):
        body = urlencode({"bizContent": json.dumps(content)}).encode()
        assert len(sources.translate(deliver("jnt", body), account("jnt"))) == parcels


def test_dhl_s_subscription_waits_for_a_person(tell):
    """What DHL must be answered before it pushes anything lies where operators look, with what helps."""
    with pytest.raises(Untranslatable, match="activated") as letter:
        tell("dhl", {"scope": "subscription.validate", "self": "https://x", "secret": "s"})
    assert letter.value.cause == "to_activate"
    assert tell("dhl", {"scope": "subscription.ready"}) == []


def test_dhl_s_number_may_be_a_number(tell):
    """An id that comes as a number is text here; the history and the status beside it are one history."""
    now = {"statusCode": "delivered", "timestamp": "2026-01-02T00:00:00Z"}
    then = {"statusCode": "transit", "timestamp": "2026-01-01T07:00:00"}
    body = {"scope": "subscription.push", "shipments": [{"id": 7777777770, "events": [then, now], "status": now}]}
    told = tell("dhl", body)
    assert [scan.milestone for scan in told] == ["in_transit", "delivered"]
    assert {scan.tracking_number for scan in told} == {"7777777770"}
    assert told[0].occurred_at == times.parse("2026-01-01T00:00:00Z")


def ups(**status):
    return {
        "trackingNumber": "1Z",
        "gmtActivityDate": "20240423",
        "gmtActivityTime": "013504",
        "activityStatus": status,
    }


@pytest.mark.parametrize(
    ("status", "milestone"),
    [({"type": "D", "code": "FS"}, "delivered"), ({"type": "D", "code": "??"}, "unknown"),
     ({"type": "D", "code": "KB", "descriptionCode": "011"}, "delivered"),
     ({"type": "I", "code": "OT"}, "out_for_delivery"),
     ({"type": "X", "code": "48"}, "delayed"), ({"type": "MV", "code": "VM"}, "label_created"),
     ({"type": "I", "code": "A7", "descriptionCode": 21}, "out_for_delivery")],
)  # fmt: skip
def test_ups_s_type_d_alone_is_no_delivery(tell, status, milestone):
    """Type D is also said of a parcel that was only loaded: the code decides, or what its description's number says."""
    (scan,) = tell("ups", ups(**status))
    assert (scan.milestone, scan.occurred_at) == (milestone, times.parse("2024-04-23T01:35:04Z"))


@pytest.mark.parametrize(
    "stamp", [{"gmtActivityDate": "2024"}, {"gmtActivityTime": "999999"}, {"gmtActivityDate": None}]
)
def test_ups_s_time_that_is_none_is_a_dead_letter(tell, stamp):
    """A date and a time that are no instant together are named."""
    with pytest.raises(Untranslatable, match="gmtActivity"):
        tell("ups", {**ups(type="I", code="OT"), **stamp})


def test_fedex_s_unknown_shape_is_a_dead_letter(tell):
    """No push of it is public: what does not look as the Track API's answer is kept, untouched, for a later table."""
    with pytest.raises(Untranslatable, match="completeTrackResults is missing"):
        tell("fedex", {"event": "TRACKING", "trackingNumber": "1"})
