"""Signatures by the sender's own key: RSA over an instant and the raw body, proved by public keys that it publishes.

A signature names its key. Whoever runs the door fetches the sender's set of keys (JWKS) when `KeysWanted` says so: when
a name is in no set that is known, or the set is an hour old. An account may pin keys instead: its secrets, in PEM.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from pipeline.settings import Account
from pipeline.sources.signatures import base_64, proof_in
from pipeline.sources.source import CannotSign, Refused, Request, Signed
from schemas import times

FRESH = times.HOUR
"""How long a set of keys is believed: so long after a key was withdrawn it may still prove something."""

SMALLEST = 2048
"""Bits of a key: whoever can, forges what smaller ones sign."""


class KeysWanted(Refused):
    """No known key has the name that a signature gives; after a look at the set behind `url` this is a refusal."""

    def __init__(self, url: str) -> None:
        super().__init__("bad_signature", f"the signature's key is none of those at {url}")
        self.url = url


class KeySet(NamedTuple):
    """A sender's public keys by their names, and until when they are believed."""

    keys: Mapping[str, RSAPublicKey]
    until: int


@dataclass(frozen=True)
class Rsa:
    """RSA PKCS#1 v1.5 with SHA-256 over `<instant>.<raw body>`, within a window of time."""

    signature: str
    key_name: str
    instant: str
    jwks: str
    """Where the sender publishes its keys."""
    window: int = 5 * times.MINUTE
    known: dict[str, KeySet] = field(default_factory=dict, compare=False, repr=False)

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that carry signature, name of the key and instant."""
        return (self.signature, self.key_name, self.instant)

    def verify(self, account: Account, request: Request) -> None:
        """Raises Refused unless a key proves the request and its instant is near ours; KeysWanted if none is known."""
        given, name, stamp = (proof_in(request, header) for header in self.headers)
        if abs(request.received_at - self._moment(stamp)) > self.window:
            raise Refused("stale", f"{self.instant} is more than {self.window // times.MINUTE} minutes from now")
        message = f"{stamp}.".encode() + request.body
        if not _proves(given, message, self._keys(account, name, request.received_at)):
            raise Refused("bad_signature", f"the signature in {self.signature} is of another body or key")

    def _moment(self, stamp: str) -> int:
        try:
            return times.parse(stamp)
        except (ValueError, OverflowError) as error:
            raise Refused("stale", f"{self.instant} is no time in ISO 8601") from error

    def _keys(self, account: Account, name: str, now: int) -> tuple[RSAPublicKey, ...]:
        if account.secrets:
            return tuple(public_key(secret) for secret in account.live_secrets())
        url = account.extra("jwks") or self.jwks
        held = self.known.get(url)
        if held is None or now > held.until or name not in held.keys:
            raise KeysWanted(url)
        return (held.keys[name],)

    def learn(self, url: str, document: bytes, now: int) -> None:
        """Takes the set of keys that lies there in the place of the one before. Raises ValueError when it is none."""
        self.known[url] = KeySet(_key_set(document), now + FRESH)

    def keep(self, url: str, until: int) -> bool:
        """Believes the keys that are known a while longer, as no newer ones can be had; False when there are none."""
        if held := self.known.get(url):
            self.known[url] = held._replace(until=until)
        return url in self.known

    def sign(self, body: bytes, account: Account, at: int, url: str = "") -> Signed:
        """Gives the body as signed by the newest secret, where that is a private key. Raises CannotSign when not."""
        del url
        if not account.secrets:
            raise CannotSign("only the sender has its private key")
        key, stamp = _key(account.live_secrets()[0]), times.rfc3339(at)
        if not isinstance(key, RSAPrivateKey):
            raise CannotSign("a public key signs nothing")
        proof = key.sign(f"{stamp}.".encode() + body, PKCS1v15(), SHA256())
        return Signed(body, {self.signature: base_64(proof), self.key_name: "pinned", self.instant: stamp})


def _proves(given: str, message: bytes, keys: Iterable[RSAPublicKey]) -> bool:
    try:
        proof = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return False
    for key in keys:
        try:
            key.verify(proof, message, PKCS1v15(), SHA256())
        except InvalidSignature:
            continue
        return True
    return False


@lru_cache(100)
def _key(secret: str) -> RSAPublicKey | RSAPrivateKey:
    """Reads a key in PEM. Raises ValueError when it is none."""
    pem = secret.encode()
    try:
        key = load_pem_private_key(pem, None) if "PRIVATE" in secret else load_pem_public_key(pem)
    except (ValueError, TypeError) as error:
        raise ValueError(
            "a secret of this sender is an RSA key in PEM; with none its published keys are used"
        ) from error
    if not isinstance(key, RSAPublicKey | RSAPrivateKey) or key.key_size < SMALLEST:
        raise ValueError(f"a key of this sender is an RSA key of {SMALLEST} bits or more")
    return key


def public_key(secret: str) -> RSAPublicKey:
    """Gives the key that proves what this one, or its private half, signed."""
    key = _key(secret)
    return key.public_key() if isinstance(key, RSAPrivateKey) else key


def _key_set(document: bytes) -> dict[str, RSAPublicKey]:
    told = orjson.loads(document)
    listed = told.get("keys") if isinstance(told, dict) else None
    if not isinstance(listed, list):
        raise ValueError("it is no set of keys (JWKS)")  # noqa: TRY004  # as below
    keys = [
        key for key in listed if isinstance(key, dict) and key.get("kty") == "RSA" and isinstance(key.get("kid"), str)
    ]
    read = {key["kid"]: RSAPublicNumbers(_number(key, "e"), _number(key, "n")).public_key() for key in keys}
    if not read or any(key.key_size < SMALLEST for key in read.values()):
        raise ValueError(f"it has no RSA keys, or some of fewer than {SMALLEST} bits")
    return read


def _number(key: Mapping[str, object], name: str) -> int:
    """Reads a number of a key: base64url without padding (RFC 7518)."""
    text = key.get(name)
    if not isinstance(text, str):
        raise ValueError(f"a key has no {name}")  # noqa: TRY004  # the document is wrong, not our code
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
