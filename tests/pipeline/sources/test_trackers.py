"""17TRACK, TrackingMore: whole histories, told again with each push."""

import json

import pytest

from pipeline import sources
from pipeline.sources import Untranslatable
from schemas.times import parse


@pytest.fixture
def tell(account, deliver):
    """Translates a body of a tracker."""

    def tell(source, body, **said):
        return sources.translate(deliver(source, json.dumps(body).encode()), account(source, **said))

    return tell


def track17(*events, provider=None, **info):
    told = {"provider": provider or {"key": 100003, "name": "FedEx"}, "events": list(events)}
    return {"number": "N1", "carrier": 100003, "track_info": {"tracking": {"providers": [told]}, **info}}


ARRIVED = {"time_utc": "2026-01-01T00:00:00Z", "sub_status": "InTransit_Arrival", "description": "At hub"}


def test_17track_s_data_is_one_parcel_or_a_list(tell):
    """Both shapes are seen, and say the same."""
    one, several = (
        tell("17track", {"event": "TRACKING_UPDATED", "data": d}) for d in (track17(ARRIVED), [track17(ARRIVED)])
    )
    assert one == several
    assert [(e.carrier, e.tracking_number, e.milestone) for e in one] == [("fedex", "N1", "at_hub")]


def test_17track_s_sub_status_speaks_before_its_status(tell):
    """A new sub-status is taken by the status before the underscore, a new status not at all."""
    words = ("Exception_Returned", "Exception_Eaten", "Beamed_Up")
    told = tell(
        "17track", {"event": "TRACKING_UPDATED", "data": track17(*({**ARRIVED, "sub_status": w} for w in words))}
    )
    assert [event.milestone for event in told] == ["returned", "delayed", "unknown"]
    assert [event.returning for event in told] == [True, False, False]


def test_17track_s_carrier_may_be_a_number_alone(tell):
    """Where it names none, the account's carrier counts; else its number keeps the parcels of carriers apart."""
    body = {"event": "TRACKING_UPDATED", "data": track17(ARRIVED, provider={"key": 100003})}
    assert tell("17track", body, carrier="J&T Express")[0].carrier == "jnt"
    assert tell("17track", body)[0].carrier == "17track100003"


def test_17track_s_parcel_without_a_history_has_its_status(tell):
    """The latest status is told: at its event's time, else from its arrival here."""
    status = {"latest_status": {"status": "Delivered"}}
    (event,) = tell("17track", {"event": "TRACKING_UPDATED", "data": track17(**status)})
    assert (event.milestone, event.occurred_at) == ("delivered", event.received_at)
    timed = {**status, "latest_event": {"time_utc": "2026-01-01T00:00:00Z"}}
    (event,) = tell("17track", {"event": "TRACKING_UPDATED", "data": track17(**timed)})
    assert event.occurred_at == parse("2026-01-01T00:00:00Z")


def test_17track_s_version_1_is_a_dead_letter_that_says_what_helps(tell):
    """Its old numbers are not guessed at."""
    with pytest.raises(Untranslatable, match="must be of version 2"):
        tell("17track", {"event": "TRACKING_UPDATED", "data": [{"number": "N1", "track": {"z0": {}}}]})
    assert tell("17track", {"event": "TRACKING_STOPPED", "data": {"number": "N1"}}) == []


def trackingmore(*points, **said):
    return {
        "data": {"tracking_number": "T1", "courier_code": "jne", **said, "origin_info": {"trackinfo": list(points)}}
    }


def test_trackingmore_s_times_are_the_account_s(tell):
    """A checkpoint names no zone: Western Indonesian, or the account's."""
    point = {"checkpoint_date": "2021-12-07 10:31", "checkpoint_delivery_status": "transit"}
    assert tell("trackingmore", trackingmore(point))[0].occurred_at == parse("2021-12-07T03:31:00Z")
    there = tell("trackingmore", trackingmore(point), zone="America/New_York")[0]
    assert there.occurred_at == parse("2021-12-07T15:31:00Z")


def test_trackingmore_s_two_roads_are_one_history(tell):
    """What carriers of both countries say is told; what both say at once, once."""
    first = {"checkpoint_date": "2021-12-06 10:31", "checkpoint_delivery_status": "transit"}
    last = {"checkpoint_date": "2021-12-07 10:31", "checkpoint_delivery_substatus": "exception010"}
    body = trackingmore(
        first, order_number="1001", destination_info={"trackinfo": [first, {**last, "delivery_status": "exception"}]}
    )
    told = tell("trackingmore", body, orders="kios")
    assert [(e.milestone, e.order_id) for e in told] == [("in_transit", "kios:1001"), ("returned", "kios:1001")]


def test_trackingmore_s_parcel_without_a_history_has_its_status(tell):
    """A status alone is a scan of its latest checkpoint."""
    (event,) = tell("trackingmore", trackingmore(delivery_status="pickup", latest_checkpoint_time="2021-12-07 10:31"))
    assert (event.milestone, event.occurred_at) == ("out_for_delivery", parse("2021-12-07T03:31:00Z"))
