"""Notices: what is told to whom, once, and not when it is old."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.rules.notices import SAID, TELLS
from schemas.events import Event
from schemas.notices import NOTICES
from schemas.statuses import BY_NAME
from tests.agents.events import lives, scan, tell
from tests.agents.telling import notices

PLACED = tell("order_placed", 0)
PAID = tell("payment_paid", 1)
CONFIRMED = tell("order_confirmed", 2)
ARRANGED = tell("shipping_arranged", 3)
READY = (PLACED, PAID, CONFIRMED, ARRANGED)
PICKED = scan("picked_up", 10)
DELIVERED = scan("delivered", 60)


def kinds(*life: Event, audience: str = "") -> list[str]:
    """Gives the kinds of notices that tracking tells, in order; each once where seller and buyer both hear it."""
    told = [notice for notice in notices(*life) if notice.audience.startswith(audience)]
    return list(dict.fromkeys(notice.kind for notice in told))


def test_a_seller_and_a_buyer_hear_of_an_ordinary_life():
    """Each what concerns them."""
    life = (*READY, PICKED, scan("at_hub", 20), scan("out_for_delivery", 58), DELIVERED, tell("review_left", 90))
    assert kinds(*life, audience="seller:toko") == [
        "order_created",
        "payment_received",
        "ready_to_ship",
        "delivered",
        "review_received",
    ]
    assert kinds(*life, audience="buyer:b1") == [
        "order_created",
        "payment_received",
        "ready_to_ship",
        "shipped",
        "out_for_delivery",
        "delivered",
    ]


def test_a_buyer_is_asked_for_a_review_while_the_order_is_completed():
    """Not when it has gone back meanwhile."""
    life = (*READY, PICKED, DELIVERED, tell("order_completed", 80))
    assert kinds(*life, tell("review_asked", 99), audience="buyer:b1")[-1] == "review_asked"
    assert "review_asked" not in kinds(*life, tell("return_requested", 90), tell("review_asked", 99))


def test_what_a_buyer_is_told_names_the_shop():
    """So that it can leave through the shop's own endpoint; what a seller is told names it by its audience alone."""
    told = notices(*READY, PICKED)
    assert {notice.seller_id for notice in told if notice.audience == "buyer:b1"} == {"toko"}
    assert {notice.seller_id for notice in told if notice.audience == "seller:toko"} == {""}


def test_a_buyer_who_is_named_late_hears_what_is_news_in_one_order():
    """Two refunds that came before the buyer was known are told the same way, whichever of them came first."""
    refunds = [tell("refund_approved", 5, refund_id=ref) for ref in ("f1", "f2")]
    one, other = ([n.notice_id for n in notices(*first, PLACED)] for first in (refunds, refunds[::-1]))
    assert sum("refund_approved" in notice_id for notice_id in one) == 2
    assert one == other


def test_a_buyer_who_is_named_after_the_marketplaces_word_hears_it_too():
    """Also if the event itself comes still later: it says nothing that the word did not."""
    word = tell("status_reported", 5, status="cancelled", word="CANCELLED")
    for life in ((word, PLACED), (word, PLACED, tell("order_cancelled", 5))):
        assert kinds(*life, audience="buyer:b1") == ["cancelled"]


def test_what_is_told_again_is_no_news():
    """Repeats of senders and replays tell nothing."""
    life = (*READY, PICKED, DELIVERED)
    assert len(notices(*life, *life)) == len(notices(*life))


def test_a_late_scan_of_a_delivered_parcel_is_no_news():
    """Nobody is told "shipped" or "out for delivery" after "delivered"."""
    assert kinds(*READY, DELIVERED, PICKED, scan("out_for_delivery", 58)) == [
        "order_created",
        "payment_received",
        "ready_to_ship",
        "delivered",
    ]


def test_any_scan_on_the_way_tells_that_it_is_shipped():
    """Some carriers never say "picked up"; the second scan says nothing new."""
    assert kinds(*READY, scan("at_hub", 12), PICKED)[3:] == ["shipped"]


def test_each_parcel_is_told_of():
    """With its own number."""
    second = tell("shipping_arranged", 3, package_id="k2", tracking_number="N2")
    told = [n for n in notices(*READY, second, PICKED, scan("picked_up", 11, "N2")) if n.kind == "shipped"]
    assert [notice.values["tracking_number"] for notice in told] == ["N1", "N2"]
    assert len({notice.notice_id for notice in told}) == 2


def test_an_order_that_comes_after_its_payment_is_told_whole():
    """Seller and buyer are known with the order alone; what came before them is still news to them."""
    anonymous = tell("payment_paid", 1, seller_id=None)
    assert kinds(anonymous, PLACED, audience="seller") == ["order_created", "payment_received"]
    assert kinds(anonymous, PLACED, audience="buyer") == ["order_created", "payment_received"]


def test_who_is_met_late_hears_no_old_news():
    """An order that is delivered when its buyer is known was not just created."""
    life = (PAID, CONFIRMED, ARRANGED, PICKED, DELIVERED, PLACED)
    assert kinds(*life, audience="buyer") == ["payment_received", "delivered"]


def test_nobody_hears_of_an_order_without_owner():
    """A carrier's scan of an order that nobody placed."""
    assert notices(PICKED, DELIVERED) == []


def test_a_word_tells_what_no_event_told():
    """Shops that send nothing but words have notices too."""
    words = [tell("status_reported", n, status=s, word=s) for n, s in enumerate(("unpaid", "new", "in_transit"))]
    assert kinds(*words) == ["order_created"]
    assert kinds(PLACED, *words) == ["order_created", "shipped"]
    assert kinds(words[1]) == ["order_created"]


def test_an_earlier_word_that_comes_late_tells_nothing_twice():
    """A shop that nobody had named heard of the order by a later word."""
    nobody, later = tell("payment_requested", seller_id=None), tell("status_reported", 2, status="awaiting_collection")
    assert kinds(nobody, later, tell("status_reported", 1, status="new"), audience="seller") == ["order_created"]
    assert len(notices(nobody, later, tell("status_reported", 1, status="new"))) == 1


def test_a_word_and_a_scan_tell_once():
    """Whichever comes first."""
    word = tell("status_reported", 61, status="delivered", word="DELIVERED")
    for last in ((DELIVERED, word), (word, DELIVERED)):
        told = [notice for notice in notices(*READY, PICKED, *last) if notice.kind == "delivered"]
        assert [notice.audience for notice in told] == ["seller:toko", "buyer:b1"]


def test_one_payment_is_told_once():
    """Shop and provider both tell of it, under two ids; whoever is met later hears of it once, too."""
    provider = tell("payment_paid", 1.01, payment_id="m1", source="midtrans")
    for first, second in ((PAID, provider), (provider, PAID)):
        assert [n.kind for n in notices(PLACED, first, second)].count("payment_received") == 2
        assert [n.kind for n in notices(first, second, PLACED)].count("payment_received") == 2
    assert len([n for n in notices(PAID, provider, PLACED) if n.audience == "buyer:b1"]) == 2


def test_a_second_refund_is_told_too():
    """Days later, of another piece: again by the shop and by its provider, and again once."""
    shop = [tell("refund_settled", hour, refund_id=f"s{hour}", source="shopify", amount=hour) for hour in (70, 90)]
    bank = [tell("refund_settled", hour + 1, refund_id=f"m{hour}", source="midtrans", amount=hour) for hour in (70, 90)]
    for told in ((shop[0], bank[0], shop[1], bank[1]), (bank[0], shop[0], bank[1], shop[1]), (*shop, *bank)):
        assert [n.values["amount"] for n in notices(PLACED, PAID, *told) if n.audience == "seller:toko"][-2:] == [
            "70",
            "90",
        ]


def test_two_payments_of_one_sender_are_two():
    """An order that is paid in parts."""
    parts = (tell("payment_paid", 1, amount=40), tell("payment_paid", 2, payment_id="p2", amount=60))
    assert [n.values["amount"] for n in notices(PLACED, *parts) if n.kind == "payment_received"] == [
        *("40", "40"),
        *("60", "60"),
    ]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (scan("delayed", 20), "delayed"),
        (scan("lost", 20), "parcel_lost"),
        (tell("cancellation_requested", 5, reason="size"), "cancellation_requested"),
        (tell("order_cancelled", 5, by="buyer", reason="size"), "cancelled"),
        (tell("return_requested", 70, reason="broken"), "return_requested"),
        (tell("return_approved", 70), "return_decided"),
        (tell("return_rejected", 70), "return_decided"),
        (tell("refund_approved", 70), "refund_approved"),
        (tell("refund_settled", 70), "refund_settled"),
    ],
)
def test_what_goes_wrong_is_told(event: Event, kind: str):
    """Each as its kind."""
    assert kinds(*READY, PICKED, event)[-1] == kind


@pytest.mark.parametrize(
    ("event", "values"),
    [
        (PLACED, {"item": "Kopi", "amount": "100", "currency": "IDR"}),
        (tell("payment_paid", 1, payment_id="p2", amount=40), {"amount": "40", "currency": "IDR"}),
        (PICKED, {"carrier": "jne", "tracking_number": "N1", "item": "Kopi"}),
        (tell("order_cancelled", 5, by="buyer", reason="size"), {"by": "buyer", "reason": "size"}),
        (tell("return_requested", 70, reason="broken", kind="refund"), {"reason": "broken", "kind": "refund"}),
        (tell("return_rejected", 70), {"decision": "rejected"}),
        (tell("refund_settled", 70, amount=30), {"amount": "30", "currency": "IDR"}),
        (tell("review_left", 90, stars=4), {"stars": "4"}),
    ],
)
def test_a_notice_says_what_its_text_needs(event: Event, values: dict[str, str]):
    """The parcel, the money, the reason."""
    life = dict.fromkeys((*READY, event))
    last = [notice for notice in notices(*life) if notice.event_id == event.event_id][-1]
    assert last.values.items() >= values.items()


def test_both_decisions_on_a_return_are_told():
    """A return that is rejected and then approved after all is two pieces of news."""
    told = notices(*READY, tell("return_rejected", 70), tell("return_approved", 71))
    assert [n.values["decision"] for n in told if n.kind == "return_decided"] == ["rejected", "approved"]


@settings(max_examples=200)
@given(lives(), st.data())
def test_nothing_is_told_twice(life: list[Event], data: st.DataObject):
    """Wild lives, told in any order and again: no id twice, all to those whom NOTICES names."""
    arrival = data.draw(st.permutations([*life, *data.draw(st.lists(st.sampled_from(life), max_size=4))]))
    told = notices(*arrival)
    assert len({notice.notice_id for notice in told}) == len(told)
    for notice in told:
        kind, role = NOTICES[notice.kind], notice.audience.partition(":")[0]
        assert (role == "seller" and kind.to_seller) or (role == "buyer" and kind.to_buyer)


def test_the_tables_fit_the_others():
    """TELLS speaks of the kinds of NOTICES that tell of an order's events, SAID of statuses and of what TELLS tells."""
    assert {tell_.kind for tell_ in TELLS.values()} == NOTICES.keys() - {
        "low_stock",
        "oversold",
        "promise_near",
        "promise_broken",
    }
    assert SAID.keys() <= BY_NAME.keys()
    assert set(SAID.values()) <= TELLS.keys()
    assert all(TELLS[SAID[status]].said in BY_NAME[status].implies for status in SAID)


def test_a_claim_a_wish_for_money_and_a_chargeback_are_told_to_the_seller():
    """Whoever must answer hears of it, and the buyer of the answer."""
    told = notices(
        tell("order_placed"),
        tell("payment_paid", 1),
        tell("claim_opened", 2, reason="nothing came"),
        tell("refund_requested", 3),
        tell("chargeback_opened", 4),
        tell("claim_resolved", 5, outcome="refunded"),
    )
    heard = [
        (notice.kind, notice.audience) for notice in told if notice.occurred_at >= tell("claim_opened", 2).occurred_at
    ]
    assert heard == [
        ("claim_opened", "seller:toko"),
        ("refund_requested", "seller:toko"),
        ("charged_back", "seller:toko"),
        ("claim_resolved", "buyer:b1"),
    ]
