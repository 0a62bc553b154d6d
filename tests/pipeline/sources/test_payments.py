"""Midtrans, Xendit, Stripe and Adyen: what is paid, what is not yet, and what goes back."""

import json

import pytest

from pipeline import sources
from pipeline.sources import Untranslatable
from schemas import times


@pytest.fixture
def tell(account, deliver):
    """Translates a body of a payment provider."""

    def tell(source, body, **said):
        return sources.translate(deliver(source, json.dumps(body).encode()), account(source, **said))

    return tell


def midtrans(status, **said):
    return {
        "transaction_status": status,
        "transaction_id": "T1",
        "order_id": "1001",
        "gross_amount": "154600.00",
        "transaction_time": "2021-06-15 18:45:13",
        "settlement_time": "2021-06-15 18:45:28",
        **said,
    }


@pytest.mark.parametrize(
    ("status", "fraud", "kind"),
    [
        ("capture", "accept", "payment_paid"),
        ("capture", "challenge", "payment_authorized"),
        ("capture", "deny", "payment_failed"),
        ("capture", "", "payment_paid"),
        ("settlement", "accept", "payment_paid"),
        ("settlement", "", "payment_paid"),
        ("pending", "accept", "payment_requested"),
        ("deny", "deny", "payment_failed"),
        ("cancel", "accept", "payment_failed"),
        ("expire", "", "payment_expired"),
        ("failure", "", "payment_failed"),
        ("authorize", "accept", "payment_authorized"),
        ("chargeback", "", "chargeback_opened"),
    ],
)
def test_midtrans_status_and_fraud_make_the_event(tell, status, fraud, kind):
    """A capture is worth what its fraud status says; other statuses speak for themselves."""
    (event,) = tell("midtrans", midtrans(status, **({"fraud_status": fraud} if fraud else {})))
    assert (event.type, event.payment_id, event.amount, event.currency) == (kind, "T1", 154_600, "IDR")


def test_midtrans_times_are_western_indonesian(tell):
    """A time without a zone is WIB; the settlement has a time of its own."""
    assert tell("midtrans", midtrans("settlement"))[0].occurred_at == times.parse("2021-06-15T11:45:28Z")
    assert tell("midtrans", midtrans("pending"))[0].occurred_at == times.parse("2021-06-15T11:45:13Z")


def test_a_cancelled_payment_counts_from_when_we_heard(tell):
    """Midtrans gives no time of a cancellation: that of the transaction is when it began."""
    assert tell("midtrans", midtrans("cancel"))[0].occurred_at == 1_800_000_000_000


def test_capture_and_settlement_are_one_payment(tell):
    """Both name the transaction: two events of one payment."""
    captured, settled = tell("midtrans", midtrans("capture"))[0], tell("midtrans", midtrans("settlement"))[0]
    assert captured.payment_id == settled.payment_id
    assert captured.event_id != settled.event_id


def test_refunds_that_are_listed_again_have_the_same_ids(tell):
    """The second refund's notification lists the first too; each is one refund."""
    first = {"refund_key": "r1", "refund_amount": "10000.00", "created_at": "2022-08-23 11:16:16"}
    second = {"refund_key": "r2", "refund_amount": "15000.00", "created_at": "2022-08-23 11:16:21"}
    once = tell("midtrans", midtrans("partial_refund", refunds=[first]))
    twice = tell("midtrans", midtrans("partial_refund", refunds=[first, second]))
    assert [event.event_id for event in twice][:1] == [event.event_id for event in once]
    assert [(event.refund_id, event.amount) for event in twice] == [("r1", 10_000), ("r2", 15_000)]


def test_a_full_refund_without_an_amount_is_the_whole(tell):
    """A refund that names no amount is of all that was paid."""
    (event,) = tell("midtrans", midtrans("refund"))
    assert (event.type, event.amount) == ("refund_settled", 154_600)


def test_a_payment_status_that_nobody_knows_is_kept(tell):
    """A new word of Midtrans or Xendit is an unknown status of the order, with the word."""
    for source, body in (
        ("midtrans", midtrans("quantum")),
        ("xendit", {"id": "I", "external_id": "1001", "status": "quantum", "amount": 1}),
    ):
        (event,) = tell(source, body)
        assert (event.type, event.status, event.word) == ("status_reported", "unknown", "quantum")


@pytest.mark.parametrize("amount", ["", "ten", "1e999999", "-5", "NaN", "1,000", "9" * 30, None, [], True])
def test_an_amount_that_is_none_is_a_dead_letter(tell, amount):
    """Money is never guessed."""
    with pytest.raises(Untranslatable, match="gross_amount"):
        tell("midtrans", midtrans("settlement", gross_amount=amount))


def test_xendit_says_the_same_in_both_spellings(tell, read_sample):
    """An invoice in snake_case, and one with camelCase names, is one event."""
    snake = json.loads(read_sample("xendit/invoice_callback_paid_raw"))
    camel = {"".join([n.split("_")[0], *(part.title() for part in n.split("_")[1:])]): v for n, v in snake.items()}
    assert camel.keys() != snake.keys()
    assert tell("xendit", camel) == tell("xendit", snake)


def test_a_settled_invoice_is_the_payment_once_more(tell):
    """PAID and SETTLED are two events of one payment, at the time of the payment."""
    paid, settled = (
        tell(
            "xendit", {"id": "I", "external_id": "1", "status": s, "amount": 5, "paid_at": "2016-10-12T08:15:03.404Z"}
        )[0]
        for s in ("PAID", "SETTLED")
    )
    assert (paid.payment_id, paid.occurred_at) == (settled.payment_id, settled.occurred_at)


def test_what_was_paid_counts_not_what_was_asked(tell):
    """An invoice paid with less than asked is a payment of less."""
    said = {"id": "I", "external_id": "1", "status": "PAID", "amount": 50_000, "paid_amount": 20_000}
    assert tell("xendit", said)[0].amount == 20_000


@pytest.mark.parametrize("event", ["payout.succeeded", "payment_token.activation", "recurring.plan.activated"])
def test_xendit_s_other_events_tell_nothing(tell, event):
    """Payouts, tokens and plans are no payments of an order."""
    assert tell("xendit", {"event": event, "data": {}}) == []


def test_a_refund_of_xendit_finds_its_order(tell):
    """`metadata.order_id` names the order, else the merchant's reference does."""
    data = {"id": "rfd-1", "amount": 10_000, "currency": "IDR", "reference_id": "ref-1", "status": "SUCCEEDED"}
    assert tell("xendit", {"event": "refund.succeeded", "data": data})[0].order_id == "xendit:ref-1"
    named = {**data, "metadata": {"order_id": "1001"}}
    (event,) = tell("xendit", {"event": "refund.failed", "data": named}, orders="toko-melati")
    assert (event.type, event.order_id) == ("refund_failed", "toko-melati:1001")


@pytest.mark.parametrize(
    ("currency", "unit", "amount"),
    [("idr", 16_000_000, 160_000), ("usd", 1999, 1999), ("jpy", 500, 500), ("kwd", 1000, 100)],
)
def test_stripe_s_smallest_unit_is_its_own(tell, currency, unit, amount):
    """Rupiah and dollars have two decimals at Stripe, yen none and dinars three; ours are those of schemas.money."""
    thing = {"id": "pi_1", "amount": unit, "currency": currency, "metadata": {"order_id": "1"}}
    body = {"type": "payment_intent.succeeded", "created": 1, "data": {"object": thing}}
    (event,) = tell("stripe", body)
    assert (event.amount, event.currency) == (amount, currency.upper())


@pytest.mark.parametrize(("capture", "kind"), [("", "payment_paid"), ("manual", "payment_authorized")])
def test_adyen_s_authorisation_is_money_unless_it_is_captured_by_hand(tell, capture, kind):
    """Where Adyen captures by itself no other webhook says that an order is paid."""
    item = {"eventCode": "AUTHORISATION", "success": "true", "pspReference": "P1", "merchantReference": "1"}
    (event,) = tell("adyen", {**item, "amount": {"currency": "IDR", "value": 100}}, capture=capture)
    assert (event.type, event.payment_id) == (kind, "P1")


def test_adyen_s_capture_is_of_the_payment_that_was_authorised(tell):
    """A capture and an authorisation are steps of one payment; one that fails is told, what did not happen is not."""
    item = {"pspReference": "P2", "originalReference": "P1", "merchantReference": "1"}
    item |= {"amount": {"currency": "IDR", "value": 100}}
    (paid,) = tell("adyen", {**item, "eventCode": "CAPTURE", "success": "true"})
    (failed,) = tell("adyen", {**item, "eventCode": "CAPTURE_FAILED", "success": "true"})
    assert (paid.type, paid.payment_id, failed.type) == ("payment_paid", "P1", "payment_failed")
    assert tell("adyen", {**item, "eventCode": "CANCELLATION", "success": "false"}) == []
