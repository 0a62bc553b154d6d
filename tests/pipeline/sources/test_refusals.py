"""One test for each way to be refused, and that nothing but a proof is believed."""

import base64
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources import SOURCES, Refused, Request

NOW = 1_800_000_000_000
URL = "https://hooks.example/webhooks"
BODY = b'{"order_id": "1", "status_code": "200", "gross_amount": "10000.00", "event": "x"}'


def sent(source, account, body=BODY, at=NOW):
    signed = source.scheme.sign(body, account, at, URL)
    headers = {name.lower(): value for name, value in signed.headers.items()}
    return Request(signed.body, headers, URL, NOW, signed.query)


def why(source, account, request):
    with pytest.raises(Refused) as refused:
        source.scheme.verify(account, request)
    return refused.value.reason


def test_what_we_sign_is_believed(source, account):
    """A request signed for an account is believed by that account."""
    source.scheme.verify(account(source.id), sent(source, account(source.id)))


def test_a_signature_of_another_account_is_refused(source, account, other_secret):
    """An account's request is refused by an account with another secret."""
    other = account(source.id, secrets=(other_secret(source.id),))
    assert why(source, account(source.id), sent(source, other)) == "bad_signature"


def test_a_request_without_its_proof_is_refused(source, account):
    """Without the header, or the field of the body, that proves it, a request is refused."""
    if not sent(source, account(source.id)).headers:
        assert why(source, account(source.id), Request(BODY)) == "missing_signature"
    else:
        request = sent(source, account(source.id))
        assert why(source, account(source.id), request._replace(headers={})) == "missing_signature"


def test_a_proof_that_is_there_twice_is_refused(source, account):
    """Of two headers nobody can say which one counts, not even if both prove the request."""
    request = sent(source, account(source.id))
    for header in request.headers:
        doubled = {**request.headers, header: "\n".join([request.headers[header]] * 2)}
        assert why(source, account(source.id), request._replace(headers=doubled)) == "bad_signature"
    if request.query:
        twice = request._replace(query=f"{request.query}&{request.query}")
        assert why(source, account(source.id), twice) == "bad_signature"


def test_while_secrets_change_both_are_believed(source, account, other_secret):
    """What either of two live secrets proves is believed."""
    old, new = account(source.id), account(source.id, secrets=(other_secret(source.id),))
    both = account(source.id, secrets=(*new.live_secrets(), *old.live_secrets()))
    for one in (old, new):
        source.scheme.verify(both, sent(source, one))


BESIDE = {
    *("biteship", "xendit", "shipper_id", "kiriminaja", "easyparcel", "shiprocket", "trackingmore", "dhl", "ups"),
    "cloudevents",
}
"""Senders whose proof is a secret beside the body: it is the same for any body."""

FIELDS = {"adyen"}
"""Senders who sign some fields of the body and not the others."""


def test_one_changed_byte_is_refused(source, account):
    """What was signed is believed as it was signed, to the byte."""
    request = sent(source, account(source.id))
    changed = request._replace(body=request.body.replace(b'"1"', b'"2"').replace(b"%221%22", b"%222%22"))
    if source.id in BESIDE | FIELDS:
        source.scheme.verify(account(source.id), changed)
    else:
        assert why(source, account(source.id), changed) == "bad_signature"


def test_an_empty_proof_is_refused(source, account):
    """An empty header proves nothing, not even to an account whose secret were empty."""
    request = sent(source, account(source.id))
    empty = request._replace(headers=dict.fromkeys(request.headers, ""), body=BODY, query="token=")
    assert why(source, account(source.id), empty) == "missing_signature"


@given(proof=st.text(max_size=100))
def test_no_other_text_proves_anything(account, proof):
    """Whatever stands where the proof should be, nothing but a refusal comes of it."""
    for source in SOURCES.values():
        owner = account(source.id)
        request = sent(source, owner)
        signed = json.dumps({**json.loads(BODY), "signature_key": proof, "auth": proof}).encode()
        told = {"headers": dict.fromkeys(request.headers, proof), "query": urlencode({"token": proof})}
        forged = request._replace(body=signed, **told)
        with pytest.raises(Refused):
            source.scheme.verify(owner, forged)


def test_a_signature_in_capitals_is_another(account):
    """A hexadecimal signature is compared as it is written."""
    source = SOURCES["tiktok_shop"]
    request = sent(source, account("tiktok_shop"))
    shouted = {"authorization": request.headers["authorization"].upper()}
    assert why(source, account("tiktok_shop"), request._replace(headers=shouted)) == "bad_signature"


def test_shopee_signs_the_address(account):
    """A push that was signed for another address is refused; without `url` the address of the request counts."""
    source, owner = SOURCES["shopee"], account("shopee", url="")
    request = sent(source, owner)
    source.scheme.verify(owner, request)
    assert why(source, owner, request._replace(url=URL + "/")) == "bad_signature"


def test_tiktok_signs_the_app_key(account):
    """A webhook of another app with the same secret is refused."""
    source = SOURCES["tiktok_shop"]
    other = account("tiktok_shop", app_key="another")
    assert why(source, account("tiktok_shop"), sent(source, other)) == "bad_signature"


def test_easypost_normalises_its_secret(account):
    """A secret with an accent is the same however it is composed."""
    source = SOURCES["easypost"]
    request = sent(source, account("easypost", secrets=("s\u00e9cret",)))
    source.scheme.verify(account("easypost", secrets=("se\u0301cret",)), request)


def test_biteship_s_secret_is_in_the_header_that_the_account_names(account):
    """The secret in another header than the one that was agreed proves nothing."""
    source, owner = SOURCES["biteship"], account("biteship")
    request = sent(source, owner)
    assert set(request.headers) == {"x-biteship-secret"}
    moved = request._replace(headers={"x-other": request.headers["x-biteship-secret"]})
    assert why(source, owner, moved) == "missing_signature"


def test_midtrans_signs_the_literal_amount(account):
    """An amount that is a number, or written otherwise, is not what was signed."""
    source, owner = SOURCES["midtrans"], account("midtrans")
    value = json.loads(sent(source, owner).body)
    for amount in (10000.0, "10000", "10000.000"):
        body = json.dumps({**value, "gross_amount": amount}).encode()
        assert why(source, owner, Request(body)) == "bad_signature"


def test_midtrans_body_that_cannot_be_read_has_no_signature(account):
    """A body without the signature that must lie in it is refused, and says that it cannot be read."""
    source, owner = SOURCES["midtrans"], account("midtrans")
    for body in (b"", b"{", b"[]", b"\xff"):
        assert why(source, owner, Request(body)) == "unreadable"


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_within_the_window_a_webhook_is_believed(account, minutes):
    """Standard Webhooks' timestamp may be up to five minutes off, both ways."""
    source, owner = SOURCES["standard_webhooks"], account("standard_webhooks")
    source.scheme.verify(owner, sent(source, owner, at=NOW + minutes * 60_000))


@pytest.mark.parametrize("seconds", [-301, 301])
def test_outside_the_window_a_webhook_is_stale(account, seconds):
    """A captured webhook cannot be sent again later; nor can one from the future."""
    source, owner = SOURCES["standard_webhooks"], account("standard_webhooks")
    assert why(source, owner, sent(source, owner, at=NOW + seconds * 1_000)) == "stale"


def test_a_newer_timestamp_needs_a_newer_signature(account):
    """The timestamp and the id are signed: neither can be changed."""
    source, owner = SOURCES["standard_webhooks"], account("standard_webhooks")
    request = sent(source, owner, at=NOW - 3_600_000)
    for header, value in (("webhook-timestamp", str(NOW // 1_000)), ("webhook-id", "msg_other")):
        forged = request._replace(headers={**request.headers, header: value})
        assert why(source, owner, forged) == "bad_signature"


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_of_the_specification_is_needed(account, header):
    """Without its id, timestamp or signature a standard webhook is refused."""
    source, owner = SOURCES["standard_webhooks"], account("standard_webhooks")
    request = sent(source, owner)
    rest = {name: value for name, value in request.headers.items() if name != header}
    assert why(source, owner, request._replace(headers=rest)) == "missing_signature"


def test_one_of_several_signatures_is_enough(account):
    """A sender that changes its secret signs with both; signatures of other versions are passed over."""
    source, owner = SOURCES["standard_webhooks"], account("standard_webhooks")
    request = sent(source, owner)
    several = f"v1a,AAAA v1,bm9uZQ== {request.headers['webhook-signature']} v2,x"
    source.scheme.verify(owner, request._replace(headers={**request.headers, "webhook-signature": several}))


WINDOWS = {"stripe-signature": (300, 1_000), "shippo-auth-signature": (60, 60_000)}
"""Header with a signed instant → how far that may be off, and in what: Stripe's five minutes; Shippo names none."""


@pytest.mark.parametrize(
    ("header", "off", "stale"),
    [
        (header, sign * (window + over) * unit, bool(over))
        for header, (window, unit) in WINDOWS.items()
        for sign in (-1, 1)
        for over in (0, 1)
    ],
)
def test_a_signed_instant_may_be_only_so_far_off(account, header, off, stale):
    """A captured webhook cannot be sent again later; nor can its instant be changed, as it is signed."""
    name = header.partition("-")[0]
    source, owner = SOURCES[name], account(name)
    request = sent(source, owner, at=NOW + off)
    if stale:
        assert why(source, owner, request) == "stale"
    else:
        source.scheme.verify(owner, request)
    other = request.headers[header].replace("t=1", "t=2")
    assert why(source, owner, request._replace(headers={header: other})) == "bad_signature"


def test_stripe_may_sign_with_two_secrets_and_v0_is_nothing(account):
    """One v1 of several is enough while a secret changes; a signature of the old version alone proves nothing."""
    source, owner = SOURCES["stripe"], account("stripe")
    request = sent(source, owner)
    proof = request.headers["stripe-signature"]
    several = proof.replace(",v1=", ",v1=00ff,v0=aa,v1=")
    source.scheme.verify(owner, request._replace(headers={"stripe-signature": several}))
    old = request._replace(headers={"stripe-signature": proof.replace("v1=", "v0=")})
    assert why(source, owner, old) == "bad_signature"


def test_an_asymmetric_signature_alone_is_refused(account):
    """A signature of a version that the account has no key for proves nothing."""
    source, owner = SOURCES["standard_webhooks"], account("standard_webhooks")
    request = sent(source, owner)
    other = {**request.headers, "webhook-signature": request.headers["webhook-signature"].replace("v1,", "v1a,")}
    assert why(source, owner, request._replace(headers=other)) == "bad_signature"


def test_what_proves_a_request_is_never_kept(source):
    """No header that carries a secret or a signature is among those that travel with a delivery."""
    proofs = {"authorization", "cookie", *source.scheme.headers}
    assert not proofs & {"content-type", "user-agent", *source.kept_headers}


def test_a_wrong_signature_is_not_mended_by_a_token(account):
    """Who signs is believed by the signature alone; a secret in the address counts only where none is given."""
    source, owner = SOURCES["shippo"], account("shippo")
    request = sent(source, owner)._replace(query=f"token={owner.live_secrets()[0]}")
    source.scheme.verify(owner, request._replace(headers={}))
    assert why(source, owner, request._replace(body=b"{}")) == "bad_signature"


def test_fedex_may_write_its_signature_in_either_way(account):
    """Base64 and hexadecimal are both taken; hexadecimal in capitals is neither."""
    source, owner = SOURCES["fedex"], account("fedex")
    request = sent(source, owner)
    hexadecimal = base64.b64decode(request.headers["fdx-signature"]).hex()
    source.scheme.verify(owner, request._replace(headers={"fdx-signature": hexadecimal}))
    assert why(source, owner, request._replace(headers={"fdx-signature": hexadecimal.upper()})) == "bad_signature"


def test_ups_may_send_its_secret_in_either_header(account):
    """Version 1 has a header for it, version 2 a bearer token; a token of another scheme is none."""
    source, owner = SOURCES["ups"], account("ups")
    secret = owner.live_secrets()[0]
    source.scheme.verify(owner, Request(BODY, {"authorization": f"Bearer {secret}"}))
    assert why(source, owner, Request(BODY, {"authorization": secret})) == "bad_signature"
    assert why(source, owner, Request(BODY, {"credential": f"Bearer {secret}"})) == "bad_signature"


def test_shipper_s_auth_is_of_one_address(account):
    """`auth` for another address is refused; `url` says the address where a proxy changes it."""
    source, owner = SOURCES["shipper_id"], account("shipper_id")
    request = sent(source, owner)
    assert why(source, owner, request._replace(url=URL + "/")) == "bad_signature"
    source.scheme.verify(account("shipper_id", url=URL), request._replace(url="http://inside/"))


@pytest.mark.parametrize("body", [b"", b"{}", b"bizContent=", b"other=1", b"bizContent=1&bizContent=2", b"&" * 99])
def test_j_t_s_body_must_be_its_form(account, body):
    """Without one field `bizContent` there is nothing that a digest could be of."""
    source, owner = SOURCES["jnt"], account("jnt")
    assert why(source, owner, Request(body, {"digest": "x"})) == "unreadable"


def test_j_t_signs_the_text_inside_the_form(account):
    """Letters beyond ASCII are signed as they are after the form is read, however the form writes them."""
    source, owner = SOURCES["jnt"], account("jnt")
    request = sent(source, owner, '{"billCode": "Jalpan, Querétaro"}'.encode())
    source.scheme.verify(owner, request)
    raw = request.body.replace(b"%C3%A9", "é".encode())
    source.scheme.verify(owner, request._replace(body=raw))
