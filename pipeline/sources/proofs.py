"""Proofs that few senders give: a secret in the address, a plain hash, a time that is signed, one of two."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, quote

from pipeline.settings import Account
from pipeline.sources.signatures import matches, proof_in
from pipeline.sources.source import Refused, Request, Scheme, Signed
from schemas.times import MINUTE, SECOND


@dataclass(frozen=True)
class InAddress:
    """A secret at the end of the address that the sender was given, `…?token=<secret>`; for those who sign nothing."""

    name: str = "token"
    headers = ()

    def verify(self, account: Account, request: Request) -> None:
        """Raises Refused unless the address holds a live secret, once."""
        told = parse_qs(request.query).get(self.name, [])
        if not told:
            raise Refused("missing_signature", f"the address lacks ?{self.name}= and a secret of this account")
        if len(told) > 1 or not matches(told[0], account.live_secrets()):
            raise Refused("bad_signature", f"the {self.name} in the address is no secret of this account")

    def sign(self, body: bytes, account: Account, at: int, url: str = "") -> Signed:
        """Gives the body and the end of its address."""
        del at, url
        return Signed(body, {}, f"{self.name}={quote(account.live_secrets()[0], safe='')}")


@dataclass(frozen=True)
class Hashed:
    """A plain hash in one header, of the body and the secret; `proof` makes it."""

    header: str
    proof: Callable[[Request, str], str]
    wrap: Callable[[bytes], bytes] = bytes
    """Gives what the sender posts when it tells this JSON."""

    @property
    def headers(self) -> tuple[str, ...]:
        """The header that carries the hash."""
        return (self.header,)

    def verify(self, account: Account, request: Request) -> None:
        """Raises Refused unless the hash is that of a live secret."""
        given = proof_in(request, self.header)
        if not matches(given, (self.proof(request, secret) for secret in account.live_secrets())):
            raise Refused("bad_signature", f"the hash in {self.header} is of another body or secret")

    def sign(self, body: bytes, account: Account, at: int, url: str = "") -> Signed:
        """Gives the body with its hash by the newest secret."""
        request = Request(self.wrap(body), url=url, received_at=at)
        return Signed(request.body, {self.header: self.proof(request, account.live_secrets()[0])})


@dataclass(frozen=True)
class Stamped:
    """`t=<seconds>,v1=<hexadecimal>` in one header: HMAC-SHA256 over `<seconds>.<raw body>`, within a window of time.

    There may be several `v1`, so that secrets can be changed without a gap; other versions are passed over.
    """

    header: str
    window: int

    @property
    def headers(self) -> tuple[str, ...]:
        """The header that carries time and signature."""
        return (self.header,)

    def verify(self, account: Account, request: Request) -> None:
        """Raises Refused unless one signature is that of a live secret, and its time is near ours."""
        parts = [part.strip().partition("=") for part in proof_in(request, self.header).split(",")]
        stamps = [value for name, _, value in parts if name == "t"]
        if len(stamps) != 1:
            raise Refused("bad_signature", f"{self.header} must have one t=")
        good = [_stamped(secret, stamps[0], request.body) for secret in account.live_secrets()]
        if not any(matches(value, good) for name, _, value in parts if name == "v1"):
            raise Refused("bad_signature", f"no v1= in {self.header} is of this body and a live secret")
        if not (stamps[0].isascii() and stamps[0].isdigit()):
            raise Refused("stale", f"t= in {self.header} is no number of seconds")
        if abs(request.received_at - int(stamps[0][:15]) * SECOND) > self.window:
            raise Refused("stale", f"t= in {self.header} is more than {self.window // MINUTE} minutes from now")

    def sign(self, body: bytes, account: Account, at: int, url: str = "") -> Signed:
        """Gives the body with the instant and a signature by the newest secret."""
        del url
        stamp = str(at // SECOND)
        return Signed(body, {self.header: f"t={stamp},v1={_stamped(account.live_secrets()[0], stamp, body)}"})


def _stamped(secret: str, stamp: str, body: bytes) -> str:
    return hmac.digest(secret.encode(), f"{stamp}.".encode() + body, "sha256").hex()


@dataclass(frozen=True)
class Either:
    """Two ways that a sender may prove itself: the first where it is used at all, else the other."""

    first: Scheme
    other: Scheme

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers of both."""
        return (*self.first.headers, *self.other.headers)

    def verify(self, account: Account, request: Request) -> None:
        """Raises Refused unless the first proves the request, or is not used and the other does."""
        try:
            self.first.verify(account, request)
        except Refused as error:
            if error.reason != "missing_signature":
                raise
            self.other.verify(account, request)

    def sign(self, body: bytes, account: Account, at: int, url: str = "") -> Signed:
        """Gives what the first gives."""
        return self.first.sign(body, account, at, url)
