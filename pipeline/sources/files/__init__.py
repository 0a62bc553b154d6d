"""Files that sellers hand in themselves: they travel as webhooks do, so that each number leads down to the file."""

from collections.abc import Callable
from typing import NamedTuple

from pipeline.settings import Account
from schemas.deliveries import Delivery
from schemas.events import Event


class File(NamedTuple):
    """A kind of file: whose it is, by the name of the delivery's account, and what it says."""

    account: Callable[[str], Account]
    translate: Callable[[Delivery, Account], list[Event]]
