"""Which questions are open: nothing is lost, whatever is asked, answered, repeated or killed in between."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.completion.questions import Questions, read_places, write_places
from pipeline.sources.apis.api import Ask

ONE, TWO = Ask("order", "1"), Ask("order", "2")


def started(*partitions):
    questions = Questions()
    questions.begin(partitions or (0,))
    return questions


def test_a_question_of_many_records_is_asked_once():
    """Ten webhooks of one order in one moment are one question."""
    questions = started()
    for offset in range(10):
        questions.read((0, offset), "a", [ONE])
    ask, places = questions.take("a")
    assert (ask, len(places)) == (ONE, 10)
    assert questions.take("a") is None
    questions.settle("a", ONE)
    assert (len(questions), questions.positions()) == (0, {0: 10})


def test_what_is_asked_while_it_is_being_asked_is_asked_again():
    """The answer under way may be older than the webhook."""
    questions = started()
    questions.read((0, 0), "a", [ONE])
    questions.take("a")
    questions.read((0, 1), "a", [ONE])
    questions.settle("a", ONE)
    assert questions.positions() == {0: 1}
    assert questions.take("a") == (ONE, frozenset({(0, 1)}))


def test_progress_never_passes_an_open_question():
    """Later ones may be answered first; what Kafka is told stays before the first that is open."""
    questions = started()
    questions.read((0, 0), "a", [ONE])
    questions.read((0, 1), "a", [TWO])
    questions.read((0, 2))
    questions.take("a")
    questions.take("a")
    questions.settle("a", TWO)
    assert questions.positions() == {0: 0}
    questions.put_back("a", ONE)
    assert questions.positions() == {0: 0}
    questions.take("a")
    questions.settle("a", ONE)
    assert questions.positions() == {0: 3}


def test_an_answer_in_kafka_closes_the_records_that_it_names_and_no_others():
    """After a kill the same records are read again, in any order with the answers."""
    questions = started(0, 1)
    questions.answered("a", ONE, {(0, 5)})
    questions.read((0, 5), "a", [ONE])
    questions.read((0, 6), "a", [ONE])
    questions.answered("a", ONE, {(0, 5)})
    assert questions.take("a") == (ONE, frozenset({(0, 6)}))


def test_accounts_are_asked_apart():
    """One that is ill holds up nobody else."""
    questions = started()
    questions.read((0, 0), "a", [ONE])
    questions.read((0, 1), "b", [ONE])
    questions.take("a")
    assert questions.take("b") == (ONE, frozenset({(0, 1)}))


def test_partitions_that_others_take_over_are_forgotten():
    """What was asked for them is theirs to ask; no progress is told of them."""
    questions = started(0, 1)
    questions.read((0, 0), "a", [ONE])
    questions.read((1, 0), "a", [TWO])
    questions.forget({0})
    assert questions.positions() == {1: 0}
    assert questions.take("a") == (TWO, frozenset({(1, 0)}))
    assert questions.take("a") is None


@given(st.frozensets(st.tuples(st.integers(0, 99), st.integers(0, 10**9))))
def test_places_are_read_as_they_were_written(places):
    """A header carries them whole."""
    assert read_places(write_places(places)) == places


STEPS = st.lists(st.sampled_from(["ask ONE", "ask TWO", "take", "keep", "settle", "back", "kill"]), max_size=60)


class Log:
    """A topic of one partition, and a process that may be killed at any step."""

    def __init__(self):
        self.records, self.kept, self.committed = [], set(), 0
        self.kill()

    def step(self, step):
        match step.split():
            case ["ask", name]:
                self.records.append((Ask("order", name), None))
            case ["take"]:
                self.flying += filter(None, [self.questions.take("a")])
            case ["keep"] if self.flying:
                self.keep(*self.flying[0])
            case ["settle"] if self.flying and self.flying[0][1] <= self.kept:
                self.questions.settle("a", self.flying.pop(0)[0])
            case ["back"] if self.flying:
                self.questions.put_back("a", self.flying.pop(0)[0])
            case ["kill"]:
                self.kill()
        self.read()

    def keep(self, ask, places):
        self.records.append((ask, places))
        self.kept.update(places)

    def kill(self):
        self.questions, self.position, self.flying = started(), self.committed, []

    def read(self):
        for offset in range(self.position, len(self.records)):
            ask, places = self.records[offset]
            if places is not None:
                self.questions.answered("a", ask, places)
            self.questions.read((0, offset), "a", [ask] if places is None else [])
        self.position = len(self.records)
        self.committed = max(self.committed, self.questions.positions().get(0, 0))

    def unanswered(self, end):
        webhooks = {(0, offset) for offset in range(end) if self.records[offset][1] is None}
        return webhooks - self.kept


@given(STEPS)
def test_whatever_happens_each_webhook_is_answered_at_last(steps):
    """Killed at any step: Kafka is never told of progress past an open question, and in the end none is open."""
    log = Log()
    for step in steps:
        log.step(step)
        assert not log.unanswered(log.committed)
    log.step("kill")
    while taken := log.questions.take("a"):
        log.keep(*taken)
        log.questions.settle("a", taken[0])
    log.read()
    assert not log.unanswered(len(log.records))
    assert len(log.questions) == 0
