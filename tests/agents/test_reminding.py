"""Promises: clocks kept up from snapshots, rung with no event; the agent as a worker runs it."""

from typing import get_args

import msgspec
import pytest

from agents.reminding import reminding_agent
from pipeline import codec
from pipeline.sections import Policy
from pipeline.settings import Settings, SettingsError, load
from pipeline.streams import testing
from pipeline.streams.testing import Given, Outcome
from schemas.events import Event
from schemas.notices import Notice
from schemas.promises import PROMISES
from schemas.times import DAY, HOUR, MINUTE, parse
from tests.agents.events import ORDER, START, order_of, tell

KEY = ORDER.encode()
PLACED, PAID, GONE = tell("order_placed"), tell("payment_paid", 1), tell("order_cancelled", 2)


@pytest.fixture
def remind(demo_settings: Settings):
    """The agent with the settings that there are by default."""
    return reminding_agent(demo_settings)


def snapshot(*events: Event, hours: float = 0) -> Given:
    """Gives the record that tracking wrote so many hours after START."""
    return Given(KEY, codec.encode(order_of(*events)), timestamp=START + round(hours * HOUR))


def notices(outcome: Outcome) -> list[Notice]:
    return [msgspec.json.decode(message.value, type=Notice) for message in outcome.messages]


def test_a_snapshot_sets_the_clocks_and_time_rings_them(remind):
    """Half of the time to pay is over: the buyer hears of it, and nobody a second time."""
    rows = testing.run(remind, [snapshot(PLACED)]).rows
    assert testing.ring(remind, START + 12 * HOUR - 1, rows).messages == []
    outcome = testing.ring(remind, START + 12 * HOUR, rows)
    [message] = outcome.messages
    assert (message.topic, message.key) == ("notices", b"buyer:b1")
    assert [notice.kind for notice in notices(outcome)] == ["promise_near"]
    assert testing.ring(remind, START + 12 * HOUR, outcome.rows).messages == []


def test_the_same_snapshot_again_rings_nothing_again(remind):
    """A batch that is read once more finds what was told."""
    rows = testing.run(remind, [snapshot(PLACED)]).rows
    rows = testing.ring(remind, START + 25 * HOUR, rows).rows
    again = testing.run(remind, [snapshot(PLACED)], rows=rows).rows
    assert again == rows
    assert testing.ring(remind, START + 30 * HOUR, again).messages == []


def test_an_order_that_waits_for_nothing_leaves_no_row(remind):
    """The table is as large as what is open, and what was told."""
    rows = testing.run(remind, [snapshot(PLACED)]).rows
    assert rows.keys() == {KEY}
    assert testing.run(remind, [snapshot(PLACED, GONE, hours=2)], rows=rows).rows == {}
    told = testing.ring(remind, START + 25 * HOUR, rows).rows
    assert testing.run(remind, [snapshot(PLACED, GONE, hours=26)], rows=told).rows.keys() == {KEY}


def test_orders_of_last_month_are_told_of_to_nobody(remind):
    """Where Arus is rebuilt, or newer than its orders, their alarms are behind it."""
    rows = testing.run(remind, [snapshot(PLACED, hours=24 * 30)]).rows
    outcome = testing.ring(remind, START + 30 * DAY + 5 * MINUTE, rows)
    assert outcome.messages == []
    assert outcome.rows[KEY].wake == 0


def test_a_snapshot_that_nobody_can_read_is_buried(remind):
    """The others are taken."""
    outcome = testing.run(remind, [Given(b"x", b"{"), snapshot(PLACED), Given(b"gone", None)])
    assert [buried.cause for buried in outcome.buried] == ["undecodable"]
    assert outcome.rows.keys() == {KEY}


@pytest.mark.parametrize(("near", "shares"), [("0.5,0.8", (0.5, 0.8)), ("[0.9, 0.25]", (0.25, 0.9)), ("", ())])
def test_when_a_promise_is_near_is_a_setting(near: str, shares: tuple[float, ...], monkeypatch: pytest.MonkeyPatch):
    """As shares of its time, with or without brackets; none at all is allowed."""
    monkeypatch.setenv("ARUS_PROMISES__NEAR", near)
    assert load().promises.near == shares


def test_sellers_own_times_are_settings(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """Dated, of promises that no buyer waits for; others are refused with a sentence."""
    monkeypatch.chdir(tmp_path)
    row = '[[policies]]\nseller = "toko"\npromise = "{}"\nhours = 6\nvalid_from = 2026-12-01\n'
    (tmp_path / "arus.toml").write_text(row.format("dispatch"))
    [[own]] = load().times().owned.values()
    assert own == ("toko", "dispatch", parse("2026-11-30T17:00:00Z"), 6)
    (tmp_path / "arus.toml").write_text(row.format("refund"))
    with pytest.raises(SettingsError, match=r"policies.0.promise"):
        load()


def test_own_times_are_for_what_no_buyer_waits_for():
    """A buyer is never told by a time that is the shop's alone."""
    kinds = get_args(Policy.model_fields["promise"].annotation)
    assert set(kinds) == {kind for kind, of in PROMISES.items() if "buyer" not in (*of.near_to, *of.broken_to)}


@pytest.mark.parametrize("near", ["1.5", "80", "0", "nan"])
def test_what_is_no_share_is_refused_with_a_sentence(near: str, monkeypatch: pytest.MonkeyPatch):
    """It says what would be right."""
    monkeypatch.setenv("ARUS_PROMISES__NEAR", near)
    with pytest.raises(SettingsError, match=r"is no share of a promise's time: from 0.01 to 0.99, such as 0.8"):
        load()
