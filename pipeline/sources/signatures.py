"""How senders prove themselves: over the raw body, in constant time, by any live secret."""

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipeline.settings import Account
from pipeline.sources import ed25519
from pipeline.sources.source import Refused, Request, Signed
from schemas.ids import digest
from schemas.times import MINUTE

MOST_SIGNATURES = 10
"""Signatures of one webhook that are looked at: each by an ed25519 key costs a pass over the body."""


def hexadecimal(raw: bytes) -> str:
    """Writes a digest in lower-case hexadecimal."""
    return raw.hex()


def base_64(raw: bytes) -> str:
    """Writes a digest in standard base64 with padding."""
    return base64.b64encode(raw).decode()


def matches(given: str, good: Iterable[str]) -> bool:
    """Tells whether the given proof is one of the good ones; how near it comes to one takes no time to tell."""
    told = given.encode()
    return any(hmac.compare_digest(told, proof.encode()) for proof in good)


def proof_in(request: Request, header: str) -> str:
    """Gives the header that carries the proof. Raises Refused when it is not there."""
    proof = request.headers.get(header, "")
    if not proof:
        raise Refused("missing_signature", f"the header {header} is missing")
    if "\n" in proof:
        raise Refused("bad_signature", f"the header {header} is there more than once")
    return proof


def _raw(account: Account, request: Request) -> bytes:
    """Gives the raw body."""
    del account
    return request.body


@dataclass(frozen=True)
class Hmac:
    """HMAC-SHA256 in one header, over the raw body or what `message` makes of it."""

    header: str
    write: Callable[[bytes], str]
    message: Callable[[Account, Request], bytes] = _raw
    key: Callable[[str], bytes] = str.encode
    also: Callable[[bytes], str] | None = None
    """Another way in which the sender may write it."""

    @property
    def headers(self) -> tuple[str, ...]:
        """The header that carries the signature."""
        return (self.header,)

    def verify(self, account: Account, request: Request) -> None:
        """Raises Refused unless the signature is that of a live secret."""
        given = proof_in(request, self.header)
        message = self.message(account, request)
        good = (self._proof(secret, message) for secret in account.live_secrets())
        if not matches(given, (way(told) for told in good for way in (self.write, self.also) if way)):
            raise Refused("bad_signature", f"the signature in {self.header} is of another body or secret")

    def sign(self, body: bytes, account: Account, at: int, url: str = "") -> Signed:
        """Gives the body with its signature by the newest secret."""
        message = self.message(account, Request(body, url=url, received_at=at))
        return Signed(body, {self.header: self.write(self._proof(account.live_secrets()[0], message))})

    def _proof(self, secret: str, message: bytes) -> bytes:
        return hmac.digest(self.key(secret), message, "sha256")


@dataclass(frozen=True)
class Token:
    """A fixed secret in one header, the same for every webhook; without `header` the account names it.

    `before` stands before the secret, as `Bearer ` does.
    """

    header: str = ""
    before: str = ""

    @property
    def headers(self) -> tuple[str, ...]:
        """The header that carries the secret, where the sender fixes it."""
        return (self.header,) if self.header else ()

    def verify(self, account: Account, request: Request) -> None:
        """Raises Refused unless the header holds a live secret."""
        good = (self.before + secret for secret in account.live_secrets())
        if not matches(proof_in(request, self._header(account)), good):
            raise Refused("bad_signature", f"the secret in {self._header(account)} is none of this account's")

    def sign(self, body: bytes, account: Account, at: int, url: str = "") -> Signed:
        """Gives the body with the newest secret beside it."""
        del at, url
        return Signed(body, {self._header(account): self.before + account.live_secrets()[0]})

    def _header(self, account: Account) -> str:
        return self.header or account.extra("header").lower()


@dataclass(frozen=True)
class StandardWebhooks:
    """The scheme of standardwebhooks.com: id, timestamp and raw body are signed, within a window of time.

    One header may hold several signatures, `v1,<base64>` each, so that secrets can be changed without a gap; those by
    an ed25519 key are `v1a,<base64>`.
    """

    window: int = 5 * MINUTE
    prefix: str = "webhook"
    """How its three headers begin."""

    @property
    def headers(self) -> tuple[str, ...]:
        """The header that carries the signatures."""
        return (f"{self.prefix}-signature",)

    def verify(self, account: Account, request: Request) -> None:
        """Raises Refused unless one signature is that of a live secret, and the timestamp is near ours."""
        signatures, moment = f"{self.prefix}-signature", f"{self.prefix}-timestamp"
        given = proof_in(request, signatures)
        name, stamp = proof_in(request, f"{self.prefix}-id"), proof_in(request, moment)
        message = f"{name}.{stamp}.".encode() + request.body
        keys: list[str] = []
        shared: list[str] = []
        for secret in account.live_secrets():
            (keys if ed25519.is_key(secret) else shared).append(secret)
        good = [_v1(secret, message) for secret in shared]
        told = given.split(" ", MOST_SIGNATURES)[:MOST_SIGNATURES]
        if not any(matches(one, good) or ed25519.proves(one, message, keys) for one in told):
            raise Refused("bad_signature", f"no signature in {signatures} is of this body and a live secret")
        if not stamp.isascii() or not stamp.isdigit():
            raise Refused("stale", f"{moment} is no number of seconds")
        if abs(request.received_at - int(stamp[:15]) * 1_000) > self.window:
            raise Refused("stale", f"{moment} is more than {self.window // MINUTE} minutes from now")

    def sign(self, body: bytes, account: Account, at: int, url: str = "") -> Signed:
        """Gives the body with an id of its own, the instant, and a signature by the newest secret."""
        del url
        name, stamp, secret = f"msg_{digest(body)}", str(at // 1_000), account.live_secrets()[0]
        proof = (ed25519.sign if ed25519.is_key(secret) else _v1)(secret, f"{name}.{stamp}.".encode() + body)
        told = {"id": name, "timestamp": stamp, "signature": proof}
        return Signed(body, {f"{self.prefix}-{what}": value for what, value in told.items()})


def _v1(secret: str, message: bytes) -> str:
    return "v1," + base_64(hmac.digest(standard_key(secret), message, "sha256"))


def standard_key(secret: str) -> bytes:
    """Reads a secret of Standard Webhooks: base64, with or without `whsec_`. Raises ValueError when it is none."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("a secret of Standard Webhooks is base64, with or without whsec_ before it") from error
