"""The verdict over the Stream page: the worst that is known, in one word."""

import pytest

from analytics.gateways import Trouble
from analytics.monitor import Standing, View
from analytics.pages.operators.lag import verdict

SILENT = Trouble("silent", gateway="gateway-1:8600", since=0)
REJECTED = Trouble("bad_signature", source="xendit", account="kopi", webhooks=3)
QUIET = Trouble("quiet", source="shopee", account="kopi", since=0)


def view(word: str) -> View:
    standing = Standing("g", "t", 0, "worker-1", 5, 5, 0, 0, 0, 0.0, 0.0, word, None, ())
    return View(at=1, standings=(standing,))


@pytest.mark.parametrize(
    ("lag", "troubles", "word", "tone"),
    [
        ("ok", [], "ok", "good"),
        ("ok", [REJECTED], "rejecting", "warn"),
        ("catching_up", [REJECTED], "rejecting", "warn"),
        ("ok", [SILENT, REJECTED], "gateway_silent", "bad"),
        ("stalled", [SILENT, REJECTED], "stalled", "bad"),
        ("ok", [QUIET], "sender_silent", "warn"),
        ("ok", [REJECTED, QUIET], "rejecting", "warn"),
    ],
)
def test_trouble_at_the_gateways_gives_the_word_where_nothing_is_worse(lag, troubles, word, tone):
    """Lag that somebody must mend keeps the word; the troubles are listed in any case."""
    said = verdict(view(lag), 9, troubles)
    assert (said["word"], said["tone"], said["troubles"]) == (word, tone, troubles)


def test_a_silent_kafka_is_said_before_what_it_makes_gateways_reject():
    """Webhooks are turned away because of it."""
    assert verdict(view("ok")._replace(silent_since=5), 9, [REJECTED])["word"] == "silent"
