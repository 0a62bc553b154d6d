"""A saved request, judged step by step: what would become of it, and if it proves nothing, what would."""

import pytest

from pipeline.settings import Gateway, Settings, SettingsError
from pipeline.sources import SOURCES
from pipeline.sources.trying import check_request, fill

NOW = 1_800_000_000_000
DAY = 86_400_000
URL = "https://hooks.example"


@pytest.fixture
def saved(account):
    """Writes a request as its sender would send it: `saved("ninjavan")`."""

    def saved(source, *, body=None, at=NOW, owner=None, end=b"\r\n"):
        path = f"/webhooks/{source}/main"
        told = body or fill(SOURCES[source].sample, "4711", at)
        signed = SOURCES[source].scheme.sign(told, owner or account(source), at, URL + path)
        lines = [f"POST {path}?{signed.query} HTTP/1.1", "Host: hooks.example", f"Content-Length: {len(signed.body)}"]
        lines += [f"{name}: {value}" for name, value in signed.headers.items()]
        return end.join(line.encode() for line in lines) + end * 2 + signed.body

    return saved


@pytest.fixture
def check(account):
    """Checks a request and gives each step as (step, verdict) and all details as one text."""

    def check(source, raw, *owners, now=NOW, **said):
        settings = Settings(accounts=owners or (account(source, **said),), gateway=Gateway(public_url=URL))
        steps = list(check_request(settings, source, raw, now=now))
        return [(step.step, step.verdict) for step in steps], "\n".join(step.detail for step in steps)

    return check


def test_every_sender_s_request_is_judged_to_the_end(source, saved, check):
    """Proved, answered and understood, whoever sent it, by line ends of either kind."""
    for end in (b"\r\n", b"\n"):
        steps, told = check(source.id, saved(source.id, end=end), orders="toko")
        assert ("compared", "ok") in steps
        assert steps[-1] == ("understood", "ok")
        assert "4711" in told


def test_an_old_request_counts_as_of_its_own_instant(saved, check):
    """Who saves a request looks at it later: that it is stale by now is a hint, and the rest is judged."""
    for source in ("standard_webhooks", "stripe"):
        steps, told = check(source, saved(source), now=NOW + 30 * DAY)
        assert ("instant", "hint") in steps
        assert steps[-1] == ("understood", "ok")
        assert "it was sent 2027-01-15T08:00:00.000Z" in told


def test_a_wrong_secret_says_whose_it_is(saved, check, account):
    """What would prove it is told: another account's secret, or the same one without the blanks around it."""
    other = account("ninjavan", secrets=("0ddba11c0ddba11c",), name="other")
    steps, told = check("ninjavan", saved("ninjavan", owner=other), account("ninjavan"), other)
    assert steps[-1] == ("answer", "failed")
    assert "bad_signature" in told
    assert "it would be proved by the secret of the account other" in told
    spoilt = account("ninjavan", secrets=("5ec2e7c0ffee5ec2e7c0ffee ",))
    assert "without blanks or quotes" in check("ninjavan", saved("ninjavan"), spoilt)[1]


def test_what_an_editor_did_to_the_body_is_found(saved, check):
    """A new line at the end is cut by Content-Length; without one it is found as the cause."""
    raw = saved("ninjavan")
    assert check("ninjavan", raw + b"\n")[0][-1] == ("understood", "ok")
    spoilt = raw.replace(b"Content-Length", b"X-Length") + b"\n"
    assert "without the white space at the end of the body" in check("ninjavan", spoilt)[1]


def test_a_dead_letter_and_an_unmapped_code_are_told(saved, check):
    """It is answered 2xx and kept all the same; an unknown code is a hint."""
    steps, told = check("ninjavan", saved("ninjavan", body=b'{"event": "x"}'))
    assert steps[-1] == ("understood", "failed")
    assert "a dead letter: invalid: tracking_id is missing" in told
    strange = b'{"tracking_id":"1","timestamp":"2026-11-24T10:00:00+0700","event":"Teleported"}'
    assert check("ninjavan", saved("ninjavan", body=strange))[0][-1] == ("understood", "hint")


def test_nothing_that_is_told_is_a_secret(source, saved, check, account):
    """The steps may be pasted into a ticket."""
    _, told = check(source.id, saved(source.id))
    for secret in account(source.id).live_secrets():
        assert secret not in told


@pytest.mark.parametrize("raw", [b"", b"{}", b"POST /x\n\n", b"POST /x HTTP/1.1\nno header\n\n{}"])
def test_a_file_that_is_no_request_says_what_one_is(check, raw):
    """With the line that it begins with, or the line that is wrong."""
    with pytest.raises(ValueError, match=r"is no HTTP request|is no header"):
        check("ninjavan", raw)


def test_an_account_that_is_not_there_is_said(saved, check, account):
    """With those that there are."""
    with pytest.raises(SettingsError, match=r"which account of ninjavan\? --account is one of a, b"):
        check("ninjavan", saved("ninjavan"), account("ninjavan", name="a"), account("ninjavan", name="b"))
    with pytest.raises(SettingsError, match="no account of midtrans is set up"):
        check("midtrans", saved("midtrans"), account("ninjavan"))
