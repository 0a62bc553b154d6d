"""What sellers and buyers can do on an order's page, in words: each command with its form, and each refusal."""

from typing import NamedTuple

from analytics.pages.words.names import mark


class Field(NamedTuple):
    """One field of a form. kind: text, words (several lines), choice, yes (a box to tick) or amount (minor units)."""

    name: str
    label: str
    kind: str = "text"
    choices: tuple[tuple[str, str], ...] = ()
    is_required: bool = False


class Act(NamedTuple):
    """A command as a button: its label, what it means, its fields, and the labels of a yes and a no."""

    label: str
    says: str
    fields: tuple[Field, ...] = ()
    answers: tuple[str, str] | None = None
    is_primary: bool = False


_REASON = Field("reason", mark("Reason"), "words", is_required=True)
_REMARK = Field("reason", mark("Remark"), "words")
_AMOUNT = Field("amount", mark("Amount (empty: all that is left)"), "amount")
_YES_NO = (mark("Approve"), mark("Reject"))

_SHIPPING = (
    Field(
        "method",
        mark("Handed over"),
        "choice",
        (
            ("pickup", mark("The carrier collects it")),
            ("drop_off", mark("I bring it to the carrier")),
            ("own_courier", mark("By my own courier")),
        ),
    ),
    Field("carrier", mark("Carrier"), is_required=True),
    Field("tracking_number", mark("Tracking number")),
    Field("insured", mark("Insured"), "yes"),
    Field("replace", mark("Replaces the label it has"), "yes"),
)

SELLER_ACTS: dict[str, Act] = {
    "confirm": Act(
        mark("Confirm the order"),
        mark("Check stock and details first. The buyer is told that you pack it."),
        is_primary=True,
    ),
    "arrange_shipping": Act(
        mark("Arrange shipping"),
        mark("The carrier's scans find the order by this number."),
        _SHIPPING,
        is_primary=True,
    ),
    "decide_cancellation": Act(
        mark("Answer the cancellation"),
        mark("A yes cancels the order for the buyer's reason and does not count against the shop."),
        (_REMARK,),
        (mark("Cancel as asked"), mark("Keep the order")),
        is_primary=True,
    ),
    "decide_return": Act(
        mark("Answer the return"),
        mark("The buyer is told at once. A return that nobody answers counts against the shop."),
        (_REMARK,),
        _YES_NO,
        is_primary=True,
    ),
    "receive_return": Act(
        mark("Goods are back"),
        mark("Say what becomes of the return, or leave it open until the money is back."),
        (
            Field(
                "outcome",
                mark("The return"),
                "choice",
                (
                    ("", mark("stays open")),
                    ("refunded", mark("is refunded")),
                    ("replaced", mark("is replaced")),
                    ("none", mark("ends without either")),
                ),
            ),
        ),
        is_primary=True,
    ),
    "resolve_claim": Act(
        mark("Answer the claim"),
        mark("The buyer says that it did not arrive. Beside it is what the carrier shows."),
        (
            Field(
                "outcome",
                mark("The claim ends"),
                "choice",
                (
                    ("delivered", mark("it was delivered, as the carrier shows")),
                    ("refunded", mark("the money goes back")),
                    ("resent", mark("the goods are sent again")),
                ),
            ),
            _REMARK,
        ),
        is_primary=True,
    ),
    "decide_refund": Act(
        mark("Answer the refund"),
        mark("A yes starts the clock by which the buyer must have the money."),
        (),
        _YES_NO,
        is_primary=True,
    ),
    "request_refund": Act(mark("Give money back"), mark("All or a part, approved at once."), (_AMOUNT, _REASON)),
    "cancel": Act(
        mark("Cancel the order"),
        mark("Possible until a carrier has it. It counts in the rate of orders cancelled by the shop."),
        (_REASON,),
    ),
}

BUYER_ACTS: dict[str, Act] = {
    "confirm_receipt": Act(
        mark("I have it"), mark("The order is completed, and the shop gets its money."), is_primary=True
    ),
    "open_claim": Act(
        mark("I do not have it"),
        mark("It is shown as delivered and did not come: the shop has to answer."),
        (_REASON,),
    ),
    "request_return": Act(
        mark("Ask for a return"),
        mark("The shop has to answer it."),
        (
            Field(
                "kind",
                mark("I want"),
                "choice",
                (
                    ("return_and_refund", mark("to send it back and get my money")),
                    ("refund", mark("my money")),
                    ("replacement", mark("another one")),
                ),
            ),
            _REASON,
        ),
    ),
    "ship_return": Act(
        mark("I have sent it back"),
        mark("The shop is told that the goods are on their way, and with which carrier if you say so."),
        (Field("carrier", mark("Carrier")), Field("tracking_number", mark("Tracking number"))),
        is_primary=True,
    ),
    "withdraw_return": Act(mark("Keep it after all"), mark("Your return ends.")),
    "request_refund": Act(mark("Ask for money back"), mark("All or a part; the shop answers."), (_AMOUNT, _REASON)),
    "cancel": Act(
        mark("Cancel my order"),
        mark("You can cancel without asking. If you have paid, your money is refunded."),
        (_REASON,),
    ),
    "request_cancellation": Act(mark("Ask to cancel"), mark("The shop already works on it, and decides."), (_REASON,)),
    "withdraw_cancellation": Act(mark("Do not cancel after all"), mark("Your request ends.")),
}

ACTS: dict[str, dict[str, Act]] = {"seller": SELLER_ACTS, "buyer": BUYER_ACTS}

DONE_WORDS = mark("Done.")
WAITING_WORDS = mark("It is kept and waits for its turn. What becomes of it shows here by itself.")

REFUSAL_WORDS: dict[str, str] = {
    "unknown_order": mark("Nothing is known of this order yet."),
    "not_yours": mark("This order is not yours."),
    "role": mark("This is for the other side to do."),
    "already": mark("It was done before: the first one counts."),
    "status": mark("Not possible any more as the order now stands."),
    "terms": mark("The shop already works on it: you can ask it to cancel."),
    "no_case": mark("There is no open request."),
    "which": mark("There are several open requests. Answer one at a time."),
    "missing": mark("The order's details are not complete."),
    "amount": mark("No more can go back than was paid and has not gone back yet."),
    "too_late": mark("It could not be done within a day, and so was not done."),
    "too_many": mark("Too many requests for one order within a day."),
}

MISSING_WORDS = {
    "buyer": mark("The buyer is not known yet."),
    "articles": mark("The articles are not known yet."),
    "payment": mark("It is not paid yet."),
}

STOCK_WORDS = {
    "ok": mark("in stock"),
    "low": mark("in stock, running low"),
    "oversold": mark("more is sold than there is"),
    "uncounted": mark("nobody told how many there are"),
}
