"""Ed25519 keys of Standard Webhooks: `whpk_` and a public key, `whsk_` and a private one, in base64.

What they sign says `v1a,` before the signature. Whoever only checks signatures needs the public key alone, so nobody
who reads it can send in the sender's name.
"""

import base64
from collections.abc import Iterable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pipeline.sources.source import CannotSign

PUBLIC, PRIVATE, SIGNATURE = "whpk_", "whsk_", "v1a,"
SEED, PAIR = 32, 64
"""Bytes of a key, and of a private key with the public one behind it, as some write it."""


def is_key(secret: str) -> bool:
    """Tells whether a secret is such a key, not one that both sides share."""
    return secret.startswith((PUBLIC, PRIVATE))


@lru_cache(100)
def read_key(secret: str) -> Ed25519PublicKey | Ed25519PrivateKey:
    """Reads a key. Raises ValueError when it is none."""
    try:
        raw = base64.b64decode(secret[len(PUBLIC) :], validate=True)
    except ValueError:
        raw = b""
    if secret.startswith(PRIVATE) and len(raw) in (SEED, PAIR):
        return Ed25519PrivateKey.from_private_bytes(raw[:SEED])
    if secret.startswith(PUBLIC) and len(raw) == SEED:
        return Ed25519PublicKey.from_public_bytes(raw)
    raise ValueError("an ed25519 key of Standard Webhooks is whpk_ (public) or whsk_ (private) and 32 bytes in base64")


def proves(given: str, message: bytes, secrets: Iterable[str]) -> bool:
    """Tells whether a signature (`v1a,<base64>`) of the message is by one of the keys."""
    if not given.startswith(SIGNATURE):
        return False
    try:
        proof = base64.b64decode(given.removeprefix(SIGNATURE), validate=True)
    except ValueError:
        return False
    return any(_is_by(read_key(secret), proof, message) for secret in secrets)


def _is_by(key: Ed25519PublicKey | Ed25519PrivateKey, proof: bytes, message: bytes) -> bool:
    try:
        (key.public_key() if isinstance(key, Ed25519PrivateKey) else key).verify(proof, message)
    except InvalidSignature:
        return False
    return True


def sign(secret: str, message: bytes) -> str:
    """Gives the signature of the message. Raises ValueError when that is no key, CannotSign when it is a public one."""
    key = read_key(secret)
    if not isinstance(key, Ed25519PrivateKey):
        raise CannotSign("a public key signs nothing")
    return SIGNATURE + base64.b64encode(key.sign(message)).decode()
