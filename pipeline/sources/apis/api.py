"""What it takes to ask a sender: which questions a delivery leaves open, how each is put, what an answer means.

All of it is plain functions over plain data; pipeline/completion does the asking.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import Struct

from pipeline.settings import Account
from schemas.deliveries import Delivery
from schemas.events import Event


class Ask(NamedTuple):
    """One question: what of, and its native id. Of `orders` and `returns` it is a span of time, for reconciliation."""

    what: str
    id: str

    def __str__(self) -> str:
        return f"{self.what}/{self.id}"

    @classmethod
    def read(cls, text: str) -> "Ask":
        """Reads what `str` wrote."""
        return cls(*text.split("/", 1)) if "/" in text else cls(text, "")


class Call(NamedTuple):
    """An HTTP request, signed and whole; `url` ends with the query as it was signed."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Answer(NamedTuple):
    """What came back; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Tokens(Struct, frozen=True):
    """What lets us in: `access` goes along with each call until `expires_at` (ms; 0 = not known), `refresh` renews."""

    access: str = ""
    refresh: str = ""
    expires_at: int = 0


class Span(NamedTuple):
    """Everything that changed from `since` up to `until` (ms); `cursor` is where the sender's next page begins."""

    since: int
    until: int
    cursor: str = ""


class Change(NamedTuple):
    """One thing on a page of what changed."""

    what: str
    id: str
    status: str
    updated_at: int


class Failed(Exception):
    """An answer that answers nothing. Each kind below is one decision about what to do next."""


class Expired(Failed):
    """The access token is no longer good: renew it and ask again."""


class Throttled(Failed):
    """Too many questions: none may be put for `seconds`, which is None when the sender does not say how long."""

    def __init__(self, why: str, seconds: float | None = None) -> None:
        super().__init__(why)
        self.seconds = seconds


class Unwell(Failed):
    """The sender is not well, or cannot be reached: the same question may be answered later."""


class Declined(Failed):
    """The sender will not answer this question, however often it is put."""


class Locked(Failed):
    """The credentials let nobody in: each question would fail until a person mends them. The text says how."""


@dataclass(frozen=True, kw_only=True)
class Api:
    """How one sender is asked."""

    source: str
    docs: str
    asks: Callable[[Delivery], list[Ask]]
    """What a webhook or an answer leaves open. Raises Untranslatable as translating it would."""
    call: Callable[[Account, Tokens, Ask, int], Call]
    """Puts one question, at this instant (ms)."""
    search: Callable[[Account, Tokens, str, Span, int], Call]
    """Asks for one page of what changed, of one of `searches`."""
    next_page: Callable[[bytes, Span], str]
    """Gives the cursor of the page after this one, which was asked of this span; empty when it is the last."""
    changes: Callable[[bytes], list[Change]]
    """Tells what is on a page."""
    renew: Callable[[Account, Tokens, int], Call]
    """Asks for new tokens."""
    read_tokens: Callable[[Account, Answer, int], Tokens]
    """Reads them, at this instant (ms), as some tell no end but for how long they are good.

    Raises Locked when none are given, Unwell when they may be given later.
    """
    judge: Callable[[Account, Answer], None]
    """Raises what kind of failure an answer is, if it is one."""
    content: Callable[[bytes], bytes]
    """Gives the part of an answer that is the same whenever the thing is the same: its dedupe id is made of it."""
    translate: Callable[[Delivery, Account], list[Event]]
    """Gives the events of an answer that was kept. Raises Untranslatable."""
    searches: tuple[str, ...] = ("orders",)
    longest_span: int | None = None
    """The longest span (ms) that one search may ask for; None = any."""
    per_second: float
    """Calls that an account may make: less than the sender allows, as others use its app too."""
    needs: Mapping[str, str] = field(default_factory=dict)
    takes: Mapping[str, str] = field(default_factory=dict)
    """What an account must and may say under `api`, and why."""
    check: Callable[[Account], Iterable[str]] = lambda _: ()
    """Tells what else is wrong with what an account says."""
    unconfirmed: str = ""
    """What its public documentation leaves open, so that it is not relied upon."""
