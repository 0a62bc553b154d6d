"""The simple job as a bare loop over librdkafka: exactly once, with a changelog that nothing here would restore."""

import time

import simple
from confluent_kafka import Consumer, Producer

RUN = simple.given()
COMMON = {"bootstrap.servers": RUN.kafka}


def main() -> None:
    """Works until it is ended."""
    consumer = Consumer(
        {
            **COMMON,
            "group.id": RUN.name,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "queued.min.messages": 100_000,
            "fetch.queue.backoff.ms": 10,  # by default a full queue stops a partition for a second
        }
    )
    producer = Producer(
        {
            **COMMON,
            "transactional.id": RUN.name,
            "linger.ms": 20,
            "batch.size": 262_144,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 1_000_000,
            "delivery.report.only.error": True,
        }
    )
    producer.init_transactions()
    consumer.subscribe([RUN.input])
    states: dict[bytes, simple.State] = {}
    while True:
        took = transact(consumer, producer, states)
        if took:
            producer.send_offsets_to_transaction(
                consumer.position(consumer.assignment()), consumer.consumer_group_metadata()
            )
            producer.commit_transaction()


def transact(consumer: Consumer, producer: Producer, states: dict[bytes, simple.State]) -> int:
    """Works through what comes within the time of one transaction; gives how many records."""
    end, took = time.monotonic() + RUN.commit_seconds, 0
    while time.monotonic() < end:
        for message in consumer.consume(2_000, 0.2):
            if not took:
                producer.begin_transaction()
            took += 1
            key = message.key()
            state = states.get(key) or states.setdefault(key, simple.State())
            told = simple.fold(state, simple.read_event(message.value()))
            producer.produce(RUN.changelog, simple.encode(state), key, message.partition())
            producer.produce(RUN.output, simple.encode(told), key)
        producer.poll(0)
    return took


if __name__ == "__main__":
    main()
