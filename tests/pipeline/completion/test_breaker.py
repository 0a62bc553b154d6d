"""When a sender is asked; the clock is given."""

from pipeline.completion.breaker import FAILURES, FIRST_REST, LONGEST_REST, Breaker, Pace

NOW = 1_800_000_000_000


def test_a_breaker_opens_after_failures_in_a_row():
    """One answer in between and they are counted anew."""
    breaker = Breaker()
    for _ in range(FAILURES - 1):
        breaker.failed("ill", NOW)
    breaker.succeeded()
    for _ in range(FAILURES - 1):
        breaker.failed("ill", NOW)
    assert breaker.state(NOW) == "closed"
    breaker.failed("ill", NOW)
    assert (breaker.state(NOW), breaker.wait(NOW), breaker.why) == ("open", FIRST_REST, "ill")


def test_after_its_rest_one_question_is_tried():
    """The others wait for what becomes of it."""
    breaker = Breaker()
    breaker.trip("ill", NOW)
    later = NOW + FIRST_REST
    assert breaker.state(later) == "half_open"
    assert breaker.wait(later) == 0
    assert breaker.wait(later) > 0
    breaker.succeeded()
    assert breaker.wait(later) == breaker.wait(later) == 0


def test_each_trial_in_vain_doubles_the_rest_up_to_a_longest():
    """An ill sender is asked less and less often, but never forgotten."""
    breaker, now, rests = Breaker(), NOW, []
    for _ in range(8):
        breaker.trip("ill", now)
        rests.append(breaker.wait(now))
        now += rests[-1]
        assert breaker.wait(now) == 0
    assert rests[:3] == [FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST]
    assert rests[-1] == LONGEST_REST


def test_questions_are_spread_over_the_second():
    """Ten a second are a tenth of a second apart, and a pause saves nothing up."""
    pace = Pace(10)
    assert [pace.wait(NOW) for _ in range(3)] == [0, 100, 200]
    assert [pace.wait(NOW + 10_000) for _ in range(2)] == [0, 100]


def test_a_sender_that_wants_rest_gets_it_from_all():
    """Nobody passes before then; after it they are spread again."""
    pace = Pace(10)
    pace.hold(NOW + 7_000)
    assert [pace.wait(NOW) for _ in range(2)] == [7_000, 7_100]
