"""Libraries' lines are thinned out, ours are not."""

import logging

from aiokafka.errors import GroupCoordinatorNotAvailableError

from pipeline.streams.logs import Sparse


def record(name: str, message: str, at: float, level: int = logging.WARNING, about: object = "x") -> logging.LogRecord:
    made = logging.LogRecord(name, level, "", 0, message, (about,), None)
    made.created = at
    return made


def test_a_librarys_line_passes_once_in_a_while():
    """The same complaint of sixteen lanes is told once, and again after a while."""
    sparse, told = Sparse(), [0.0, 1.0, 9.0, 11.0, 12.0]
    assert [at for at in told if sparse.filter(record("aiokafka.conn", "Unable to connect %s", at + 100))] == [
        0.0,
        11.0,
    ]


def test_other_complaints_and_our_own_lines_pass():
    """Only repetitions of libraries are left out."""
    sparse = Sparse()
    assert sparse.filter(record("aiokafka.conn", "one %s", 100))
    assert sparse.filter(record("aiokafka.conn", "another %s", 100))
    assert all(sparse.filter(record("arus.streams", "batch.raised", 100)) for _ in range(3))
    assert all(sparse.filter(record("aiokafka.conn", "in detail %s", 100, logging.DEBUG)) for _ in range(3))


def test_what_a_new_kafka_says_for_a_moment_alarms_nobody():
    """Its groups have no place yet when the first worker asks; aiokafka asks again by itself."""
    passing = record("aiokafka.consumer", "failed: %s", 100, logging.ERROR, GroupCoordinatorNotAvailableError())
    assert not Sparse().filter(passing)
