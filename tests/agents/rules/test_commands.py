"""Judging commands: who may ask what, when, and by which rule it is refused."""

import dataclasses

import pytest

from agents.addressing import messages
from agents.rules.commands import DONE, RULES, events_of, judge
from agents.rules.commands.saying import Refused
from agents.rules.history import take
from schemas.commands import COMMANDS, MOST, PATIENCE, REFUSALS, Answer, Command, Terms
from schemas.events import Evidence
from schemas.facts import Order
from schemas.offers import offers
from schemas.payloads import SentBack
from schemas.registry import EVENTS
from schemas.statuses import BY_NAME
from schemas.times import HOUR
from tests.agents.events import ORDER, START, order_of, scan, tell

SELLER, BUYER, SYSTEM = ("seller", "toko"), ("buyer", "b1"), ("system", "automation")
NOW = START + 100 * HOUR

PLACED = (tell("order_placed"),)
NEW = (*PLACED, tell("payment_paid", 1))
READY = (*NEW, tell("order_confirmed", 2))
ARRANGED = (*READY, tell("shipping_arranged", 3))
SHIPPED = (*ARRANGED, scan("picked_up", 4))
DELIVERED = (*SHIPPED, scan("delivered", 9))
COMPLETED = (*DELIVERED, tell("order_completed", 20))
RETURNING = (*DELIVERED, tell("return_requested", 10))
APPROVED = (*RETURNING, tell("return_approved", 11))

PAYLOADS = {
    "arrange_shipping": {"carrier": "JNE", "tracking_number": "cgk9"},
    "cancel": {"reason": "sold out"},
    "request_cancellation": {"reason": "wrong size"},
    "decide_cancellation": {"accept": True},
    "open_claim": {"reason": "nothing came"},
    "resolve_claim": {"outcome": "refunded"},
    "request_return": {"kind": "return_and_refund", "reason": "broken"},
    "decide_return": {"accept": True},
    "request_refund": {"reason": "half is missing"},
    "decide_refund": {"accept": True},
}


def wish(name: str, who: tuple[str, str] = SELLER, key: str = "k", **payload) -> Command:
    """Gives a command, of the payload that fits it unless another is given."""
    by, whose = who
    return Command(f"{ORDER}/{key}", ORDER, name, by, whose, NOW, payload or PAYLOADS.get(name, {}))


def judged(order: Order, command: Command, now: int = NOW + 1_000) -> list[str]:
    """Gives the types of the events that a command leads to; the order has taken them."""
    payload = COMMANDS[command.name].shape(**command.payload)
    told = judge(order, command, payload, now)
    for event in events_of(order, command, told, Evidence("commands", 0, 7, now)):
        take(order, event)
    return [kind for kind, _ in told]


def refused(order: Order, command: Command, now: int = NOW + 1_000) -> Refused:
    """Gives the refusal of a command."""
    with pytest.raises(Refused) as caught:
        judged(order, command, now)
    assert caught.value.rule in REFUSALS
    return caught.value


def test_every_command_has_a_rule_a_shape_and_events_that_are_known():
    """COMMANDS and RULES name the same; what a command leads to is an event; its statuses are statuses."""
    assert COMMANDS.keys() == RULES.keys()
    assert DONE.keys() <= COMMANDS.keys()
    for kind in COMMANDS.values():
        assert dataclasses.is_dataclass(kind.shape)
        assert set(kind.events) <= EVENTS.keys()
        assert set(kind.statuses) <= BY_NAME.keys()


@pytest.mark.parametrize(
    ("facts", "name", "who", "status"),
    [
        (NEW, "confirm", SELLER, "ready_to_ship"),
        (NEW, "confirm", SYSTEM, "ready_to_ship"),
        (READY, "arrange_shipping", SELLER, "awaiting_collection"),
        (ARRANGED, "cancel", SELLER, "cancelled"),
        (NEW, "cancel", BUYER, "cancelled"),
        (PLACED, "cancel", SYSTEM, "cancelled"),
        (READY, "request_cancellation", BUYER, "ready_to_ship"),
        ((*READY, tell("cancellation_requested", 3)), "withdraw_cancellation", BUYER, "ready_to_ship"),
        ((*READY, tell("cancellation_requested", 3)), "decide_cancellation", SELLER, "cancelled"),
        (DELIVERED, "confirm_receipt", BUYER, "completed"),
        (DELIVERED, "complete", SYSTEM, "completed"),
        (COMPLETED, "ask_review", SYSTEM, "completed"),
        (DELIVERED, "open_claim", BUYER, "delivered"),
        ((*DELIVERED, tell("claim_opened", 10)), "resolve_claim", SELLER, "delivered"),
        (DELIVERED, "request_return", BUYER, "return_requested"),
        (RETURNING, "withdraw_return", BUYER, "delivered"),
        (RETURNING, "decide_return", SELLER, "return_in_progress"),
        (APPROVED, "ship_return", BUYER, "return_in_progress"),
        (APPROVED, "receive_return", SELLER, "return_in_progress"),
        (DELIVERED, "request_refund", BUYER, "delivered"),
        ((*DELIVERED, tell("refund_requested", 11)), "decide_refund", SELLER, "delivered"),
    ],
)
def test_what_may_be_asked_is_done(facts, name, who, status):
    """Each command leads to events of its own row of COMMANDS, and the order comes to where they lead."""
    order = order_of(*facts)
    told = judged(order, wish(name, who))
    assert told
    assert set(told) <= set(COMMANDS[name].events)
    assert order.status == status


@pytest.mark.parametrize(
    ("facts", "command", "rule"),
    [
        (NEW, wish("confirm", ("seller", "other")), "not_yours"),
        (NEW, wish("cancel", ("buyer", "b2")), "not_yours"),
        (NEW, wish("confirm", BUYER), "role"),
        (DELIVERED, wish("complete"), "role"),
        (PLACED, wish("confirm"), "status"),
        (NEW, wish("arrange_shipping"), "status"),
        (SHIPPED, wish("cancel"), "status"),
        (READY, wish("cancel", BUYER), "terms"),
        (READY, wish("confirm"), "already"),
        ((tell("payment_paid", 1),), wish("confirm"), "not_yours"),
        ((tell("order_placed", lines=()), tell("payment_paid", 1)), wish("confirm"), "missing"),
        (COMPLETED, wish("ask_review"), "role"),
        (DELIVERED, wish("ask_review", SYSTEM), "status"),
        ((*COMPLETED, tell("review_left", 30)), wish("ask_review", SYSTEM), "already"),
        ((*COMPLETED, tell("review_asked", 30)), wish("ask_review", SYSTEM), "already"),
        (DELIVERED, wish("decide_return"), "no_case"),
        (RETURNING, wish("request_return", BUYER), "already"),
        (RETURNING, wish("decide_return", accept=True, case_id="c9"), "no_case"),
        ((*RETURNING, tell("return_requested", 10, case_id="c2")), wish("decide_return"), "which"),
        ((*RETURNING, tell("return_rejected", 11)), wish("decide_return"), "already"),
        (RETURNING, wish("receive_return"), "no_case"),
        (APPROVED, wish("ship_return", ("buyer", "b2")), "not_yours"),
        (APPROVED, wish("ship_return"), "role"),
        (DELIVERED, wish("ship_return", BUYER), "no_case"),
        (RETURNING, wish("ship_return", BUYER), "no_case"),
        ((*APPROVED, tell("return_approved", 11, case_id="c2")), wish("ship_return", BUYER), "which"),
        *(
            ((*APPROVED, tell(f"return_{step}", 12)), wish("ship_return", BUYER), "already")
            for step in ("shipped", "received", "closed", "withdrawn")
        ),
        (DELIVERED, wish("request_refund", BUYER, reason="x", amount=101), "amount"),
        ((*DELIVERED, tell("refund_approved", 10, amount=60)), wish("request_refund", reason="x", amount=41), "amount"),
    ],
)
def test_what_may_not_be_asked_is_refused_by_its_rule(facts, command, rule):
    """Whose it is, whose part it is, where the order stands, what is open, what is left."""
    if rule == "not_yours" and facts == (tell("payment_paid", 1),):
        command.who = "nobody"
    assert refused(order_of(*facts), command).rule == rule


def test_of_two_people_the_second_is_told_since_when_and_by_whom():
    """The first confirmation counts; the refusal of the second leads to it."""
    order = order_of(*NEW)
    first = wish("confirm", key="first")
    judged(order, first)
    mark = order.marks["confirmed"]
    order.answers[first.command_id] = Answer(
        first.command_id, ORDER, "confirm", "seller", "toko", "", NOW, NOW, events=[mark[1]]
    )
    told = refused(order, wish("confirm", key="second"))
    assert (told.rule, told.values["since"]) == ("already", str(mark[0]))
    assert (told.values["by"], told.values["command_id"]) == ("seller", first.command_id)


def test_a_parcel_gets_another_number_only_when_that_is_said_and_in_time():
    """Two people who arrange one parcel at once do not overwrite each other; a picked-up parcel keeps its label."""
    order = order_of(*READY)
    assert judged(order, wish("arrange_shipping", key="1"))
    assert "jne/CGK9" in order.packages
    other = {"carrier": "sicepat", "tracking_number": "S1"}
    assert refused(order, wish("arrange_shipping", key="2", **other)).values["tracking_number"] == "CGK9"
    assert judged(order, wish("arrange_shipping", key="3", **other, replace=True))
    assert judged(order, wish("arrange_shipping", key="4", carrier="jne", tracking_number="N2", package_id="2"))
    take(order, scan("picked_up", 101, number="S1", carrier="sicepat"))
    late = wish("arrange_shipping", key="5", carrier="jne", tracking_number="N3", replace=True)
    assert refused(order, late).rule == "already"


def test_a_package_without_a_number_gets_its_first_one():
    """A carrier may give the number after it was booked."""
    order = order_of(*READY)
    assert judged(order, wish("arrange_shipping", key="1", carrier="jne"))
    assert order.status == "awaiting_collection"
    assert judged(order, wish("arrange_shipping", key="2", carrier="jne", tracking_number="N5"))


def test_the_shops_terms_say_how_long_a_buyer_may_cancel_alone():
    """A shop may allow it until the parcel is ready; the refusal says that it was the terms."""
    command = wish("cancel", BUYER)
    command.terms = Terms(buyer_cancels=("new", "ready_to_ship"))
    assert judged(order_of(*READY), command) == ["order_cancelled"]


def test_a_cancellation_that_was_asked_for_is_the_buyers():
    """Its fault is no seller's: who and why are the buyer's own."""
    order = order_of(*READY, tell("cancellation_requested", 3, by="buyer", reason="wrong size"))
    judged(order, wish("decide_cancellation"))
    assert order.cancelled_by[2:] == ("buyer", "wrong size")


def test_goods_that_are_back_may_close_the_return_at_once():
    """With what became of it; a return of which nothing came back is not returned."""
    order = order_of(*APPROVED)
    assert judged(order, wish("receive_return", outcome="replaced")) == ["return_received", "return_closed"]
    assert order.status == "returned"
    order = order_of(*APPROVED)
    judged(order, wish("receive_return", outcome="none"))
    assert order.status == "delivered"


def test_of_a_return_of_money_alone_nothing_is_sent_back():
    """It is neither offered nor taken; of goods it is, once."""
    money = order_of(*DELIVERED, tell("return_requested", 10, kind="refund"), tell("return_approved", 11))
    assert "ship_return" not in offers(money, "buyer", Terms())
    assert refused(money, wish("ship_return", BUYER)).values == {"what": "goods"}
    goods = order_of(*APPROVED)
    assert "ship_return" in offers(goods, "buyer", Terms())
    judged(goods, wish("ship_return", BUYER, carrier="J&T Express", tracking_number="jp1"))
    assert "ship_return" not in offers(goods, "buyer", Terms())


def test_the_number_of_goods_that_come_back_binds_nothing():
    """Its scans are of another journey: delivered to the seller is not delivered to the buyer."""
    command = wish("ship_return", BUYER, carrier="J&T Express", tracking_number="jp1")
    order = order_of(*APPROVED)
    told = judge(order, command, SentBack(**command.payload), NOW)
    [event] = events_of(order, command, told, Evidence("commands", 0, 7, NOW))
    assert (event.carrier, event.tracking_number) == ("jnt", "JP1")
    assert [message.topic for message in messages(event)] == ["orders"]


def test_a_seller_gives_back_a_part_of_the_money_of_its_own_accord():
    """It is approved at once, and the clock of the refund runs."""
    order = order_of(*DELIVERED)
    assert judged(order, wish("request_refund", reason="scratched", amount=30)) == [
        "refund_requested",
        "refund_approved",
    ]
    assert [key for key in order.due if key.startswith("refund/")]
    assert refused(order, wish("request_refund", BUYER, key="2", reason="more", amount=71)).values["left"] == "70"


def test_a_command_that_waited_for_a_day_is_not_done():
    """Whoever asked has long done something else."""
    assert refused(order_of(*NEW), wish("confirm"), now=NOW + PATIENCE + 1).rule == "too_late"


def test_an_order_takes_so_many_commands_and_no_more():
    """Its state remembers each, so that none has an effect twice."""
    order = order_of(*NEW)
    for n in range(MOST):
        order.answers[f"{n}"] = Answer(f"{n}", ORDER, "confirm", "seller", "toko", "", NOW, NOW - 1)
    assert refused(order, wish("confirm")).rule == "too_many"
    assert judged(order, wish("confirm"), now=NOW + PATIENCE)


def test_of_an_order_that_nobody_knows_nothing_can_be_asked():
    """Not even by automation."""
    assert refused(Order(ORDER), wish("confirm", SYSTEM)).rule == "unknown_order"


def test_what_a_command_leads_to_happens_after_all_that_it_was_judged_against():
    """A sender's clock may be a little ahead of ours: its request is not answered before it was made."""
    ahead = order_of(*DELIVERED, tell("return_requested", 100.05))
    judged(ahead, wish("decide_return"))
    assert ahead.returns["c1"].marks["approved"][0] == ahead.returns["c1"].marks["requested"][0] > NOW
