"""How a sender proves itself that its account describes."""

import base64
import binascii
import hmac
import re

from pipeline.settings import Account
from pipeline.sources.generic.description import Proof, description_of
from pipeline.sources.proofs import InAddress
from pipeline.sources.signatures import Token, matches, proof_in
from pipeline.sources.source import Refused, Request, Scheme, Signed
from schemas import times
from schemas.times import SECOND

_PIECE = re.compile(r"(\{(?:body|timestamp|url)\})")
_MILLIS_FROM = 100_000_000_000


class Described:
    """The scheme that the account's `proof` describes."""

    headers = ()

    def verify(self, account: Account, request: Request) -> None:
        """Raises Refused unless a live secret proves the request."""
        proof = description_of(account).proof
        if other := _unsigned(proof):
            other.verify(account, request)
            return
        given, message = proof_in(request, proof.header.lower()), _message(proof, request)
        good = (_written(proof, secret, message) for secret in account.live_secrets())
        if not matches(given, good):
            raise Refused("bad_signature", f"the signature in {proof.header} is of another body or secret")
        if proof.timestamp:
            _check_instant(proof, request)

    def sign(self, body: bytes, account: Account, at: int, url: str = "") -> Signed:
        """Gives the request as the account's `proof` describes it, by the newest secret."""
        proof = description_of(account).proof
        if other := _unsigned(proof):
            return other.sign(body, account, at, url)
        stamp = {proof.timestamp.lower(): str(at // SECOND)} if proof.timestamp else {}
        written = _written(proof, account.live_secrets()[0], _message(proof, Request(body, stamp, url, at)))
        return Signed(body, {proof.header.lower(): written, **stamp})


def _unsigned(proof: Proof) -> Scheme | None:
    """Gives the scheme of senders that sign nothing."""
    if proof.scheme == "token":
        return Token(proof.header.lower(), proof.before)
    return InAddress(proof.parameter) if proof.scheme == "address" else None


def _message(proof: Proof, request: Request) -> bytes:
    """Gives what is signed."""
    stamp = proof_in(request, proof.timestamp.lower()) if proof.timestamp else ""
    told = {"{body}": request.body, "{timestamp}": stamp.encode(), "{url}": request.url.encode()}
    return b"".join(told.get(piece, piece.encode()) for piece in _PIECE.split(proof.signed))


def _written(proof: Proof, secret: str, message: bytes) -> str:
    made = hmac.digest(key_of(proof, secret), message, proof.digest)
    return proof.before + (made.hex() if proof.encoding == "hex" else base64.b64encode(made).decode())


def key_of(proof: Proof, secret: str) -> bytes:
    """Gives the key that a secret is. Raises ValueError when it is not written as `proof.key` says."""
    try:
        if proof.key == "hex":
            return bytes.fromhex(secret)
        return base64.b64decode(secret, validate=True) if proof.key == "base64" else secret.encode()
    except (binascii.Error, ValueError) as error:
        raise ValueError(
            f'a secret is not written in {proof.key}, as proof.key says; if it is plain, key = "text"'
        ) from error


def _check_instant(proof: Proof, request: Request) -> None:
    """Raises Refused unless the signed instant is near ours."""
    stamp = request.headers[proof.timestamp.lower()]
    try:
        at = _instant(stamp)
    except (ValueError, OverflowError) as error:
        raise Refused("stale", f"{proof.timestamp} is no time") from error
    if abs(request.received_at - at) > proof.window_seconds * SECOND:
        raise Refused("stale", f"{proof.timestamp} is more than {proof.window_seconds} seconds from now")


def _instant(stamp: str) -> int:
    if not (stamp.isascii() and stamp.isdigit()):
        return times.parse(stamp)
    number = int(stamp[:15])
    return number if number >= _MILLIS_FROM else number * SECOND
