"""Lag: how many records wait, and since when."""

import time

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from pipeline.broker import admin
from pipeline.broker.clients import client_options

MINUTE = 60_000
NOW = 1_790_000_000_000


@pytest.fixture
def door(kafka):
    with admin.connect(kafka) as door:
        yield door


@pytest.fixture
def write(kafka):
    """Writes records of a partition with these timestamps."""

    def write(topic, *timestamps, partition=0):
        with KafkaProducer(**client_options(kafka)) as producer:
            sent = [producer.send(topic, b"v", partition=partition, timestamp_ms=at) for at in timestamps]
            return [future.get(10).offset for future in sent]

    return write


@pytest.fixture
def transact(kafka, unique):
    """Writes records in a transaction of their own, which ends as told, and waits for the mark of its end."""

    def transact(topic, *timestamps, end="commit_transaction"):
        with KafkaProducer(**client_options(kafka), transactional_id=unique("tx")) as producer:
            producer.init_transactions()
            producer.begin_transaction()
            sent = [producer.send(topic, b"v", partition=0, timestamp_ms=at) for at in timestamps]
            last = [future.get(10).offset for future in sent][-1]
            getattr(producer, end)()
        place = TopicPartition(topic, 0)
        with KafkaConsumer(**client_options(kafka), isolation_level="read_committed") as consumer:
            patience = time.monotonic() + 30
            while consumer.end_offsets([place])[place] < last + 2:  # Kafka answers before it has written the mark
                assert time.monotonic() < patience
                time.sleep(0.02)

    return transact


@pytest.fixture
def commit(kafka):
    """Commits a group's position without being a member."""

    def commit(group, topic, offset, partition=0):
        with KafkaConsumer(**client_options(kafka), group_id=group, enable_auto_commit=False) as consumer:
            place = TopicPartition(topic, partition)
            consumer.assign([place])
            consumer.commit({place: OffsetAndMetadata(offset, "", -1)})

    return commit


def test_time_is_that_of_the_record_at_the_committed_position(door, topic, unique, write, commit):
    """Behind is the number of waiting records; oldest_at the time of the first of them, not of the last one done."""
    name = topic(partitions=2)
    write(name, NOW - 3 * MINUTE, NOW - 2 * MINUTE, NOW - MINUTE)
    write(name, NOW, partition=1)
    commit(unique("g"), name, 1)
    commit(unique("g"), name, 1, partition=1)
    late, done = door.lag([unique("g")])
    assert (late.topic, late.partition, late.committed, late.end, late.behind) == (name, 0, 1, 3, 2)
    assert late.oldest_at == NOW - 2 * MINUTE
    assert late.behind_ms(NOW) == 2 * MINUTE
    assert (done.partition, done.behind, done.oldest_at) == (1, 0, None)


def test_a_transactions_mark_is_not_lag(door, topic, unique, transact, commit):
    """After a transaction the end is one further than its records: a group that did them all is not behind."""
    name = topic()
    transact(name, NOW - MINUTE, NOW)
    commit(unique("g"), name, 2)
    for _ in range(2):  # the second answer is remembered
        (row,) = door.lag([unique("g")])
        assert (row.committed, row.end, row.behind, row.oldest_at) == (2, 3, 0, None)


def test_an_aborted_transaction_is_not_lag(door, topic, unique, transact, commit):
    """What was aborted nobody has to do; what is committed after it counts with its own time."""
    name = topic()
    transact(name, NOW - MINUTE, end="abort_transaction")
    commit(unique("g"), name, 0)
    (row,) = door.lag([unique("g")])
    assert (row.behind, row.oldest_at) == (0, None)
    transact(name, NOW)
    (row,) = door.lag([unique("g")])
    assert row.oldest_at == NOW
    assert row.behind == row.end - 2


def test_an_open_transaction_is_not_yet_the_end(kafka, door, topic, unique, commit):
    """Records of a transaction that is still open cannot be read by anybody: they do not count."""
    name = topic()
    commit(unique("g"), name, 0)
    with KafkaProducer(**client_options(kafka), transactional_id=unique("tx")) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(name, b"v").get(10)
        (row,) = door.lag([unique("g")])
        assert (row.end, row.behind) == (0, 0)
        producer.commit_transaction()
    (row,) = door.lag([unique("g")])
    assert row.behind > 0


def test_groups_that_stand_apart_on_one_partition(door, topic, unique, write, commit):
    """Each group has the time of its own position."""
    name = topic()
    write(name, NOW - 2 * MINUTE, NOW - MINUTE)
    commit(unique("a"), name, 0)
    commit(unique("b"), name, 1)
    first, second = door.lag([unique("a"), unique("b")])
    assert (first.oldest_at, second.oldest_at) == (NOW - 2 * MINUTE, NOW - MINUTE)


def test_records_that_were_deleted_do_not_wait(door, topic, unique, write, commit):
    """A group whose next records were deleted is behind from the oldest that is left."""
    name = topic()
    write(name, NOW - 2 * MINUTE, NOW - MINUTE, NOW)
    commit(unique("g"), name, 0)
    door._client.delete_records({TopicPartition(name, 0): 2})
    (row,) = door.lag([unique("g")])
    assert (row.committed, row.behind, row.oldest_at) == (0, 1, NOW)


def test_a_member_that_has_committed_nothing_is_listed_with_its_name(kafka, door, topic, unique, write):
    """A worker that has only just got its partitions is seen, and who it is."""
    name = topic()
    write(name, NOW)
    options = client_options(kafka) | {"client_id": "worker-7", "auto_offset_reset": "earliest"}
    with KafkaConsumer(name, **options, group_id=unique("g"), enable_auto_commit=False) as consumer:
        while not consumer.assignment():
            consumer.poll(100)
        (row,) = door.lag([unique("g")])
    assert row.owner == "worker-7 at 127.0.0.1"
    assert (row.committed, row.behind, row.oldest_at) == (0, 1, NOW)


def test_without_names_only_topics_of_ours_are_told(door, topic, unique, write, commit):
    """The operators' page shows who reads topics of TOPICS, not everything that happens on a shared Kafka."""
    name = topic()
    write(name, NOW)
    commit(unique("g"), name, 0)
    assert unique("g") not in {row.group for row in door.lag()}
