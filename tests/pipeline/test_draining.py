"""Draining: it ends when all that was there has gone its way, and says what has not."""

import threading

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from pipeline.broker import BrokerError
from pipeline.broker.clients import client_options
from pipeline.broker.lag import Lag
from pipeline.cli.proof import draining
from pipeline.cli.proof.draining import drain, unfinished


@pytest.fixture
def reader(kafka, unique):
    """A group that has a position without being a member."""
    with KafkaConsumer(**client_options(kafka), group_id=unique("loading"), enable_auto_commit=False) as consumer:
        yield consumer


def commit(reader: KafkaConsumer, topic: str, offset: int) -> None:
    place = TopicPartition(topic, 0)
    reader.assign([place])
    reader.commit({place: OffsetAndMetadata(offset, "", -1)})


def test_what_does_not_drain_is_named(kafka, topic, unique, reader, monkeypatch):
    """Where records wait, and for whom: else one knows only that something is wrong somewhere."""
    name, busy, absent = topic(), unique("loading"), unique("stock")
    monkeypatch.setattr(draining, "JOBS", (busy, absent))
    commit(reader, name, 0)
    with KafkaProducer(**client_options(kafka)) as producer:
        producer.send(name, b"an order").get(10)
    with pytest.raises(BrokerError) as told:
        drain(kafka, 0)
    assert str(told.value) == (f"not drained after 0 s: {name}/0 has 1 left for {busy}; {absent} has read nothing yet")


def test_it_ends_although_something_new_waits_at_every_look(kafka, topic, unique, reader, monkeypatch):
    """Alarms ring whenever their time comes, and with many orders that is always."""
    name, ended = topic(), threading.Event()
    monkeypatch.setattr(draining, "JOBS", (unique("loading"),))

    def work() -> None:
        with KafkaProducer(**client_options(kafka)) as producer:
            while not ended.wait(0.02):
                commit(reader, name, producer.send(name, b"an alarm").get(10).offset)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        drain(kafka, 30)
    finally:
        ended.set()
        worker.join()


def test_what_lies_behind_an_open_transaction_is_not_done():
    """Nobody reads it yet, but whoever wrote it may have told that its own work is done."""
    row = Lag("arus-loading", "notices", 0, committed=7, end=7, behind=0, oldest_at=None, owner="", hidden=2)
    ends = {("arus-loading", "notices", 0): 9}
    assert unfinished([row], ends) == ["notices/0 has 2 left for arus-loading (2 behind an open transaction)"]
    assert not unfinished([Lag("arus-loading", "notices", 0, 7, 9, behind=0, oldest_at=None, owner="")], ends)
