"""The broker that all tests share."""

from kafka import KafkaConsumer, KafkaProducer

from pipeline.broker.clients import client_options


def test_what_is_produced_is_consumed(kafka, topic):
    """A record that was acknowledged is read back with its key, value and headers."""
    name = topic()
    with KafkaProducer(**client_options(kafka), acks="all") as producer:
        producer.send(name, key=b"k", value=b"v", headers=[("h", b"1")]).get(10)
    with KafkaConsumer(
        name, **client_options(kafka), auto_offset_reset="earliest", consumer_timeout_ms=5000
    ) as consumer:
        record = next(iter(consumer))
    assert (record.key, record.value, list(record.headers)) == (b"k", b"v", [("h", b"1")])
