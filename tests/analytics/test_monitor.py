"""The monitor: one poller, a view that never changes under those who look, and a Kafka that may be silent."""

from dataclasses import dataclass

import pytest

from analytics.monitor import Monitor, orders_at_most
from analytics.watermark import STAGES


@dataclass
class Reading:
    """What Kafka says of one group's partition."""

    group: str
    topic: str
    partition: int = 0
    committed: int = 5
    end: int = 5
    behind: int = 0
    oldest_at: int | None = None
    owner: str = "worker-1"
    hidden: int = 0


def everywhere(**said):
    """Gives a reading of each group and topic on the way of an event."""
    return [Reading(stage.group, topic, **said) for stage in STAGES for topic in stage.topics]


class Script:
    """A Kafka whose answers are written down: lists of readings, or errors. One poll takes one, a second apart."""

    def __init__(self, *answers):
        self.answers, self.at, self.connections, self.closed = list(answers), 0, 0, 0

    def connect(self):
        self.connections += 1
        return self

    def lag(self):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.closed += 1

    def now(self):
        return self.at

    def polled(self):
        """Polls until nothing is written down any more, and gives the monitor."""
        monitor = Monitor(self.connect, self.now)
        while self.answers:
            self.at += 1_000
            monitor.poll()
        return monitor


def test_a_view_tells_how_each_partition_does():
    """Two polls later: rates, verdict, history."""
    [standing] = (
        Script(
            [Reading("g", "t", committed=100, end=150, behind=50, oldest_at=900)],
            [Reading("g", "t", committed=180, end=210, behind=30, oldest_at=1_900)],
        )
        .polled()
        .view.standings
    )
    assert (standing.rate_in, standing.rate_out) == (60, 80)
    assert (standing.behind, standing.behind_ms, standing.verdict) == (30, 100, "ok")
    assert standing.history == (50, 30)


def test_a_silent_kafka_leaves_the_last_view_with_since_when():
    """The first silent poll tells since when; the connection is opened anew each time."""
    script = Script([Reading("g", "t")], ConnectionError("gone"), TimeoutError("gone"))
    view = script.polled().view
    assert (view.at, view.silent_since, view.reason) == (1_000, 2_000, "TimeoutError: gone")
    assert [standing.topic for standing in view.standings] == ["t"]
    assert (script.connections, script.closed) == (2, 2)


def test_an_answer_that_cannot_be_is_said_like_silence():
    """Also where nothing raises before it is looked at: the thread that polls must not end unseen."""
    view = Script([Reading("g", "t")], [Reading("g", "t", end=None)]).polled().view
    assert view.silent_since == 2_000
    assert view.reason.startswith("TypeError")


def test_a_kafka_that_answers_again_is_not_silent():
    """And a partition that stood all the while has stood all the while."""
    stuck = [Reading("g", "t", committed=5, end=9, behind=4, oldest_at=10_000_000)]
    view = Script(stuck, *[ConnectionError("gone")] * 20, stuck).polled().view
    assert (view.silent_since, view.at) == (None, 22_000)
    assert view.standings[0].verdict == "stalled"
    assert view.standings[0].behind_ms >= 21_000


def test_partitions_that_change_hands_are_told_newest_first():
    """Not those that are first seen, nor those that stay."""
    hands = [[Reading("g", "t", owner=owner)] for owner in ("a", "a", "", "b")]
    moves = Script(*hands).polled().view.moves
    assert [(move.at, move.before, move.after) for move in moves] == [(4_000, "", "b"), (3_000, "a", "")]


def test_the_watermark_needs_every_stage():
    """All that was accepted before the poll is counted when nothing waits anywhere, marks of Kafka's own aside."""
    assert Script(everywhere()).polled().view.watermark == 1_000
    assert Script(everywhere(committed=4, end=5)).polled().view.watermark == 1_000
    assert Script(everywhere()[1:]).polled().view.watermark is None


@pytest.mark.parametrize("late", range(len(everywhere())))
def test_one_partition_that_waits_holds_the_watermark(late):
    """Wherever it is on the way."""
    second = everywhere(end=9, committed=9)
    second[late] = Reading(second[late].group, second[late].topic, committed=5, end=9, behind=4, oldest_at=0)
    assert Script(everywhere(), second).polled().view.watermark == 1_000


def test_orders_at_most_counts_what_waits_in_trouble():
    """A partition that is OK has nothing that anybody must worry about."""
    bad = {"committed": 1, "end": 5, "behind": 4, "oldest_at": -60_000}
    view = Script([Reading("g", "t", **bad), Reading("g", "u", end=7, behind=2, oldest_at=900)]).polled().view
    assert orders_at_most(view.standings) == 4
