"""What the peers' runs come to, and how it is told; the runs themselves are a command."""

import pytest

from tests.benchmarks.peers.environments import JOBS
from tests.benchmarks.peers.measures import Account, Outcome, Sample, steady
from tests.benchmarks.peers.registry import PEERS
from tests.benchmarks.peers.table import noise, table


def account(*numbers: int, events: int | None = None) -> Account:
    found = Account()
    for n in numbers:
        found.take(b"an order", n)
    if events is not None:
        found.close(events)
    return found


def outcome(rate: float, **other) -> Outcome:
    known = {"microseconds": 8.0, "others": 0.1, "mebibytes": 300.0, "outputs": 10, "lost": 0, "doubled": 0}
    return Outcome(**{"rate": rate, "whole": True, **known, **other})


@pytest.mark.parametrize(
    ("numbers", "lost", "doubled"),
    [((1, 2, 3), 0, 0), ((1, 2, 2, 3), 0, 1), ((1, 3), 1, 0), ((2, 3), 1, 0), ((1, 2, 1, 2, 3), 0, 2)],
)
def test_outputs_are_counted_as_lost_or_doubled(numbers, lost, doubled):
    """Those of an order must be numbered from one on, each number once."""
    assert (account(*numbers).lost, account(*numbers).doubled) == (lost, doubled)


def test_what_never_came_is_lost_only_where_all_should_have_come():
    """A run that was stopped early is judged by what it wrote; one that ended by all events."""
    assert account(1, 2).lost == 0
    assert account(1, 3, events=3).lost == 1
    assert account(1, 2, events=5).lost == 3


def test_rate_and_cost_are_those_of_the_last_four_fifths():
    """A slow and costly start does not count, nor what is used after the last output."""
    appended = [0.0, 10.0, *(20.0 + number for number in range(8))]
    samples = [
        Sample(0.0),
        Sample(20.0, peer=15.0, ours=18.0, everybody=20.0),
        Sample(27.0, peer=18.5, ours=22.5, everybody=31.5),
        Sample(40.0, peer=30.0, ours=40.0, everybody=60.0),
    ]
    rate, microseconds, others = steady(appended, samples, cores=2)
    assert rate == pytest.approx(1.0)
    assert microseconds == pytest.approx(500_000)
    assert others == pytest.approx(0.5)


def test_the_table_has_medians_spread_and_the_ratio_to_kafka_streams():
    """And a row for who could not run, with the reason."""
    found = {
        "kafka-streams": [outcome(100_000.0)],
        "arus": [outcome(120_000.0), outcome(90_000.0), outcome(150_000.0)],
        "quix": [outcome(20_000.0, doubled=7, whole=False, outputs=5_000)],
    }
    rows = [row.strip("| ").split(" | ") for row in table(found, {"bytewax": "no wheel"}).splitlines()[2:]]
    once = "each output once"
    assert [row[1:5] + row[6:] for row in rows] == [
        ["**100,000**", "100,000-100,000", "8.0 µs", "300 MiB", "1.00", once],
        ["**120,000**", "90,000-150,000", "8.0 µs", "300 MiB", "1.20", once],
        [
            "**20,000**",
            "20,000-20,000",
            "8.0 µs",
            "300 MiB",
            "0.20",
            "7 doubled; 1 of 1 stopped at 5,000 events or more",
        ],
        ["-", "-", "-", "-", "-", "no wheel"],
    ]
    assert [row[0] for row in rows] == [PEERS[name].title for name in ("kafka-streams", "arus", "quix", "bytewax")]


def test_noise_is_told():
    """What others took of the machine stands above the table."""
    found = {"arus": [outcome(1.0, others=0.5), outcome(1.0, others=0.02)], "quix": [outcome(1.0, others=0.25)]}
    assert noise(found) == "others took 25 % of the machine during a run in the middle, 2 to 50 % in all"


@pytest.mark.parametrize("name", PEERS)
def test_each_peer_has_a_job_and_pinned_packages(name):
    """So that two runs of the command measure the same."""
    peer = PEERS[name]
    assert (JOBS / peer.job).is_file()
    assert all("==" in need for need in peer.needs)
