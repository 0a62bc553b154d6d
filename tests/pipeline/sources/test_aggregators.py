"""Shippo, Shiprocket, Shipper, KiriminAja, EasyParcel, Sendcloud, ShipStation: scans, their times and their orders."""

import json

import pytest

from pipeline import sources
from pipeline.sources import Untranslatable
from schemas.times import parse


@pytest.fixture
def tell(account, deliver):
    """Translates a body of an aggregator."""

    def tell(source, body, **said):
        return sources.translate(deliver(source, json.dumps(body).encode()), account(source, **said))

    return tell


def shippo(*history, **newest):
    data = {"carrier": "usps", "tracking_number": "S1", "metadata": "1001", "tracking_history": list(history)}
    return {"event": "track_updated", "data": {**data, "tracking_status": newest}}


def test_shippo_s_newest_scan_is_told_once(tell):
    """It stands at the end of the history and beside it; as long as both say the same it is one event."""
    scan = {"status": "TRANSIT", "status_date": "2026-01-01T00:00:00Z", "substatus": {"code": "package_arrived"}}
    (event,) = tell("shippo", shippo(scan, **scan))
    assert (event.milestone, event.code, event.order_id) == ("at_hub", "TRANSIT/package_arrived", "")
    newer = {**scan, "status": "DELIVERED", "substatus": {"code": "delivered"}}
    told = tell("shippo", shippo(scan, **newer), orders="kios")
    assert [(event.milestone, event.order_id) for event in told] == [
        ("at_hub", "kios:1001"),
        ("delivered", "kios:1001"),
    ]


def test_shippo_s_status_speaks_where_its_substatus_is_of_another(tell):
    """A sub-status that is new, or none of the status, is taken by the status; a new status is unknown."""
    at = {"status_date": "2026-01-01T00:00:00Z"}
    (event,) = tell("shippo", shippo(status="DELIVERED", substatus={"code": "information_received"}, **at))
    assert event.milestone == "delivered"
    (event,) = tell("shippo", shippo(status="BEAMED", substatus=None, status_details="Up", **at))
    assert (event.milestone, event.code, event.words) == ("unknown", "BEAMED", "Up")


def test_shippo_s_labels_tell_nothing(tell):
    """That a label was bought is no scan."""
    assert tell("shippo", {"event": "transaction_created", "data": {}}) == []


def shiprocket(**said):
    return {"awb": "A1", "courier_name": "Delhivery", "current_timestamp": "23 05 2023 11:43:52", **said}


def test_shiprocket_s_times_are_indian_in_both_ways_of_writing(tell):
    """The day comes first in one field and last in the other; both are of India."""
    scan = {"date": "2023-05-19 11:59:16", "activity": "Manifest uploaded", "sr-status-label": "MANIFEST GENERATED"}
    first, now = tell("shiprocket", shiprocket(current_status="Out For Delivery", scans=[scan]))
    assert first.occurred_at == parse("2023-05-19T06:29:16Z")
    assert now.occurred_at == parse("2023-05-23T06:13:52Z")
    assert (first.milestone, now.milestone) == ("label_created", "out_for_delivery")


def test_shiprocket_s_way_back_is_returning(tell):
    """RTO is the way back; so is every scan of a return shipment."""
    assert tell("shiprocket", shiprocket(current_status="RTO DELIVERED"))[0].milestone == "returned"
    assert tell("shiprocket", shiprocket(current_status="RTO OUT FOR DELIVERY"))[0].returning
    assert tell("shiprocket", shiprocket(current_status="IN TRANSIT", is_return=1))[0].returning
    assert not tell("shiprocket", shiprocket(current_status="IN TRANSIT", is_return=0))[0].returning


@pytest.mark.parametrize("stamp", ["2023-05-23 11:43:52", "", 5, None, "31 02 2023 00:00:00", "01 01 1969 00:00:00"])
def test_shiprocket_s_other_times_are_dead_letters(tell, stamp):
    """What is not written as it writes them is named."""
    with pytest.raises(Untranslatable, match="current_timestamp is"):
        tell("shiprocket", shiprocket(current_status="IN TRANSIT", current_timestamp=stamp))


def test_shipper_s_unlisted_codes_keep_their_words(tell):
    """Its list of codes is not public: a code is unknown until somebody maps it, and its words are there to read."""
    status = {"code": 1180, "name": "Dijemput", "description": "Paket Anda sudah dijemput"}
    body = {"tracking_id": "2CQ", "status_date": "2021-05-27T09:43:21+00:00", "external_status": status}
    (event,) = tell("shipper_id", {**body, "external_id": "1001"}, orders="kios", carrier="J&T Express")
    assert (event.milestone, event.code, event.words) == ("unknown", "1180", "Paket Anda sudah dijemput")
    assert (event.carrier, event.tracking_number, event.order_id) == ("jnt", "2CQ", "kios:1001")
    assert tell("shipper_id", {**body, "awb": "010"})[0].tracking_number == "010"


def test_shipper_s_warehouse_tells_in_local_time(tell):
    """A warehouse's time is Western Indonesian, or the account's; without a waybill it tells of no parcel."""
    body = {"order_no": "SO_1", "express_no": "E1", "status_code": "50", "status_time": "2022-02-04 16:07:22"}
    assert tell("shipper_id", body)[0].occurred_at == parse("2022-02-04T09:07:22Z")
    assert tell("shipper_id", body, zone="Asia/Makassar")[0].occurred_at == parse("2022-02-04T08:07:22Z")
    assert tell("shipper_id", {**body, "express_no": ""}) == []


def kiriminaja(method, *data, **more):
    return {"method": method, "data": list(data), **more}


def test_kiriminaja_tells_of_several_parcels(tell):
    """One call, several parcels; each with the courier that the complete form names."""
    packages = [{"awb": "A", "service": "jne"}, {"awb": "B", "service": "sicepat"}]
    parcels = [{"awb": "A", "shipped_at": "2022-05-05 07:00:00"}, {"awb": "B", "shipped_at": "2025-08-05T07:00:05Z"}]
    told = tell("kiriminaja", kiriminaja("shipped_packages", *parcels, packages=packages))
    assert [(event.carrier, event.milestone) for event in told] == [("jne", "picked_up"), ("sicepat", "picked_up")]
    assert [event.occurred_at for event in told] == [parse("2022-05-05T00:00:00Z"), parse("2025-08-05T07:00:05Z")]


def test_kiriminaja_s_waybill_binds_where_its_orders_are_ours(tell):
    """With `orders` the waybill is the binding of the number; without, it says that a label was made."""
    body = kiriminaja("processed_packages", {"order_id": "1001", "awb": "A"})
    assert tell("kiriminaja", body)[0].milestone == "label_created"
    (bound,) = tell("kiriminaja", body, orders="kios", carrier="JNE")
    assert (bound.type, bound.order_id, bound.carrier) == ("shipping_arranged", "kios:1001", "jne")


def test_kiriminaja_s_return_ends_when_it_says_when(tell):
    """A return is on its way until `returned_at` is filled in."""
    under_way, back = ({"awb": "A", "returned_at": at} for at in (None, "2022-05-05 00:00:00"))
    told = [tell("kiriminaja", kiriminaja("returned_packages", parcel))[0] for parcel in (under_way, back)]
    assert [(event.milestone, event.returning) for event in told] == [("return_started", True), ("returned", True)]


def test_kiriminaja_s_short_form_tells_of_the_order(tell):
    """Without a waybill the order has the news; where its orders are nobody's, the letter says what helps."""
    body = kiriminaja("finished_packages", {"order_id": "1001", "finished_at": "2022-05-05 00:00:00"})
    (event,) = tell("kiriminaja", body, orders="kios")
    assert (event.type, event.order_id, event.status) == ("status_reported", "kios:1001", "delivered")
    with pytest.raises(Untranslatable, match="say in `orders`"):
        tell("kiriminaja", body)


def test_kiriminaja_s_new_method_is_taken_by_its_code(tell):
    """A method that nobody knows is taken by the number of its status; without one it is unknown."""
    lost = kiriminaja("lost_packages", {"awb": "A"}, packages=[{"awb": "A", "status": 701}])
    assert [(e.milestone, e.code) for e in tell("kiriminaja", lost)] == [("lost", "701")]
    assert tell("kiriminaja", kiriminaja("lost_packages", {"awb": "A"}))[0].milestone == "unknown"


def easyparcel(topic, **said):
    stamp = {"timestamp": "2017-10-28 11:40:00", "shipment_number": "ES-1", "awb_number": "E1"}
    return {"topic": topic, **stamp, **said}


def test_easyparcel_s_log_may_be_a_list_or_be_numbered(tell):
    """Its page prints the log as no JSON can be: a list and an object with numbers are both read."""
    scan = {"timestamp": "2017-06-28 12:00:00", "shipment_status_code": 3, "tracking_status": "collected at Penang"}
    now = {"latest_shipment_status_code": 9, "latest_tracking_status": "Somewhere"}
    for log in ([scan], {"0": scan}):
        first, last = tell("easyparcel", easyparcel("shipment.tracking.update", status_log=log, **now))
        assert (first.milestone, first.occurred_at) == ("picked_up", parse("2017-06-28T04:00:00Z"))
        assert (last.milestone, last.words) == ("unknown", "Somewhere")


def test_easyparcel_s_waybill_and_scans_are_of_one_parcel(tell):
    """The binding and the scans name one carrier, though only the first names the courier."""
    page = "https://easyparcel.com/my/en/track/details/?courier=Skynet&awb=E1"
    (bound,) = tell("easyparcel", easyparcel("shipment.awb.update", tracking_url=page), orders="kios")
    (scan,) = tell("easyparcel", easyparcel("shipment.tracking.update", latest_shipment_status_code=5), orders="kios")
    assert (bound.type, bound.service, bound.order_id) == ("shipping_arranged", "Skynet", "kios:ES-1")
    assert (scan.carrier, scan.tracking_number) == (bound.carrier, bound.tracking_number) == ("easyparcel", "E1")


def test_easyparcel_s_other_topics_tell_nothing(tell):
    """A courier on demand has no tracking number, and a new shipment comes without a topic."""
    assert tell("easyparcel", {"topic": "ondemand.status.update", "status": 0}) == []
    assert tell("easyparcel", {"shipment_number": "WEBHOOK-TEST-001"}) == []


def test_sendcloud_s_words_count_and_its_number_is_kept(tell):
    """Its numbers are printed nowhere as a list; its words are."""
    parcel = {"tracking_number": "S1", "carrier": {"code": "postnl"}, "order_number": "1001"}
    body = {"action": "parcel_status_changed", "carrier_status_change_timestamp": 1_700_000_000_000}
    status = {"id": 62992, "message": "Returned to sender"}
    (event,) = tell("sendcloud", {**body, "parcel": {**parcel, "status": status}}, orders="kios")
    assert (event.milestone, event.code, event.returning) == ("return_started", "62992", True)
    assert (event.carrier, event.order_id, event.occurred_at) == ("postnl", "kios:1001", 1_700_000_000_000)
    unnumbered = {**parcel, "tracking_number": "", "status": status}
    assert tell("sendcloud", {**body, "parcel": unnumbered}) == []


@pytest.mark.parametrize(
    ("sender", "body", "path"),
    [
        ("shippo", {"event": "track_updated", "data": {"tracking_number": ["S1"]}}, "data.tracking_number is neither"),
        ("shippo", shippo("scan"), r"data.tracking_history\[0\] is no object"),
        ("kiriminaja", {"method": "shipped_packages", "data": "A"}, "data is no list"),
        ("kiriminaja", kiriminaja("shipped_packages", {"awb": {}, "order_id": 1}), "data"),
        (
            "sendcloud",
            {"action": "parcel_status_changed", "parcel": {"tracking_number": "S1"}},
            "parcel.status.message",
        ),
        ("easyparcel", easyparcel("shipment.tracking.update", status_log="x"), "status_log is no list"),
        ("shipper_id", {"tracking_id": "2CQ", "external_status": {}}, "external_status.code is missing"),
    ],
)
def test_a_wrong_type_where_one_is_needed_is_named(tell, sender, body, path):
    """The dead letter says which value cannot be read."""
    with pytest.raises(Untranslatable, match=path):
        tell(sender, body)


def shipstation(**data):
    return {"resource_type": "TRACK_EVENT_V2", "data": {"tracking_number": "1Z", "carrier_code": "ups", **data}}


def test_shipstation_s_detail_speaks_before_its_status(tell):
    """A detail that is not mapped, or new, is taken by the status; a new status is unknown and keeps its words."""
    at = {"occurred_at": "2026-05-02T09:30:00Z"}
    words = [("DELIVERED_TO_PO_BOX", "DE"), ("CARRIER_STATUS_NOT_MAPPED", "IT"), ("BEAMED", "AT"), (None, "SH")]
    events = [{**at, "status_detail_code": detail, "status_code": status} for detail, status in words]
    told = tell("shipstation", shipstation(events=events))
    assert [event.milestone for event in told] == ["delivered", "in_transit", "delivery_failed", "unknown"]
    assert told[-1].code == "SH"


def test_shipstation_s_parcel_without_events_has_its_status(tell):
    """It is told from when it was delivered, else from its arrival here; other resources tell nothing."""
    (event,) = tell("shipstation", shipstation(status_code="DE", actual_delivery_date="2026-05-02T09:30:00"))
    assert event.occurred_at == parse("2026-05-02T02:30:00Z")
    (event,) = tell("shipstation", shipstation(status_code="NY"))
    assert (event.milestone, event.occurred_at) == ("label_created", event.received_at)
    assert tell("shipstation", {"resource_type": "BATCH_PROCESSED_V2"}) == []
    with pytest.raises(Untranslatable, match=r"data\.status_code is missing"):
        tell("shipstation", shipstation())
