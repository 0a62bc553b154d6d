"""What a sender is: how it proves itself, numbers and retries, what its account needs and what its words mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from pipeline.settings import Account
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import digest


class Refused(Exception):
    """The request does not prove that its sender wrote it. `reason` is one word, for counting."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


class Untranslatable(Exception):
    """A body that no retry can mend: it becomes a dead letter with this cause (one word) and detail (a sentence)."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause, self.detail = cause, detail


class CannotSign(ValueError):
    """The account's secret is one that checks signatures, but cannot make them: a public key."""


class Request(NamedTuple):
    """A webhook at the door: nothing of it is believed yet.

    Names of headers are in lower case; of one that is there more than once the values are apart by a new line, which
    none can have in it. `url` is without the query, which is as it was written.
    """

    body: bytes
    headers: Mapping[str, str] = {}
    url: str = ""
    received_at: int = 0
    query: str = ""


class Signed(NamedTuple):
    """A webhook as its sender would send it; `query` ends its address, where the secret lies there."""

    body: bytes
    headers: dict[str, str]
    query: str = ""


class Scheme(Protocol):
    """How a sender proves that it wrote a request. `headers` carry secrets or signatures and are never kept."""

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that carry the proof; empty where it lies in the body or the account names the header."""

    def verify(self, account: Account, request: Request) -> None:
        """Raises Refused unless one of the account's live secrets proves the request."""

    def sign(self, body: bytes, account: Account, at: int, url: str = "") -> Signed:
        """Gives the request as the sender would send it at that instant, proved by the newest secret.

        Raises ValueError when that is none for this scheme, CannotSign when it cannot be signed with.
        """


class Retries(NamedTuple):
    """What a sender waits for and does when it does not get it; None and () where it does not say."""

    deadline: float | None
    """Seconds until it gives up waiting for an answer."""
    success: str
    after: tuple[int, ...] = ()
    """Seconds from each attempt to the next."""
    note: str = ""


class Manners(NamedTuple):
    """What a sender must hear: the status of a webhook that is kept, and of requests that prove nothing, by reason.

    So it neither gives up what it should repeat nor repeats what is kept.
    """

    kept: int = 200
    body: bytes = b""
    """JSON that it must hear of a webhook that is kept; most must hear nothing."""
    missing_signature: int = 401
    bad_signature: int = 401
    stale: int = 401
    unreadable: int = 400
    silent: bool = False
    """No answer may have a body."""


PLAIN = Manners()


def _body_digest(request: Request) -> str:
    """Gives a digest of the whole body."""
    return digest(request.body)


def _fine(account: Account) -> None:
    del account


def _never(request: Request) -> bool:
    del request
    return False


@dataclass(frozen=True, kw_only=True)
class Source:
    """One sender. `id` is the word in its webhooks' address, `title` the name that people read."""

    id: str
    title: str
    tells: str
    """What its webhooks are about, in a few words."""
    docs: str
    setup: str
    """What its accounts' `secrets` are there, and what to know and do there, as far as its contract is public."""
    scheme: Scheme
    translate: Callable[[Delivery, Account], list[Event]]
    """Gives the events of a delivery, always the same ones. Raises Untranslatable."""
    retries: Retries
    manners: Manners = PLAIN
    dedupe_id: Callable[[Request], str] = _body_digest
    """The same for each retry of one webhook: the sender's own id where it has one."""
    is_challenge: Callable[[Request], bool] = _never
    """Whether it is no webhook, but the sender trying the address: answered, not kept."""
    greet: Callable[[Account, Mapping[str, str]], Mapping[str, str]] | None = None
    """The headers of the answer to an OPTIONS request with such headers, where the sender asks before it sends."""
    needs: Mapping[str, str] = field(default_factory=dict)
    """What its account must say besides `secrets`, and why."""
    takes: Mapping[str, str] = field(default_factory=dict)
    """What its account may say besides."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """What an account may look like that has all it needs, secrets aside."""
    keys: str = ""
    """Where it publishes the public keys that prove its signatures; its accounts need no secrets then."""
    sample: str = ""
    """A small body of ours in its format, for trials; trying.py fills in `$order` and the instant."""
    unconfirmed: str = ""
    """What no public source confirms, so that it is not relied upon."""
    alias: str = ""
    """Another word for it in its webhooks' address, where it does not take addresses that hold its own name."""
    kept_headers: tuple[str, ...] = ()
    """Headers that travel with the delivery, besides content-type and user-agent."""
    orders_by: Literal["marketplace", "merchant", "nobody"] = "merchant"
    """Who numbers the orders it names: a marketplace (no two alike), or merchants (every one has a 1001). Nobody: it
    names parcels; orders only where the account's `orders` says whose references they bear."""
    check_account: Callable[[Account], None] = _fine
    """Raises ValueError, with a sentence, when something that the account says cannot be."""
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What its words mean to us; docs print them, and a word that is not there is `unknown`."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words for it in its webhooks' address; the last is the one to give to the sender."""
        return (self.id, self.alias) if self.alias else (self.id,)
