"""What is normal for a sender's account, and what of it needs a hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.gateways import Gateway
from analytics.senders import CONCERNS, Refusals, Secrets, Sender, Senders, concerns
from analytics.senders.asking import EVERY, RARELY
from analytics.senders.rules import KNOWN_DAYS, SHORTEST, by_need, norm, quiet, refusals
from pipeline.settings import Account
from schemas.times import DAY, HOUR, MINUTE
from tests.analytics.seed import NOW

WELL = Sender("jnt", "toko", accepted=5, last_at=NOW - MINUTE, norm_ms=HOUR, secrets=Secrets(1, (NOW - 90 * DAY,)))


def test_an_account_that_sends_as_ever_needs_nothing():
    """Nothing is said of it."""
    assert concerns(WELL, NOW) == ()


def test_what_comes_again_is_normal_and_what_does_not_is_not():
    """Nights of eight hours and two Sundays of thirty make thirty normal; one day on which it was broken does not."""
    nights, sundays, broken = [8 * HOUR] * 11, [30 * HOUR] * 2, [3 * DAY]
    assert norm(nights) == 12 * HOUR
    assert norm([*nights, *broken]) == 12 * HOUR
    assert norm([*nights, *sundays, *broken]) == 45 * HOUR


def test_of_a_new_account_nobody_knows_what_is_normal():
    """Neither without a pause nor with a few; nor is it ever said to be silent."""
    for days in range(KNOWN_DAYS):
        assert norm([HOUR] * days) is None
    new = WELL._replace(norm_ms=None, last_at=NOW - 13 * DAY)
    assert concerns(new, NOW) == ()


@given(st.lists(st.integers(0, 14 * DAY), min_size=KNOWN_DAYS, max_size=14), st.integers(0, 14 * DAY))
def test_the_norm_is_one_that_two_days_had(pauses, worse):
    """It is never short, never below what happened twice, and one day, however bad, moves it no further than the worst
    of the days before.
    """
    usual = norm(pauses)
    assert usual >= SHORTEST
    assert sum(pause > usual for pause in pauses) <= 1
    assert norm([*pauses, worse]) <= max(max(pauses) * 3 // 2, SHORTEST)


def test_longer_than_normal_is_silent():
    """From one millisecond after what is normal for it."""
    assert concerns(WELL._replace(last_at=NOW - HOUR), NOW) == ()
    assert concerns(WELL._replace(last_at=NOW - HOUR - 1), NOW) == ("silent",)


@pytest.mark.parametrize(
    ("change", "concern"),
    [
        ({"last_at": None}, "unheard"),
        ({"unmapped": 1}, "unmapped"),
        ({"parked": 1}, "parked"),
        ({"refusals": Refusals({"bad_signature": 1}, "bad_signature", NOW - MINUTE)}, "refused"),
        ({"secrets": Secrets(2, (NOW - 15 * DAY,))}, "two_secrets"),
        ({"secrets": Secrets(1, (NOW - 366 * DAY,))}, "old_secret"),
    ],
    ids=lambda told: told if isinstance(told, str) else "",
)
def test_each_thing_that_needs_a_look_is_said(change, concern):
    """One by one, of an account that is well otherwise."""
    assert concerns(WELL._replace(**change), NOW) == (concern,)


@pytest.mark.parametrize(
    "change",
    [
        {"refusals": Refusals({"bad_signature": 9}, "bad_signature", NOW - HOUR)},
        {"refusals": Refusals({"bad_signature": 9})},
        {"secrets": Secrets(2, (NOW - 13 * DAY,))},
        {"last_at": None, "refusals": Refusals({"bad_signature": 9})},
        {"secrets": Secrets(2)},
        {"is_set_up": False, "last_at": None, "secrets": Secrets()},
    ],
)
def test_what_is_long_past_or_not_known_is_not_said(change):
    """Refusals of an hour ago or of before we looked, a secret that is just being changed, an account that is none; nor
    that nothing came of one whose webhooks were refused.
    """
    assert concerns(WELL._replace(**change), NOW) == ()


def test_the_worst_comes_first():
    """Accounts by what of them is worst, then those that send most; what is said of one in the same order."""
    silent = WELL._replace(account="silent", last_at=NOW - DAY, unmapped=3)
    odd, busy = WELL._replace(account="odd", parked=1), WELL._replace(account="busy", accepted=900)
    assert concerns(silent, NOW) == ("silent", "unmapped")
    assert [one.account for one in by_need([WELL, busy, odd, silent], NOW)] == ["silent", "odd", "busy", "toko"]
    assert len(set(CONCERNS)) == len(CONCERNS)


def test_what_gateways_refused_is_summed_by_reason():
    """Over all gateways, the last one named; who hangs up and whom nobody knows ask nothing of an operator."""
    bad, stale, gone = (("jnt", "toko", reason) for reason in ("bad_signature", "stale", "gone"))
    first = Gateway("g1", totals={bad: 2, gone: 7, ("jnt", "toko", "accepted"): 5}, last_at={bad: 10, gone: 90})
    second = Gateway("g2", totals={bad: 1, stale: 4, ("", "", "no_such_address"): 3}, last_at={stale: 30})
    assert refusals([first, second]) == {("jnt", "toko"): Refusals({"bad_signature": 3, "stale": 4}, "stale", 30)}
    assert refusals([second, first]) == refusals([first, second])


def test_what_was_learnt_is_kept():
    """Counts are asked for each time, delays once a minute, what reads two weeks once a quarter of an hour."""
    asked = []
    senders = Senders((), tuple, lambda name, **_: asked.append(name) or [])
    for now in (NOW, NOW + EVERY - 1, NOW + EVERY, NOW + RARELY - 1, NOW + RARELY):
        senders.look(now)
    assert [asked.count(name) for name in ("intake", "delays", "waiting_numbers", "pauses")] == [5, 3, 3, 2]


def test_an_account_that_never_sent_is_there():
    """It is set up, so it is listed, with its secrets; and so is one that sent and is set up no more."""
    account = Account(source="jnt", name="toko", secrets=("a", "b"), secrets_since=("2026-11-20",))
    row = {"source": "dhl", "account": "gone", "accepted": 1, "duplicates": 0, "unmapped": 0, "last_at": NOW}
    senders = Senders((account,), tuple, lambda name, **_: [row] if name == "intake" else [])
    jnt, dhl = senders.look(NOW)
    assert (jnt.account, jnt.accepted, jnt.secrets.live) == ("toko", 0, 2)
    assert concerns(jnt, NOW) == ("unheard",)
    assert (dhl.is_set_up, dhl.accepted, dhl.last_at, concerns(dhl, NOW)) == (False, 1, NOW, ())


def test_the_silent_are_something_to_do():
    """Whoever has been silent the longest comes first; whoever sends as ever is not among them."""
    silent = [WELL._replace(account=f"toko-{hours}", last_at=NOW - hours * HOUR) for hours in (2, 9)]
    assert [(one.reason, one.account, one.since) for one in quiet([WELL, *silent], NOW)] == [
        ("quiet", "toko-9", NOW - 9 * HOUR),
        ("quiet", "toko-2", NOW - 2 * HOUR),
    ]
