"""The simple job as a bare loop over aiokafka: at least once, and the state is lost with the process."""

import asyncio
import time

import simple
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

RUN = simple.given()


async def main() -> None:
    """Works until it is ended."""
    consumer = AIOKafkaConsumer(
        RUN.input,
        bootstrap_servers=RUN.kafka,
        group_id=RUN.name,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = AIOKafkaProducer(bootstrap_servers=RUN.kafka, acks="all", linger_ms=20, max_batch_size=262_144)
    await consumer.start()
    await producer.start()
    states: dict[bytes, simple.State] = {}
    sent, committed = [], time.monotonic()
    while True:
        found = await consumer.getmany(timeout_ms=200, max_records=2_000)
        for messages in found.values():
            for message in messages:
                state = states.get(message.key) or states.setdefault(message.key, simple.State())
                told = simple.fold(state, simple.read_event(message.value))
                sent.append(await producer.send(RUN.output, simple.encode(told), key=message.key))
        if time.monotonic() - committed >= RUN.commit_seconds:
            await asyncio.gather(*sent)
            sent.clear()
            await consumer.commit()
            committed = time.monotonic()


if __name__ == "__main__":
    uvloop.run(main())
