"""Standard Webhooks and Svix by ed25519: whoever checks needs the public key alone."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pipeline import sources
from pipeline.settings import Settings, SettingsError
from pipeline.sources import SOURCES, CannotSign, Refused, Request

NOW = 1_800_000_000_000
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")  # RFC 8032, 7.1, test 1
KEY = Ed25519PrivateKey.from_private_bytes(SEED)


def written(prefix, raw):
    return prefix + base64.b64encode(raw).decode()


PRIVATE, PUBLIC = written("whsk_", SEED), written("whpk_", KEY.public_key().public_bytes_raw())
OTHER = written("whpk_", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
BODY = b'{"type": "order.confirmed"}'
both = pytest.mark.parametrize("name", ["standard_webhooks", "svix"])


def sent(name, owner, body=BODY):
    signed = SOURCES[name].scheme.sign(body, owner, NOW)
    return Request(signed.body, signed.headers, received_at=NOW)


@both
def test_a_public_key_proves_what_the_private_one_signed(name, account):
    """The signature says its version, and is of the same text as the other's."""
    request = sent(name, account(name, secrets=(PRIVATE,)))
    proof = next(value for header, value in request.headers.items() if header.endswith("-signature"))
    stamp = next(value for header, value in request.headers.items() if header.endswith("-timestamp"))
    told = next(value for header, value in request.headers.items() if header.endswith("-id"))
    KEY.public_key().verify(base64.b64decode(proof.removeprefix("v1a,")), f"{told}.{stamp}.".encode() + BODY)
    SOURCES[name].scheme.verify(account(name, secrets=(PUBLIC,)), request)


@both
def test_another_key_body_or_kind_of_secret_is_refused(name, account):
    """Nothing but the key's own signature proves anything."""
    request, verify = sent(name, account(name, secrets=(PRIVATE,))), SOURCES[name].scheme.verify
    for secrets, changed in (((OTHER,), request), ((PUBLIC,), request._replace(body=b"{}")), (("c2VjcmV0",), request)):
        with pytest.raises(Refused) as refused:
            verify(account(name, secrets=secrets), changed)
        assert refused.value.reason == "bad_signature"


@both
def test_a_key_is_no_shared_secret(name, account):
    """Who knows the public key cannot sign with it as if both sides shared it."""
    owner = account(name, secrets=(PUBLIC.removeprefix("whpk_"),))
    forged = sent(name, owner)
    with pytest.raises(Refused):
        SOURCES[name].scheme.verify(account(name, secrets=(PUBLIC,)), forged)


@both
def test_while_a_sender_changes_to_keys_both_are_believed(name, account):
    """The old shared secret and the new key, or two keys."""
    old, new = account(name, secrets=("c2VjcmV0",)), account(name, secrets=(PRIVATE,))
    for secrets in ((PUBLIC, "c2VjcmV0"), (OTHER, "c2VjcmV0", PUBLIC)):
        for sender in (old, new):
            SOURCES[name].scheme.verify(account(name, secrets=secrets), sent(name, sender))


def test_a_private_key_may_have_its_public_half_behind_it(account):
    """64 bytes, as some libraries write one."""
    pair = written("whsk_", SEED + KEY.public_key().public_bytes_raw())
    SOURCES["svix"].scheme.verify(account("svix", secrets=(PUBLIC,)), sent("svix", account("svix", secrets=(pair,))))


def test_a_public_key_signs_nothing(account):
    """An account with one is right, though nobody can sign for it."""
    owner = account("standard_webhooks", secrets=(PUBLIC,))
    sources.check(Settings(accounts=(owner,)))
    with pytest.raises(CannotSign):
        SOURCES["standard_webhooks"].scheme.sign(BODY, owner, NOW)


@pytest.mark.parametrize("secret", ["whpk_", "whpk_c2VjcmV0", "whsk_?", "whpk_é"])
def test_a_key_that_is_none_is_said(account, secret):
    """What is wrong is said, and the secret is not."""
    with pytest.raises(SettingsError, match="an ed25519 key of Standard Webhooks is whpk_") as told:
        sources.check(Settings(accounts=(account("standard_webhooks", secrets=(secret,)),)))
    assert secret not in str(told.value).replace("whpk_ (public)", "") or secret == "whpk_"


@pytest.mark.parametrize("proof", ["v1a,", "v1a,AAAA", "v1a,?", "v1a,é", "v1a," + "A" * 86 + "=="])
def test_what_is_no_signature_is_refused(account, proof):
    """Whatever stands there, nothing but a refusal comes of it."""
    owner = account("svix", secrets=(PUBLIC,))
    told = {"svix-id": "m", "svix-timestamp": str(NOW // 1_000), "svix-signature": proof}
    with pytest.raises(Refused):
        SOURCES["svix"].scheme.verify(owner, Request(BODY, told, received_at=NOW))


@both
def test_no_more_than_ten_signatures_are_looked_at(name, account):
    """Each costs a pass over the body, and whoever sends them has proved nothing yet."""
    owner, request = account(name, secrets=(PUBLIC,)), sent(name, account(name, secrets=(PRIVATE,)))
    header = next(header for header in request.headers if header.endswith("-signature"))
    strange = written("v1a,", bytes(64))

    def verify(before: int) -> None:
        proofs = " ".join([*[strange] * before, request.headers[header]])
        SOURCES[name].scheme.verify(owner, request._replace(headers={**request.headers, header: proofs}))

    verify(before=9)
    with pytest.raises(Refused):
        verify(before=10)
