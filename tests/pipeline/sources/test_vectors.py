"""Signatures that senders publish, or that follow from what they publish, with their secrets."""

import json
from pathlib import Path

import pytest

from pipeline.settings import Account
from pipeline.sources import SOURCES, Refused, Request

SAMPLES = Path(__file__).parent / "samples"
VECTORS = json.loads((SAMPLES / "vectors.json").read_text())
EXTRAS = {"tiktok_shop": ("app_key",), "lazada": ("app_key",)}


def body_of(vector):
    return vector["body"].encode() if "body" in vector else (SAMPLES / vector["body_file"]).read_bytes()


def request_of(vector, body=None):
    body = body or body_of(vector)
    header = vector.get("header", "").lower()
    told = {name.lower(): value for name, value in vector.get("headers", {}).items()}
    sent = {**({header: vector["expected"]} if header else {}), **told}
    wrap = getattr(SOURCES[vector["provider"]].scheme, "wrap", bytes)  # J&T posts a form
    received_at = vector.get("received_at", int(sent.get("webhook-timestamp", 0)) * 1_000)
    return Request(wrap(body), sent, received_at=received_at)


def account_of(vector, *secrets):
    extras = {name: vector[name] for name in EXTRAS.get(vector["provider"], ())}
    return Account(source=vector["provider"], name="a", secrets=secrets or (vector["secret"],), **extras)


every_vector = pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])


@every_vector
def test_the_published_signature_is_taken(vector):
    """A request with the published signature, body and secret is believed."""
    SOURCES[vector["provider"]].scheme.verify(account_of(vector), request_of(vector))


@pytest.mark.parametrize(
    "vector",
    [v for v in VECTORS if v["provider"] not in ("standard_webhooks", "svix", "stripe")],
    ids=lambda vector: vector["id"],
)
def test_the_published_signature_is_what_we_sign(vector):
    """Signing the published body gives the published signature (some sign an id or an instant, which are ours)."""
    source, request = SOURCES[vector["provider"]], request_of(vector)
    signed = source.scheme.sign(body_of(vector), account_of(vector), request.received_at)
    body = json.loads(signed.body) if not signed.headers else {}
    inside = body.get("signature_key") or body.get("additionalData", {}).get("hmacSignature")
    assert vector["expected"] in (inside or next(iter(signed.headers.values())))


@every_vector
def test_one_other_byte_is_refused(vector):
    """The same signature over a body that differs where it counts is refused."""
    original = body_of(vector)
    counts = {"midtrans": (b'"1111"', b'"1112"'), "adyen": (b'"true"', b'"false"')}.get(vector["provider"])
    changed = original.replace(*counts) if counts else original + b" "
    assert changed != original
    with pytest.raises(Refused) as refused:
        SOURCES[vector["provider"]].scheme.verify(account_of(vector), request_of(vector, changed))
    assert refused.value.reason == "bad_signature"


@every_vector
def test_another_secret_is_refused(vector):
    """The published request is refused by an account that has other secrets."""
    with pytest.raises(Refused):
        SOURCES[vector["provider"]].scheme.verify(account_of(vector, "0ddba11c", "c0ffee5ec2e7"), request_of(vector))


@every_vector
def test_while_secrets_change_both_are_taken(vector):
    """During a rotation the old secret proves as well as the new one, wherever it stands in the list."""
    for secrets in (("0ddba11c", vector["secret"]), (vector["secret"], "0ddba11c")):
        SOURCES[vector["provider"]].scheme.verify(account_of(vector, *secrets), request_of(vector))
