"""The generic sender: what `arus.toml` describes is understood, and a wrong description says what to write."""

import hashlib
import hmac
import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import sources
from pipeline.settings import Account, Settings, SettingsError
from pipeline.sources import SOURCES, Refused, Request, Untranslatable
from pipeline.sources.generic import paths
from schemas import times

DOC = (Path(__file__).parents[3] / "docs" / "generic-sender.md").read_text()
BODY = re.search(r"```json\n(.*?)```", DOC, re.DOTALL)[1].encode()
(DESCRIBED,) = tomllib.loads(re.search(r"```toml\n(.*?)```", DOC, re.DOTALL)[1])["accounts"]
SOURCE = SOURCES["generic"]
NOW = 1_800_000_000_000
SECRET = "5ec2e7c0ffee5ec2e7c0ffee"


def described(**changes):
    """The account of the documentation, changed: `proof__header="X"` lies in the table `proof`."""
    told = json.loads(json.dumps(DESCRIBED | {"secrets": [SECRET]}))
    for name, value in changes.items():
        *tables, last = name.split("__")
        inside = told
        for table in tables:
            inside = inside[table]
        if value is None:
            del inside[last]
        else:
            inside[last] = value
    return Account(**told)


def mistakes(**changes):
    try:
        sources.check(Settings(accounts=(described(**changes),)))
    except SettingsError as error:
        return str(error)
    return ""


@pytest.fixture
def tell(deliver):
    """Translates a body as the account of the documentation, changed, has it."""

    def tell(posted, **changes):
        raw = posted if isinstance(posted, bytes) else json.dumps(posted).encode()
        return sources.translate(deliver("generic", raw), described(**changes))

    return tell


def test_the_documentation_s_jne_is_understood(tell):
    """Each row is a scan of the parcel, with the sender's words and code, at its local time."""
    received, delivered = tell(BODY)
    assert mistakes() == ""
    assert (received.carrier, received.tracking_number, received.order_id) == ("jne", "8825112000001", "toko:1001")
    assert [event.milestone for event in (received, delivered)] == ["picked_up", "delivered"]
    assert delivered.occurred_at == times.parse("2026-11-25T14:02:00+07:00")
    assert (delivered.location, delivered.code) == ("BANDUNG", "D01")


def test_its_signature_is_what_the_description_says():
    """Made here by hand, it is believed; of another instant, body or secret, or too late, it is not."""
    stamp = str(NOW // 1_000)
    proof = hmac.new(SECRET.encode(), stamp.encode() + b"." + BODY, hashlib.sha256).hexdigest()
    request = Request(BODY, {"x-jne-signature": proof, "x-jne-timestamp": stamp}, received_at=NOW)
    SOURCE.scheme.verify(described(), request)
    later = {**request.headers, "x-jne-timestamp": str(NOW // 1_000 + 1)}
    for wrong, reason in (
        (request._replace(body=BODY + b" "), "bad_signature"),
        (request._replace(headers=later), "bad_signature"),
        (request._replace(headers={"x-jne-timestamp": stamp}), "missing_signature"),
        (request._replace(headers={"x-jne-signature": proof}), "missing_signature"),
        (request._replace(received_at=NOW + 301_000), "stale"),
    ):
        with pytest.raises(Refused) as refused:
            SOURCE.scheme.verify(described(), wrong)
        assert refused.value.reason == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"proof__encoding": "base64", "proof__digest": "sha512", "proof__before": "sha512="},
        {"proof__key": "hex", "proof__digest": "sha1"},
        {"proof__key": "base64", "proof__signed": "{url}|{timestamp}|{body}"},
        {"proof": {"scheme": "token", "header": "Authorization", "before": "Bearer "}},
        {"proof": {"scheme": "address", "parameter": "key"}},
        {"proof": {"scheme": "hmac", "header": "X-Sign"}},
    ],
)
def test_every_way_to_prove_is_believed_and_another_secret_is_not(changes):
    """Signature, token or address: what is made as described is taken, by either live secret."""
    url, owner = "https://hooks.example/webhooks/generic/jne", described(**changes)
    signed = SOURCE.scheme.sign(BODY, owner, NOW, url)
    request = Request(signed.body, {n.lower(): v for n, v in signed.headers.items()}, url, NOW, signed.query)
    SOURCE.scheme.verify(owner, request)
    SOURCE.scheme.verify(described(**changes, secrets=["0ddba11c0ddba11c", SECRET]), request)
    with pytest.raises(Refused):
        SOURCE.scheme.verify(described(**changes, secrets=["0ddba11c0ddba11c"]), request)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"proof": None}, "proof is missing: how it proves itself, such as proof = {"),
        ({"proof__scheme": "hmc"}, "proof.scheme: Input should be 'hmac', 'token' or 'address', not 'hmc'"),
        ({"proof__heder": "X"}, "proof.heder is nothing that is known; did you mean header?"),
        ({"proof__header": ""}, "proof: header is missing: scheme 'hmac' needs one, such as header = \"X-Signature\""),
        ({"proof__signed": "{timestamp}"}, "proof: signed must have {body} in it"),
        ({"proof__signed": "{body}"}, "proof: timestamp and {timestamp} belong together"),
        ({"proof__key": "hex", "secrets": ["zz"]}, "a secret is not written in hex, as proof.key says"),
        ({"fields__code": None}, 'fields.code is missing, such as code = "status.code"'),
        ({"fields__code": "a..b"}, "fields.code: 'a..b' is no path, such as $.data.awb"),
        ({"fields__code": "a[*]"}, "fields.code: 'a[*]' names many values; [*] belongs to rows alone"),
        ({"fields__tracking_number": None}, 'fields.tracking_number is missing, such as tracking_number = "awb"'),
        ({"fields__at_format": "%H:%M"}, "fields.at_format: '%H:%M' does not read a date with its year"),
        ({"codes__D01": "deliverd"}, "codes.D01: 'deliverd' is no scan's meaning; did you mean delivered?"),
        ({"codes__D01": 5}, "codes.D01: Input should be a valid string, not 5"),
        ({"rows": "history"}, "rows 'history' names one thing; each thing of a list is 'history[*]'"),
        ({"carrier": None}, 'carrier is missing: who carries the parcels, such as carrier = "jne"'),
        ({"zone": "WIB"}, "zone 'WIB' is none, such as Asia/Jakarta is"),
        ({"tells": "orders"}, "codes.RC1: 'picked_up' is no order's meaning; there are returned"),
        ({"fieldz": {}}, "fieldz is nothing that Generic sender needs"),
    ],
)
def test_a_wrong_description_names_account_key_and_remedy(changes, says):
    """One readable line, before anything starts."""
    told = mistakes(**changes)
    assert told.startswith("accounts.0 (generic/jne): ")
    assert says in told


def test_an_in_house_system_tells_statuses_of_orders(tell):
    """With `tells = "orders"` a code is a status; a body may be a form, and its instant seconds as text."""
    shop = {
        "tells": "orders",
        "body": "form",
        "rows": None,
        "fields": {"order": "no", "code": "state", "at": "time"},
        "codes": {"PAID": "new"},
    }
    (event,) = tell(b"no=1001&state=PAID&time=1800000000", **shop)
    assert (event.type, event.order_id, event.status) == ("status_reported", "toko:1001", "new")
    assert event.occurred_at == NOW
    assert mistakes(**shop) == ""
    assert "needs `seller`, and `orders`" in mistakes(**shop, orders="")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"history": 3}, "history[*] is no list"),
        ({"awb": None}, "history[0]: $.awb is missing"),
        ({"history": [{"date": "24-11-2026 09:15"}]}, "history[0]: code is missing"),
        (
            {"history": [{"date": "2026-11-24", "code": "X"}]},
            "history[0]: date is no time as %d-%m-%Y %H:%M writes one",
        ),
    ],
)
def test_a_value_that_is_wrong_is_named_by_its_path(tell, change, says):
    """The dead letter says where it lies."""
    with pytest.raises(Untranslatable) as told:
        tell(json.loads(BODY) | change)
    assert told.value.detail == says


def test_a_code_that_is_not_listed_is_unknown_and_keeps_its_words(tell):
    """So that it can be mapped later."""
    (event,) = tell({"awb": "1", "history": [{"date": "24-11-2026 09:15", "code": "U99", "desc": "HELD AT [X]"}]})
    assert (event.milestone, event.code, event.words) == ("unknown", "U99", "HELD AT [X]")


def test_scans_without_a_time_are_apart_by_their_webhooks(tell, deliver):
    """A code that comes twice is two scans; a retry of one webhook is one."""
    owner = described(fields__at=None)
    body = json.dumps({"awb": "1", "history": [{"code": "OP1"}]}).encode()
    ids = {sources.translate(deliver("generic", body, name), owner)[0].event_id for name in ("a", "b", "a")}
    assert len(ids) == 2


@given(text=st.text(max_size=12) | st.from_regex(r"\A\$?(\.?[a-z]{1,3}|\[(\*|-?[0-9])\]){0,5}\Z"))
def test_a_path_is_read_whole_or_not_at_all(text):
    """Whatever stands there; and whatever the body is, what does not lie there is None."""
    try:
        path = paths.parse(text)
    except ValueError:
        return
    for body in (None, [], {}, [[1]], {"a": [{"b": 1}]}, "text"):
        paths.each(body, path)
