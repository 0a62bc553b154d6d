"""Which rows move: in the end each key has its newest row in the partition where producers send it, and only there."""

from collections import defaultdict
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipeline import codec
from pipeline.broker.reader import Stored
from pipeline.growing.rows import MOVED, Growth, leaving, moves
from pipeline.homes import at_home, is_everywhere, is_home
from pipeline.streams.work.partitions import partition_of
from pipeline.topics import TOPICS
from schemas.codes import Unknown, is_of_codes
from schemas.ids import tracking_key
from schemas.stock import Level

KEYS = [f"shopee:{number}".encode() for number in range(12)]
CODES = [Unknown("scan", "ninjavan", "", "X9").key, Unknown("status", "shopee", "", "SPLIT").key]
Log = dict[int, list[Stored]]


def write(log: Log, topic: str, partition: int, key: bytes, value: bytes | None) -> None:
    log[partition].append(Stored(topic, partition, len(log[partition]), 0, key, value, []))


def rows_in(records: list[Stored]) -> dict[bytes, bytes]:
    """Gives what a worker has of a partition once it has read all of it."""
    newest = {record.key or b"": record.value for record in records}
    return {key: value for key, value in newest.items() if value is not None}


def grow(log: Log, topic: str, growth: Growth, dice, *, most: int) -> int:
    """Moves rows, but at most so many of them, and gives how many that were: as if it was cut short then."""
    done = 0
    for number in range(growth.was if most else 0):
        held = list(log[number])
        going = leaving(growth, held)
        for row in [row for row in held if row.key and going.get(row.key) == row.offset]:
            if done == most:
                return done
            told = moves(growth, row)
            dice.shuffle(told)  # one transaction: there is no order between partitions
            for one in told:
                write(log, topic, one.partition, row.key or b"", one.value)
            done += 1
    return done


@given(
    told=st.lists(st.tuples(st.sampled_from(KEYS), st.one_of(st.none(), st.binary(min_size=1, max_size=4)))),
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=4, unique=True).map(sorted),
    cuts=st.lists(st.integers(0, 8), max_size=3),
    dice=st.randoms(use_true_random=False),
)
def test_each_row_ends_where_its_key_belongs(told, sizes, cuts, dice):
    """However often the topic grows and however often that is cut short: as if there had always been so many."""
    log: Log = defaultdict(list)
    wanted: dict[bytes, bytes | None] = {}
    for was, partitions in pairwise(sizes):
        for key, value in told:
            write(log, "endpoint.standings", partition_of(key, was), key, value)
            wanted[key] = value
        for most in (*cuts, 1 << 30):
            grow(log, "endpoint.standings", Growth(was, partitions), dice, most=most)
        live = {key: value for key, value in wanted.items() if value is not None}
        found = {(key, n): value for n, records in log.items() for key, value in rows_in(records).items()}
        assert found == {(key, partition_of(key, partitions)): value for key, value in live.items()}
        # and whoever reads all of the topic, in whatever order of partitions, finds the same
        numbers = dice.sample(range(partitions), partitions)
        read = [one for n in numbers for one in at_home("endpoint.standings", n, partitions, log[n])]
        assert rows_in(read) == live
        assert grow(log, "endpoint.standings", Growth(was, partitions), dice, most=1 << 30) == 0


@given(st.integers(1, 6), st.integers(1, 6), st.randoms(use_true_random=False))
def test_what_codes_mean_is_copied_to_each_new_partition(was, more, dice):
    """And stays where it was; the rows of tracking numbers beside it move."""
    log: Log = defaultdict(list)
    for number in range(was):
        for key in CODES:
            write(log, "matching.numbers", number, key, b"means")
    for key in KEYS:
        write(log, "matching.numbers", partition_of(key, was), key, b"parked")
    growth = Growth(was, was + more)
    for most in (1, 1 << 30):
        grow(log, "matching.numbers", growth, dice, most=most)
    for number in range(growth.partitions):
        mine = {key: b"parked" for key in KEYS if partition_of(key, growth.partitions) == number}
        assert rows_in(log[number]) == dict.fromkeys(CODES, b"means") | mine


def test_what_was_written_meanwhile_is_not_overwritten():
    """A row that has its newer word where it belongs only ends where it lay."""
    growth, key = Growth(1, 5), next(key for key in KEYS if partition_of(key, 5))
    row = Stored("sellers", 0, 3, 7, key, b"old", [])
    assert [one.partition for one in moves(growth, row)] == [partition_of(key, 5), 0]
    assert [(one.partition, one.value) for one in moves(growth, row, {key})] == [(0, None)]


def test_a_level_that_moves_has_no_movement_of_its_new_partition():
    """Offsets of another partition say nothing there; all else stays, and a row keeps its time."""
    level = Level("toko", "KOP-1", reserved=2, movements_until=5_000)
    key = next(key for key in KEYS if partition_of(key, 5))
    moved, _ = moves(Growth(1, 5), Stored("stock.levels", 0, 3, 7, key, codec.encode(level), []))
    assert msgspec.json.decode(moved.value or b"", type=Level) == msgspec.structs.replace(level, movements_until=-1)
    assert moved.timestamp == 7


def test_what_is_read_as_news_is_written_as_of_now():
    """Stock and promises take a snapshot's time for the present."""
    key = next(key for key in KEYS if partition_of(key, 5))
    moved, _ = moves(Growth(1, 5), Stored("order.snapshots", 0, 3, 7, key, b"{}", []))
    assert moved.timestamp is None


def test_every_table_moves_but_messages_to_endpoints():
    """Their key is not what they are found by; all compacted topics and all other changelogs are moved."""
    tables = {name for name, topic in TOPICS.items() if topic.changelog_of}
    compacted = {name for name, topic in TOPICS.items() if topic.keep_days is None}
    assert set(MOVED) == (tables | compacted) - {"endpoint.sendings"}


@given(st.sampled_from(["jne", "ninjavan", "j&t", ""]), st.text(max_size=8))
def test_no_tracking_number_is_taken_for_a_code(carrier, number):
    """Rows of codes lie in each partition, those of numbers in one."""
    key = tracking_key(carrier, number).encode(errors="replace")
    assert not is_of_codes(key)
    assert all(is_of_codes(code) and is_everywhere("matching.numbers", code) for code in CODES)
    assert is_home("matching.numbers", CODES[0], 3, 7)


def test_what_is_not_compacted_counts_wherever_it_lies():
    """Events keep their places, which evidence names."""
    record = Stored("orders", 3, 0, 0, KEYS[0], b"{}", [])
    assert list(at_home("orders", 3, 7, [record])) == [record]
    assert all(is_home("orders", KEYS[0], number, 7) for number in range(7))
