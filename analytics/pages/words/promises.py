"""What each promise is called: for sellers and buyers alike."""

from analytics.pages.words.names import mark

PROMISE_WORDS = {
    "pay": mark("Payment"),
    "confirm": mark("Confirmation by the shop"),
    "dispatch": mark("Hand-over to the carrier"),
    "deliver": mark("Delivery"),
    "scan": mark("Next scan of the parcel"),
    "receive": mark("Confirmation of receipt"),
    "answer_return": mark("Answer to the return"),
    "refund": mark("Refund"),
    "answer_claim": mark("Answer to the claim"),
}
"""PROMISES in words."""
