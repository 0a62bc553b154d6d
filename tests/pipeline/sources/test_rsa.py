"""Signatures by a sender's own key: which keys are believed, for how long, and what a set of keys must be."""

import json
from itertools import count

import pytest

from pipeline.settings import Account
from pipeline.sources import CannotSign, Refused, Request
from pipeline.sources.rsa import FRESH, KeysWanted, Rsa, public_key
from tests import keys

NOW = 1_800_000_000_000
URL = "https://keys.example/jwks"
NOBODY = Account(source="shipstation", name="main")
HOLDER = Account(source="shipstation", name="main", secrets=(keys.NEW,))


@pytest.fixture
def scheme():
    return Rsa("signature", "key", "instant", URL)


def sent(scheme, name="pinned", at=NOW):
    signed = scheme.sign(b"{}", HOLDER, at)
    return Request(signed.body, {**signed.headers, "key": name}, received_at=NOW)


def test_an_unknown_key_is_wanted_and_then_believed(scheme):
    """Until the set is known its address is told; then the key of that name proves, and no other of the set."""
    with pytest.raises(KeysWanted) as wanted:
        scheme.verify(NOBODY, sent(scheme))
    assert wanted.value.url == URL
    scheme.learn(URL, keys.jwks(pinned=keys.NEW, other=keys.OLD), NOW)
    scheme.verify(NOBODY, sent(scheme))
    with pytest.raises(Refused, match="of another body or key"):
        scheme.verify(NOBODY, sent(scheme, "other"))
    with pytest.raises(KeysWanted):
        scheme.verify(NOBODY, sent(scheme, "newer"))


def test_a_set_grows_old(scheme):
    """After an hour the set is looked at again, so that a key that was withdrawn proves nothing; or it is kept on."""
    scheme.learn(URL, keys.jwks(pinned=keys.NEW), NOW - FRESH - 1)
    with pytest.raises(KeysWanted):
        scheme.verify(NOBODY, sent(scheme))
    assert scheme.keep(URL, NOW)
    scheme.verify(NOBODY, sent(scheme))
    scheme.learn(URL, keys.jwks(other=keys.OLD), NOW)
    with pytest.raises(KeysWanted):
        scheme.verify(NOBODY, sent(scheme))
    assert not scheme.keep("https://elsewhere.example", NOW)


def test_an_account_may_pin_its_keys(scheme):
    """With keys as secrets nothing is fetched, whatever name the signature gives."""
    scheme.verify(Account(source="shipstation", name="main", secrets=(keys.public(keys.NEW),)), sent(scheme, "any"))
    with pytest.raises(Refused, match="of another body or key"):
        scheme.verify(Account(source="shipstation", name="main", secrets=(keys.OLD,)), sent(scheme))


@pytest.mark.parametrize(("seconds", "stale"), [(-300, False), (300, False), (-301, True), (301, True)])
def test_the_instant_may_be_five_minutes_off(scheme, seconds, stale):
    """A captured webhook cannot be sent again later, and nothing is fetched for it; nor can its instant be changed."""
    request = sent(scheme, at=NOW + seconds * 1_000)
    if stale:
        with pytest.raises(Refused) as refused:
            scheme.verify(NOBODY, request)
        assert refused.value.reason == "stale"
    else:
        scheme.verify(HOLDER, request)
        with pytest.raises(Refused, match="of another body or key"):
            scheme.verify(HOLDER, request._replace(headers={**request.headers, "instant": "2027-01-15T08:00:01Z"}))


@pytest.mark.parametrize("header", ["signature", "key", "instant"])
def test_each_header_is_needed(scheme, header):
    """Without signature, name of the key or instant nothing is proved."""
    request = sent(scheme)
    rest = {name: value for name, value in request.headers.items() if name != header}
    with pytest.raises(Refused) as refused:
        scheme.verify(HOLDER, request._replace(headers=rest))
    assert refused.value.reason == "missing_signature"


@pytest.mark.parametrize("instant", ["yesterday", "1800000000", "\u0661\u0662", "9" * 500])
def test_an_instant_that_is_none_is_stale(scheme, instant):
    """What is no time in ISO 8601 is no time here."""
    with pytest.raises(Refused) as refused:
        scheme.verify(HOLDER, sent(scheme)._replace(headers={**sent(scheme).headers, "instant": instant}))
    assert refused.value.reason == "stale"


def test_a_signature_in_another_encoding_is_refused(scheme):
    """It is base64; the same bytes in hexadecimal prove nothing."""
    request = sent(scheme)
    written = keys.KEYS[0].sign(b"x", *keys.SCHEME).hex()
    for wrong in (written, "=", "\xe9", "not base64!"):
        with pytest.raises(Refused, match="of another body or key"):
            scheme.verify(HOLDER, request._replace(headers={**request.headers, "signature": wrong}))


def test_who_has_no_private_key_cannot_sign(scheme):
    """A public key, or none, checks signatures and makes none."""
    for secrets in ((), (keys.public(keys.NEW),)):
        with pytest.raises(CannotSign):
            scheme.sign(b"{}", Account(source="shipstation", name="main", secrets=secrets), NOW)


@pytest.mark.parametrize(
    "secret", ["", "c2VjcmV0", keys.SMALL, keys.ELLIPTIC], ids=["empty", "no_pem", "small", "elliptic"]
)
def test_a_key_that_is_none_or_too_small_is_said(secret):
    """A key is RSA, in PEM, and of 2,048 bits or more."""
    with pytest.raises(ValueError, match="RSA key"):
        public_key(secret)


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b"{}", b'{"keys": {}}', b'{"keys": []}', b'{"keys": [1, {"kty": "EC", "kid": "a"}]}',
     b'{"keys": [{"kty": "RSA", "kid": "a"}]}', b'{"keys": [{"kty": "RSA", "kid": "a", "e": "AQAB", "n": "AQAB"}]}',
     b'{"keys": [{"kty": "RSA", "kid": "a", "e": "AQAB", "n": "\xc3\xa9"}]}', keys.jwks(a=keys.SMALL)],
    ids=count(),
)  # fmt: skip
def test_what_is_no_set_of_keys_changes_nothing(scheme, document):
    """A document that is none is an error, and the keys before it are still believed."""
    scheme.learn(URL, keys.jwks(pinned=keys.NEW), NOW)
    with pytest.raises(ValueError, match=r".+"):
        scheme.learn(URL, document, NOW)
    scheme.verify(NOBODY, sent(scheme))


def test_keys_of_other_kinds_in_a_set_are_passed_over(scheme):
    """A sender may publish keys that we have no use for beside those that sign its webhooks."""
    told = json.loads(keys.jwks(pinned=keys.NEW))
    told["keys"] += [{"kty": "EC", "kid": "pinned-too"}, "x"]
    scheme.learn(URL, json.dumps(told).encode(), NOW)
    scheme.verify(NOBODY, sent(scheme))
