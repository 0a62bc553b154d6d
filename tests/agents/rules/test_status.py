"""The status table of DOMAIN 2, row by row: which facts give which status."""

import typing

import pytest

from agents.rules.parcels import PROVES
from agents.rules.status import EVIDENCE
from schemas.events import Event
from schemas.shipments import Milestone
from schemas.statuses import STATUSES
from tests.agents.events import order_of, scan, tell

PLACED = tell("order_placed", 0)
COD = tell("order_placed", 0, cod=True)
PAID = tell("payment_paid", 1)
CONFIRMED = tell("order_confirmed", 2)
ARRANGED = tell("shipping_arranged", 3)
SECOND = tell("shipping_arranged", 3, package_id="k2", tracking_number="N2")
READY = (PLACED, PAID, CONFIRMED)
SHIPPED = (*READY, ARRANGED, scan("picked_up", 10))
DELIVERED = (*SHIPPED, scan("delivered", 60))
RETURN = tell("return_requested", 100)


def word(status: str, hours: float = 0) -> Event:
    """A marketplace's word for a status."""
    return tell("status_reported", hours, status=status, word=status.upper())


EXAMPLES: dict[str, tuple[str, tuple[Event, ...]]] = {
    "facts without an order are an orphan's": ("unknown", (tell("refund_requested", 0),)),
    "an order that is placed waits to be paid": ("unpaid", (PLACED,)),
    "a payment that is asked for is none": ("unpaid", (PLACED, tell("payment_requested", 1))),
    "a payment that failed is none": ("unpaid", (PLACED, tell("payment_failed", 1))),
    "a payment that is only authorized is none": ("unpaid", (PLACED, tell("payment_authorized", 1))),
    "a paid order is new": ("new", (PLACED, PAID)),
    "a second attempt that is paid counts": (
        "new",
        (PLACED, tell("payment_failed", 1), tell("payment_paid", 2, payment_id="p2")),
    ),
    "an order paid at the door is new when it is placed": ("new", (COD,)),
    "what is paid stays paid when the provider calls it off later": ("new", (PLACED, PAID, tell("payment_expired", 9))),
    "an order that is held is on hold": ("on_hold", (PLACED, PAID, tell("order_held", 1.5))),
    "a hold that is released is over": ("new", (PLACED, PAID, tell("order_held", 1.5), tell("order_released", 2))),
    "an order may be held again": (
        "on_hold",
        (PLACED, PAID, tell("order_held", 2), tell("order_released", 3), tell("order_held", 4)),
    ),
    "a hold before payment is a hold": ("on_hold", (PLACED, tell("order_held", 1))),
    "a marketplace's hold ends with its next word": ("new", (word("on_hold", 1), word("new", 2))),
    "a marketplace's hold after its word that it is paid is a hold": ("on_hold", (word("new", 1), word("on_hold", 2))),
    "a confirmed order is ready to ship": ("ready_to_ship", READY),
    "an order with a package awaits collection": ("awaiting_collection", (*READY, ARRANGED)),
    "a package needs no tracking number yet": (
        "awaiting_collection",
        (*READY, tell("shipping_arranged", 3, tracking_number="")),
    ),
    "a label that was made is no pick-up": ("awaiting_collection", (*READY, ARRANGED, scan("label_created", 4))),
    "a delay before the pick-up is no pick-up": ("awaiting_collection", (*READY, ARRANGED, scan("delayed", 4))),
    "a label that was voided is no package": ("ready_to_ship", (*READY, ARRANGED, scan("cancelled", 4))),
    "a package that a carrier has is not voided": (
        "in_transit",
        (*READY, ARRANGED, scan("picked_up", 5), scan("cancelled", 6)),
    ),
    "one package of two is picked up": ("partially_shipped", (*SHIPPED, SECOND)),
    "every package is picked up": ("in_transit", (*SHIPPED, SECOND, scan("in_transit", 20, "N2"))),
    "any scan on the way tells of the pick-up": ("in_transit", (*READY, ARRANGED, scan("at_hub", 10))),
    "a scan tells of a package that nobody arranged": ("in_transit", (*READY, scan("at_hub", 10))),
    "a damaged package is under way": ("in_transit", (*SHIPPED, scan("damaged", 12))),
    "a lost package is under way": ("in_transit", (*SHIPPED, scan("lost", 12))),
    "a delivered package is delivered": ("delivered", DELIVERED),
    "one package of two is delivered": ("in_transit", (*DELIVERED, SECOND, scan("picked_up", 20, "N2"))),
    "every package is delivered": ("delivered", (*DELIVERED, SECOND, scan("delivered", 70, "N2"))),
    "a package that came back no longer counts": ("delivered", (*DELIVERED, SECOND, scan("returned", 70, "N2"))),
    "every package came back": ("returned_to_seller", (*SHIPPED, scan("returned", 70))),
    "delivered on the way back is returned": ("returned_to_seller", (*SHIPPED, scan("delivered", 70, returning=True))),
    "a package on its way back is under way": ("in_transit", (*SHIPPED, scan("out_for_delivery", 70, returning=True))),
    "a package that gets its number later is one package": (
        "delivered",
        (*READY, tell("shipping_arranged", 2.5, tracking_number=""), ARRANGED, scan("delivered", 60)),
    ),
    "a package that gets a new number is one package": (
        "delivered",
        (*READY, ARRANGED, tell("shipping_arranged", 4, tracking_number="N2"), scan("delivered", 60, "N2")),
    ),
    "a package that was cut up no longer counts": (
        "in_transit",
        (
            *READY,
            ARRANGED,
            tell("package_recut", 4, package_id="k2"),
            tell(*("shipping_arranged", 5), package_id="k2", tracking_number="N2"),
            scan("picked_up", 9, "N2"),
        ),
    ),
    "a package that was cut up counts until the new one is known": (
        "awaiting_collection",
        (*READY, ARRANGED, tell("package_recut", 4, package_id="k2")),
    ),
    "a package that a carrier has counts whatever was cut": (
        "partially_shipped",
        (
            *SHIPPED,
            tell("package_recut", 4, package_id="k2"),
            tell("shipping_arranged", 5, package_id="k2", tracking_number="N2"),
        ),
    ),
    "a confirmed receipt completes": ("completed", (*DELIVERED, tell("receipt_confirmed", 80))),
    "a marketplace completes": ("completed", (*SHIPPED, tell("order_completed", 80))),
    "a cancelled order is cancelled": ("cancelled", (*READY, tell("order_cancelled", 5))),
    "a request to cancel cancels nothing": ("ready_to_ship", (*READY, tell("cancellation_requested", 5))),
    "a cancelled order stays cancelled when it is shipped": ("cancelled", (tell("order_cancelled", 5), *SHIPPED)),
    "a completed order may be cancelled": (
        "cancelled",
        (*DELIVERED, tell("order_completed", 80), tell("order_cancelled", 90)),
    ),
    "a return is requested": ("return_requested", (*DELIVERED, RETURN)),
    "a return that is rejected is over": ("delivered", (*DELIVERED, RETURN, tell("return_rejected", 101))),
    "a return that is withdrawn is over": ("delivered", (*DELIVERED, RETURN, tell("return_withdrawn", 101))),
    "a return that is approved is under way": (
        "return_in_progress",
        (*DELIVERED, RETURN, tell("return_approved", 101)),
    ),
    "a return that is shipped is under way": ("return_in_progress", (*DELIVERED, RETURN, tell("return_shipped", 101))),
    "a return that is received is under way": ("return_in_progress", (*DELIVERED, tell("return_received", 101))),
    "an approved return that is withdrawn is over": (
        "delivered",
        (*DELIVERED, RETURN, tell("return_approved", 101), tell("return_withdrawn", 102)),
    ),
    "goods that are refused when they come back end the return": (
        "delivered",
        (*DELIVERED, RETURN, tell("return_approved", 101), tell("return_shipped", 102), tell("return_rejected", 103)),
    ),
    "a rejected return may be approved after all": (
        "return_in_progress",
        (*DELIVERED, RETURN, tell("return_rejected", 101), tell("return_approved", 102)),
    ),
    "a return that is closed with money back is returned": (
        "returned",
        (*DELIVERED, RETURN, tell("return_closed", 110, outcome="refunded")),
    ),
    "a return that is closed with nothing is over": (
        "delivered",
        (*DELIVERED, RETURN, tell("return_closed", 110, outcome="none")),
    ),
    "a second return may be open when the first is over": (
        "return_requested",
        (*DELIVERED, RETURN, tell("return_rejected", 101), tell("return_requested", 102, case_id="c2")),
    ),
    "a cancelled order that is to be returned is to be returned": (
        "return_requested",
        (*DELIVERED, tell("order_cancelled", 90), RETURN),
    ),
    "a claim changes no status": ("delivered", (*DELIVERED, tell("claim_opened", 80))),
    "a review changes no status": ("delivered", (*DELIVERED, tell("review_left", 80))),
    "a refund changes no status": ("cancelled", (PLACED, PAID, tell("order_cancelled", 2), tell("refund_settled", 9))),
    "a word is evidence of all that it implies": ("delivered", (word("delivered", 60),)),
    "a word alone proves a hold": ("on_hold", (word("on_hold"),)),
    "a word does not take back what carriers saw": ("delivered", (*DELIVERED, word("in_transit", 70))),
    "a word that we do not know proves nothing": ("unpaid", (PLACED, word("unknown", 5))),
    "a return by word lasts until the next word": ("completed", (word("return_requested", 90), word("completed", 99))),
    "a return by word may go on": (
        "return_in_progress",
        (word("return_requested", 90), word("return_in_progress", 99)),
    ),
    "an unknown word ends no return": ("return_requested", (word("return_requested", 90), word("unknown", 99))),
    "what is told of a return outweighs a word for it": (
        "delivered",
        (*DELIVERED, word("return_requested", 99), RETURN, tell("return_rejected", 101)),
    ),
    "an old word ends nothing": ("return_requested", (word("return_requested", 90), word("delivered", 80))),
}


@pytest.mark.parametrize("sentence", EXAMPLES)
def test_status(sentence: str):
    """Each sentence of EXAMPLES, whichever of its events comes first."""
    expected, events = EXAMPLES[sentence]
    assert order_of(*events).status == order_of(*reversed(events)).status == expected


@pytest.mark.parametrize("status", [row.name for row in STATUSES])
def test_a_word_for_a_status_alone_gives_it(status: str):
    """What each row of STATUSES implies is just what proves that row."""
    assert order_of(word(status)).status == status


def test_the_evidence_is_that_of_the_table():
    """EVIDENCE has the rows of STATUSES, in their order."""
    assert list(EVIDENCE) == [row.name for row in STATUSES]


def test_every_implied_milestone_is_evidence_or_a_hold():
    """No word of a marketplace implies something that proves nothing."""
    known = {milestone for evidence in EVIDENCE.values() for milestone in evidence.words}
    passing = {"return_approved", "return_requested", "held", "released"}
    assert {milestone for row in STATUSES for milestone in row.implies} <= known | passing


def test_every_milestone_of_a_parcel_proves_something():
    """PROVES knows all that a carrier may say."""
    assert set(typing.get_args(Milestone)) <= PROVES.keys()


def test_every_row_has_an_example():
    """No row of the table goes untested."""
    assert {expected for expected, _ in EXAMPLES.values()} == {row.name for row in STATUSES}
