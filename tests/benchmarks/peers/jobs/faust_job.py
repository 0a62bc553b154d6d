"""The simple job on Faust as it comes: one table with a changelog, at least once."""

import sys

import faust
import simple

RUN = simple.given()
app = faust.App(
    RUN.name,
    broker=f"kafka://{RUN.kafka}",
    datadir=RUN.home,
    topic_partitions=8,
    topic_replication_factor=1,
    topic_disable_leader=True,
    table_standby_replicas=0,
    stream_buffer_maxsize=65_536,
    producer_acks=-1,
    producer_linger=0.02,
    producer_max_batch_size=262_144,
    broker_commit_interval=RUN.commit_seconds,
    consumer_auto_offset_reset="earliest",
    web_enabled=False,
)
app.producer.buffer.max_messages = 5_000
RAW = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
source, output = app.topic(RUN.input, **RAW), app.topic(RUN.output, **RAW)
states = app.Table("states", key_type=bytes, value_type=bytes, partitions=8)


@app.agent(source)
async def count(events) -> None:
    """Counts each order's events and tells each one's number."""
    async for event in events.events():
        states[event.key], told = simple.fold_raw(states.get(event.key), event.value)
        await output.send(key=event.key, value=told)


if __name__ == "__main__":
    # with less than info its debug calls slow it down tenfold
    sys.argv = ["faust", "worker", "-l", "info", "--without-web"]
    app.main()
