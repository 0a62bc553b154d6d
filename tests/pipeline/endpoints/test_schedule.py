"""When a message is tried again, and when its endpoint is paused; the clock is given."""

from pipeline.endpoints.schedule import AFTER, PAUSE_AFTER, Outcome, after, missed, settled
from schemas.endpoints import Sending, Standing
from schemas.notices import Notice
from schemas.times import DAY, HOUR, MINUTE, SECOND

NOW = 1_800_000_000_000
NOTICE = Notice("kios:1/shipped/picked_up//s", "seller:kios", "shipped", "kios:1", NOW, "e1")
SENDING = Sending("msg_1", "kios", NOTICE, due=NOW)
TAKEN, REFUSED = Outcome(is_taken=True, answer="204"), Outcome(is_taken=False, answer="500")


def test_attempts_follow_the_specification_and_end():
    """Ten attempts: at once, then after each of the specification's waits; the last one in vain is the end."""
    sending, waits, now = SENDING, [], NOW
    while sending.state == "waiting":
        sending = settled(sending, REFUSED, now, dice=0)
        waits.append(sending.due - now)
        now = max(now, sending.due)
    minutes = (5, 30, 2 * 60, 5 * 60, 10 * 60, 14 * 60, 20 * 60, 24 * 60)
    assert waits[:-1] == [5 * SECOND, *(m * MINUTE for m in minutes)]
    assert (sending.state, sending.attempts, sending.due) == ("failed", 10, 0)
    assert sum(AFTER) == 75 * HOUR + 35 * MINUTE + 5 * SECOND


def test_chance_spreads_what_failed_together():
    """A tenth of the wait at most, and never earlier."""
    early, late = (settled(SENDING, REFUSED, NOW, dice) for dice in (0, 1))
    assert (early.due - NOW, late.due - NOW) == (5 * SECOND, 5.5 * SECOND)


def test_a_message_that_is_taken_is_delivered():
    """Whatever was before."""
    told = settled(settled(SENDING, REFUSED, NOW, 0), TAKEN, NOW + 5 * SECOND, 0)
    assert (told.state, told.attempts, told.answer, told.due) == ("delivered", 2, "204", 0)


def test_rest_that_is_asked_for_is_given():
    """A Retry-After that is longer than the schedule wins; a shorter one does not."""
    long, short = (Outcome(is_taken=False, answer="429", rest=ms) for ms in (MINUTE, SECOND))
    assert settled(SENDING, long, NOW, 0).due == NOW + MINUTE
    assert settled(SENDING, short, NOW, 0).due == NOW + 5 * SECOND


def test_an_endpoint_is_paused_after_days_of_failure():
    """Counted from the first failure after the last success; one success in between and they are counted anew."""
    fine = Standing("kios")
    failing = after(fine, REFUSED, NOW)
    assert (failing.failing_since, failing.paused_at, failing.why) == (NOW, 0, "500")
    assert after(failing, REFUSED, NOW + DAY) is failing
    again = after(failing, TAKEN, NOW + 2 * DAY)
    assert (again.failing_since, again.why) == (0, "")
    assert after(again, TAKEN, NOW + 3 * DAY) is again
    paused = after(failing, REFUSED, NOW + PAUSE_AFTER)
    assert (paused.failing_since, paused.paused_at) == (NOW, NOW + PAUSE_AFTER)


def test_an_endpoint_that_is_gone_is_paused_at_once():
    """410 says that it never wants anything again."""
    gone = Outcome(is_taken=False, answer="410", is_gone=True)
    assert after(Standing("kios"), gone, NOW).paused_at == NOW


def test_what_is_missed_says_why():
    """It counts no attempt."""
    told = missed(SENDING, "paused")
    assert (told.state, told.attempts, told.answer, told.due) == ("missed", 0, "paused", 0)
