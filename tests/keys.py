"""RSA keys in PEM, of senders that sign with one of their own; made anew for each run."""

import base64
import json

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

SCHEME = (PKCS1v15(), SHA256())
KEYS = tuple(generate_private_key(65537, bits) for bits in (2048, 2048, 1024))


def _pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


NEW, OLD, SMALL = map(_pem, KEYS)
ELLIPTIC = _pem(ec.generate_private_key(ec.SECP256R1()))


def public(pem):
    """Gives the public half of a private key."""
    key = load_pem_private_key(pem.encode(), None).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def jwks(**named):
    """Gives the set of keys that their owner would publish: `jwks(name=PEM)`."""
    numbers = {
        name: load_pem_private_key(pem.encode(), None).public_key().public_numbers() for name, pem in named.items()
    }
    told = [{"kty": "RSA", "kid": name, "e": _base64url(n.e), "n": _base64url(n.n)} for name, n in numbers.items()]
    return json.dumps({"keys": told}).encode()


def _base64url(number):
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
