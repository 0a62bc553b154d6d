"""What of a sender's account needs a look, and why its webhooks are rejected, in words, and what helps."""

from typing import NamedTuple

from analytics.pages.words.names import mark
from analytics.senders.rules import Concern


class ConcernWords(NamedTuple):
    """A concern: how bad it is, its name, and what to do; `%(command)s` is `command`, of the account's sender."""

    tone: str
    icon: str
    name: str
    advice: str = ""
    command: str = ""


CONCERN_WORDS: dict[Concern, ConcernWords] = {
    "refused": ConcernWords("bad", "alert", mark("Rejected")),  # what helps is the reason's to say
    "silent": ConcernWords(
        "bad",
        "clock",
        mark("Silent"),
        mark("See at the sender whether its webhooks are still switched on; %(command)s tries the way to us."),
        "arus sources send {source} --account {account}",
    ),
    "unmapped": ConcernWords(
        "warn", "help", mark("Unmapped codes"), mark("Give its codes a meaning: %(command)s."), "arus codes map"
    ),
    "two_secrets": ConcernWords(
        "warn",
        "undo",
        mark("Old secret still live"),
        mark("The new one has been in use for two weeks: take the old one out of %(command)s."),
        "arus.toml",
    ),
    "old_secret": ConcernWords(
        "warn",
        "clock",
        mark("Secret too old"),
        mark("It is older than a year: make a new one at the sender, and put it first in %(command)s."),
        "arus.toml",
    ),
    "unheard": ConcernWords(
        "quiet",
        "pause",
        mark("Nothing came"),
        mark("No webhook in two weeks. Enter its address at the sender; %(command)s tries it."),
        "arus sources send {source} --account {account}",
    ),
    "parked": ConcernWords(
        "info",
        "box",
        mark("Parcels wait"),
        mark("Nobody has named the order of some parcels yet; %(command)s of the account says whose numbers it bears."),
        "orders",
    ),
}
"""CONCERNS in words, those that need a hand as `bad` or `warn`."""


class RejectionWords(NamedTuple):
    """Why a gateway rejected a webhook, and what helps; empty where nothing is to be done."""

    name: str
    advice: str = ""


_SENT_AGAIN = mark("The sender tries again by itself. See how Kafka does.")

REJECTION_WORDS = {
    "bad_signature": RejectionWords(
        mark("wrong signature"), mark("Check the secret of %(account)s: the sender has another than arus.toml.")
    ),
    "missing_signature": RejectionWords(
        mark("no signature"),
        mark("Whoever sends to %(account)s does not sign, or a proxy on the way drops the header."),
    ),
    "stale": RejectionWords(
        mark("timestamp too far from now"),
        mark("Compare the clock of this machine with that of the sender of %(account)s."),
    ),
    "unreadable": RejectionWords(
        mark("unreadable body"), mark("Nothing in it can be checked. Ask the sender of %(account)s what it sends.")
    ),
    "too_large": RejectionWords(mark("too large"), mark("If it is a real one, raise ARUS_GATEWAY__MAX_BODY_BYTES.")),
    "slow_body": RejectionWords(
        mark("body came too slowly"), mark("Look at the network between the sender of %(account)s and the gateway.")
    ),
    "crowded": RejectionWords(mark("too many at once"), mark("Start one more gateway; the sender tries again.")),
    "too_much": RejectionWords(mark("too many wait for Kafka"), _SENT_AGAIN),
    "kafka_down": RejectionWords(mark("Kafka down"), _SENT_AGAIN),
    "kafka_slow": RejectionWords(mark("Kafka too slow"), _SENT_AGAIN),
    "no_keys": RejectionWords(
        mark("sender's public keys out of reach"),
        mark("The gateway must reach the address where the sender of %(account)s publishes them; it tries again."),
    ),
    "kafka_error": RejectionWords(mark("Kafka refused it"), mark("Look at the log of the gateway and of Kafka.")),
    "bug": RejectionWords(mark("a mistake of ours"), mark("Look at the log of the gateway; the sender tries again.")),
    "gone": RejectionWords(mark("sender hung up")),
    "no_such_address": RejectionWords(mark("no such account")),
    "wrong_method": RejectionWords(mark("not a POST")),
}
