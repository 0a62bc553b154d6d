"""Single records: found and untouched, or a sentence that says why not."""

import time
from contextlib import suppress

import pytest
from kafka import KafkaProducer, TopicPartition

from pipeline.broker import BrokerError, admin, reader
from pipeline.broker.clients import client_options
from pipeline.settings import Kafka


@pytest.fixture
def door(kafka):
    with admin.connect(kafka) as door:
        yield door


def test_a_record_comes_back_untouched(kafka, door, topic):
    """Key, value, headers (repeated ones too) and time are those that were sent."""
    name = topic(partitions=2)
    headers = [("h", b"1"), ("h", b"2")]
    with KafkaProducer(**client_options(kafka)) as producer:
        producer.send(name, b"first", partition=1)
        producer.send(name, b"\xff\x00", key=b"k", headers=headers, partition=1, timestamp_ms=1_790_000_000_000).get(10)
    found = door.read_record(name, 1, 1)
    assert (found.key, found.value, found.headers) == (b"k", b"\xff\x00", headers)
    assert (found.topic, found.partition, found.offset, found.timestamp) == (name, 1, 1, 1_790_000_000_000)


def test_why_there_is_no_record(kafka, door, topic, unique):
    """Not written yet, deleted, a mark of Kafka's own, no such topic: each is told."""
    name = topic()
    with KafkaProducer(**client_options(kafka), transactional_id=unique("tx")) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(name, b"0")
        producer.send(name, b"1")
        producer.commit_transaction()
    with pytest.raises(BrokerError, match=f"record 9 of {name}/0 is not written yet: the partition ends at 3"):
        door.read_record(name, 0, 9)
    with pytest.raises(BrokerError, match=f"record 2 of {name}/0 holds nothing"):
        door.read_record(name, 0, 2)
    door._client.delete_records({TopicPartition(name, 0): 1})
    with pytest.raises(BrokerError, match=f"record 0 of {name}/0 was deleted.* oldest is 1"):
        door.read_record(name, 0, 0)
    with pytest.raises(BrokerError, match="there is no such topic or partition"):
        door.read_record(unique("nothing"), 0, 0)
    with pytest.raises(BrokerError, match="there is no such topic or partition"):
        door.read_record(name, 7, 0)


def test_a_kafka_that_went_away_is_a_sentence(own_kafka, monkeypatch):
    """Reading from a Kafka that has ended does not hang."""
    monkeypatch.setattr(reader, "PATIENCE_MS", 500)
    with admin.connect(Kafka(bootstrap_servers=own_kafka.bootstrap)) as door:
        door.create_topic("t", 1, {})
        with pytest.raises(BrokerError, match="ends at 0"):
            door.read_record("t", 0, 0)
        own_kafka.stop()
        with pytest.raises(BrokerError, match="record 0 of t/0: Kafka"):
            door.read_record("t", 0, 0)


def test_all_records_of_a_topic(kafka, topic):
    """Every partition in order, up to what the topic held when it was asked."""
    name = topic(partitions=3)
    with KafkaProducer(**client_options(kafka)) as producer:
        for number in range(300):
            producer.send(name, b"%d" % number, partition=number % 3)
    found = list(reader.records(kafka, name))
    assert sorted(int(record.value) for record in found) == list(range(300))
    assert [int(r.value) for r in found if r.partition == 1] == list(range(1, 300, 3))
    assert list(reader.records(kafka, topic("empty"))) == []


def test_connections_outlive_a_restart_of_kafka(own_kafka):
    """Who watches for days need not connect anew: after a crash and a start the same door answers."""
    with admin.connect(Kafka(bootstrap_servers=own_kafka.bootstrap)) as door:
        door.create_topic("t", 1, {})
        with KafkaProducer(bootstrap_servers=own_kafka.bootstrap) as producer:
            producer.send("t", b"v").get(10)
        assert door.read_record("t", 0, 0).value == b"v"
        own_kafka.stop()
        own_kafka.start()
        found, patience = b"", time.monotonic() + 30
        while not found and time.monotonic() < patience:
            with suppress(BrokerError):
                found = door.read_record("t", 0, 0).value
                door.lag()
    assert found == b"v"


def test_a_topic_that_is_not_there_holds_nothing(kafka, unique):
    """Asking for all records of a missing topic gives none."""
    assert list(reader.records(kafka, unique("missing"))) == []
