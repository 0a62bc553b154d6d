"""Gateways' counters: what rose lately, what an account lost, and what needs a hand."""

import pytest

from analytics.gateways import LATELY, SILENT, Counted, Gateway, History, accounts, read, troubles
from pipeline.gateway.counters import Counters
from schemas.times import SECOND

BAD, GONE, OK = (("xendit", "kopi", outcome) for outcome in ("bad_signature", "gone", "accepted"))


def history(*looks):
    """Sees counters at each (second, counts, start)."""
    seen = History()
    for second, totals, started_at in looks:
        seen.see(second * SECOND, Counted(started_at, totals))
    return seen


def test_the_gateways_own_counters_are_read():
    """What the gateway writes is what is read here, with since when."""
    counters = Counters(lambda: 0.0)
    door = counters.door("xendit", "kopi")
    door.accepted.inc(5)
    door.refused("bad_signature").inc(2)
    door.errors("kafka_down").inc()
    counters.strays.labels(404).inc(3)
    counted = read(counters.text().decode())
    assert counted.totals == {OK: 5, BAD: 2, ("xendit", "kopi", "kafka_down"): 1, ("", "", "no_such_address"): 3}
    assert counted.started_at > 0


@pytest.mark.parametrize("text", ["", "<html>", "# TYPE arus_lag_records gauge\narus_lag_records 3\n"])
def test_what_is_no_gateways_metrics_is_told(text):
    """An address of something else must not look like a gateway that rejects nothing."""
    with pytest.raises(ValueError, match="no counters of webhooks"):
        read(text)


def test_what_was_there_at_the_first_look_has_not_risen_lately():
    """It may be of last week."""
    assert history((0, {BAD: 900}, 1)).lately(0) == {}


def test_what_rose_is_told_for_a_minute():
    """Also a reason that was never counted before."""
    seen = history((0, {OK: 5}, 1), (3, {OK: 9, BAD: 2}, 1), (6, {OK: 9, BAD: 3}, 1))
    assert seen.lately(6 * SECOND) == {OK: 4, BAD: 3}
    assert seen.lately(3 * SECOND + LATELY) == {BAD: 1}
    assert seen.lately(6 * SECOND + LATELY) == {}
    assert seen.last_at == {OK: 3 * SECOND, BAD: 6 * SECOND}


@pytest.mark.parametrize("started_at", [1, 2])
def test_a_gateway_that_started_anew_counts_from_nothing(started_at):
    """Whether it says so, or its counters are only lower than they were."""
    assert history((0, {OK: 50, BAD: 7}, 1), (3, {OK: 8, BAD: 2}, started_at)).lately(3 * SECOND) == {OK: 8, BAD: 2}


def test_accounts_are_summed_over_gateways():
    """The most frequent reason first; who lost nothing comes last."""
    stray = ("", "", "no_such_address")
    first = Gateway("a", totals={OK: 5, GONE: 1, BAD: 2, stray: 9}, lately={BAD: 1}, last_at={BAD: 7, OK: 9})
    second = Gateway(
        "b", totals={("a", "calm", "accepted"): 1, OK: 5, BAD: 2}, lately={BAD: 2, OK: 1}, last_at={BAD: 8}
    )
    kopi, nobody, calm = accounts([first, second])
    assert kopi == ("xendit", "kopi", 10, {"bad_signature": 4, "gone": 1}, {"bad_signature": 3}, 8)
    assert (nobody.source, nobody.rejected) == ("", {"no_such_address": 9})
    assert (calm.account, calm.rejected, calm.last_rejected_at) == ("calm", {}, None)


def test_what_was_rejected_lately_needs_a_hand():
    """Not what was rejected before, nor senders that hang up, nor knocks at doors that are not there."""
    stray = ("", "", "no_such_address")
    calm = Gateway("a", totals={OK: 5, BAD: 2}, lately={OK: 5, GONE: 2, stray: 3})
    assert troubles([calm], 0) == []
    [trouble] = troubles([calm._replace(lately={BAD: 2})], 0)
    assert (trouble.reason, trouble.source, trouble.account, trouble.webhooks) == ("bad_signature", "xendit", "kopi", 2)


def test_a_gateway_that_is_long_silent_comes_first():
    """A restart is no trouble yet."""
    silent, other = Gateway("a", silent_since=0), Gateway("b", totals={BAD: 9}, lately={BAD: 2})
    assert [trouble.reason for trouble in troubles([other, silent], SILENT - 1)] == ["bad_signature"]
    assert [trouble.reason for trouble in troubles([other, silent], SILENT)] == ["silent", "bad_signature"]
