"""What of a sender's account needs a look, in words, and what helps."""

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
