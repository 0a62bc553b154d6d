"""What operators read of the senders that are asked."""

import time

import pytest

from pipeline import doctor
from pipeline.completion import standing
from pipeline.completion.standing import FRESH, Standing
from pipeline.settings import Settings

NOW = 1_800_000_000_000


def told(at=NOW, why=""):
    return Standing("tiktok_shop/main", 3, "open" if why else "closed", why, 0, 0, at)


def test_what_a_process_left_behind_that_has_ended_is_not_believed(tmp_path):
    """Only what was told within the last minute counts."""
    assert standing.read(tmp_path, NOW) == []
    standing.write(tmp_path, [told()])
    assert standing.read(tmp_path, NOW + FRESH - 1) == [told()]
    assert standing.read(tmp_path, NOW + FRESH) == []


@pytest.fixture
def asked(tmp_path, owner):
    """Gives what `arus doctor` says of the senders that are asked."""
    settings = Settings(home=tmp_path, accounts=(owner(),))
    return lambda: next(finding for finding in doctor.findings(settings) if finding.what == "asked")


def test_doctor_says_that_nobody_asks(asked):
    """Credentials without a process that uses them are a warning, with the command that mends it."""
    assert asked().verdict == "WARN"
    assert "arus complete" in asked().detail


def test_doctor_says_why_a_sender_is_not_asked(asked, tmp_path):
    """The account, the remedy and how many questions wait."""
    now = time.time_ns() // 1_000_000
    standing.write(tmp_path, [told(now, "set its refresh token")])
    assert asked()[1:] == ("ERR", "tiktok_shop/main: set its refresh token (3 questions wait)")
    standing.write(tmp_path, [told(now)])
    assert asked().verdict == "OK"


def test_no_credentials_are_no_trouble(tmp_path):
    """Thin facts count without any."""
    (finding,) = (found for found in doctor.findings(Settings(home=tmp_path)) if found.what == "asked")
    assert finding.verdict == "OK"
