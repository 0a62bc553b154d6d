"""TikTok Shop and Shopee: their types, codes and words."""

import json

import pytest

from pipeline import sources
from pipeline.sources import SOURCES, Request, Untranslatable


@pytest.fixture
def tiktok(account, deliver):
    """Translates a TikTok Shop body of this type and data."""

    def tell(kind, **data):
        body = {"type": kind, "shop_id": "77", "timestamp": 1_700_000_100, "data": {"order_id": "5", **data}}
        return sources.translate(deliver("tiktok_shop", json.dumps(body).encode()), account("tiktok_shop"))

    return tell


@pytest.fixture
def shopee(account, deliver):
    """Translates a Shopee push of this code and data."""

    def tell(code, owner=None, **data):
        body = {"code": code, "shop_id": 77, "timestamp": 1_700_000_100, "data": data}
        return sources.translate(deliver("shopee", json.dumps(body).encode()), owner or account("shopee"))

    return tell


def test_a_shop_of_tiktok_is_a_seller(tiktok):
    """Without a seller in the account, the shop that TikTok names is the seller."""
    (event,) = tiktok(1, order_status="UNPAID", update_time=1_700_000_000)
    assert (event.order_id, event.seller_id) == ("tiktok_shop:5", "tiktok_shop:77")


def test_an_order_that_tiktok_holds_is_on_hold(tiktok):
    """An order that awaits shipment but is held is not yet to be acted on."""
    (event,) = tiktok(1, order_status="AWAITING_SHIPMENT", is_on_hold_order=True)
    assert (event.status, event.word) == ("on_hold", "AWAITING_SHIPMENT")


def test_an_order_status_that_nobody_knows_is_kept(tiktok):
    """A new word is `unknown` and keeps the word."""
    (event,) = tiktok(1, order_status="TELEPORTED")
    assert (event.status, event.word) == ("unknown", "TELEPORTED")


def test_reports_of_one_second_are_ranked_by_how_far_they_are(tiktok):
    """Of two statuses of one second the farther one is the later."""
    paid, shipped = (
        tiktok(1, order_status=word, update_time=1_700_000_000)[0] for word in ("AWAITING_SHIPMENT", "IN_TRANSIT")
    )
    assert shipped.rank > paid.rank


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("RETURN_OR_REFUND__REQUEST_CANCELLED", "return_withdrawn"),
        ("REFUND_OR_RETURN_REQUEST_REJECT", "return_rejected"),
        ("AWAITING_BUYER_RESPONSE", "return_requested"),
        ("BUYER_SHIPPED_ITEM", "return_shipped"),
    ],
)
def test_returns_are_read_however_tiktok_spells_them(tiktok, word, kind):
    """Doubled underscores, and words in another order, are the same word."""
    (event,) = tiktok(12, return_status=word, return_id="9", return_type="REPLACEMENT", update_time=1_700_000_000)
    assert (event.type, event.case_id, event.kind) == (kind, "9", "replacement")


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("RETURN_OR_REFUND_REQUEST_COMPLETE", "refunded"),
        ("REPLACEMENT_REQUEST_COMPLETE", "replaced"),
        ("REPLACEMENT_REQUEST_REFUND_SUCCESS", "refunded"),
    ],
)
def test_a_return_s_end_tells_what_came_of_it(tiktok, word, outcome):
    """Money or goods: the close says which."""
    (event,) = tiktok(12, return_status=word, return_id="9")
    assert (event.type, event.outcome) == ("return_closed", outcome)


def test_a_cancellation_s_steps_have_their_own_times(tiktok):
    """The request counts from when it was made; its end from when we were told, as TikTok gives no other time."""
    asked, ended = (
        tiktok(11, cancel_status=f"CANCELLATION_REQUEST_{word}", cancel_id="8", create_time=1_600_000_000)[0]
        for word in ("PENDING", "COMPLETE")
    )
    assert (asked.type, asked.occurred_at) == ("cancellation_requested", 1_600_000_000_000)
    assert (ended.type, ended.occurred_at) == ("order_cancelled", 1_700_000_100_000)


def test_one_package_of_several_orders_is_told_to_each(tiktok):
    """Packages and orders are many to many: one event for each pair."""
    packages = [{"package_id": "a", "order_id_list": ["1", 2]}, {"package_id": "b", "order_id_list": ["2"]}]
    events = tiktok(4, sc_type="COMBINE", role_type="ROLE_USER", package_list=packages)
    assert [(e.order_id, e.package_id, e.how) for e in events] == [
        ("tiktok_shop:1", "a", "combine"),
        ("tiktok_shop:2", "a", "combine"),
        ("tiktok_shop:2", "b", "combine"),
    ]


@pytest.mark.parametrize("kind", [2, 3, 5, 6, 7, 13, 21, 33, 35, 36, 999])
def test_what_tells_of_no_order_tells_nothing(tiktok, kind):
    """Addresses, products, messages, mirrors, and types that nobody knows yet, are taken without an event."""
    assert tiktok(kind) == []


def test_what_tiktok_must_say_is_named_when_it_does_not(tiktok):
    """The dead letter names the field."""
    with pytest.raises(Untranslatable, match=r"data\.order_status is missing"):
        tiktok(1)


def test_one_notification_id_on_two_webhooks_is_no_repetition():
    """Samples share one `tts_notification_id`; what differs in what it says is not dropped as told before."""
    said = {"tts_notification_id": "7", "type": 1, "shop_id": "1"}
    first, second, retry = (
        SOURCES["tiktok_shop"].dedupe_id(Request(json.dumps({**said, "data": data, "timestamp": at}).encode()))
        for data, at in (({"order_id": "1"}, 1), ({"order_id": "2"}, 1), ({"order_id": "1"}, 99))
    )
    assert first != second
    assert first == retry


def test_shopee_s_order_in_cancellation_is_a_request(shopee):
    """IN_CANCEL is no end: the seller has yet to answer."""
    (event,) = shopee(3, ordersn="A1", status="IN_CANCEL", update_time=1_700_000_000)
    assert (event.type, event.by, event.order_id) == ("cancellation_requested", "buyer", "shopee:A1")


def test_one_package_of_shopee_does_not_ship_the_order(shopee):
    """That one package was picked up proves no more than that the order is partly shipped."""
    (event,) = shopee(30, ordersn="A1", package_number="P", fulfillment_status="LOGISTICS_PICKUP_DONE")
    assert event.status == "partially_shipped"
    assert shopee(30, ordersn="A1", package_number="P", fulfillment_status="LOGISTICS_READY") == []


def test_shopee_s_return_tells_each_change(shopee):
    """Of the changed values, the return's status and its parcel count; other fields do not."""
    changes = [
        {"update_field": "return_status", "new_value": "ACCEPTED", "update_time": 1_700_000_000},
        {"update_field": "logistics_status", "new_value": "LOGISTICS_PICKUP_DONE", "update_time": 1_700_000_001},
        {"update_field": "return_solution", "new_value": "REFUND", "update_time": 1_700_000_001},
        {"update_field": "return_status", "new_value": "FROZEN", "update_time": 1_700_000_002},
    ]
    events = shopee(29, order_sn="A1", return_sn="R1", updated_values=changes)
    assert [event.type for event in events] == ["return_approved", "return_shipped", "status_reported"]
    assert events[2].word == "FROZEN"


def test_shopee_s_carrier_is_told_by_the_number_or_the_account(shopee, account):
    """The push names no carrier: the number's beginning does, else the account."""
    numbers = {"ordersn": "A1", "package_number": "P"}
    assert shopee(4, **numbers, tracking_no="SPXID1")[0].carrier == "spx"
    assert shopee(4, **numbers, tracking_no="JP123")[0].carrier == "unknown"
    assert shopee(4, account("shopee", carrier="J&T Express"), **numbers, tracking_no="JP123")[0].carrier == "jnt"


@pytest.mark.parametrize("code", [1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 999])
def test_shopee_s_other_pushes_tell_nothing(shopee, code):
    """Authorisations, products, promotions, chat, and codes that nobody knows yet."""
    assert shopee(code, shop_id=1) == []


@pytest.mark.parametrize(
    ("body", "authorization", "challenge"),
    [(b"", "", True), (b"{}", "", True), (b'{"code": 3}', "", False), (b"", "abc", False), (b"{", "", False)],
)
def test_the_trial_of_shopee_s_console_is_told_from_a_push(body, authorization, challenge):
    """Only what is unsigned and pushes nothing is a trial; a push without its signature is none."""
    request = Request(body, {"authorization": authorization} if authorization else {})
    assert SOURCES["shopee"].is_challenge(request) is challenge
