"""The simple job on Quix Streams: state in RocksDB with a changelog, at least once."""

import simple
from quixstreams import Application, State

RUN = simple.given()


def count(event: bytes, state: State) -> bytes:
    """Counts an order's event and tells its number."""
    known, told = simple.fold_raw(state.get_bytes("state"), event)
    state.set_bytes("state", known)
    return told


def main() -> None:
    """Works until it is ended."""
    app = Application(
        broker_address=RUN.kafka,
        consumer_group=RUN.name,
        auto_offset_reset="earliest",
        commit_interval=RUN.commit_seconds,
        state_dir=RUN.home,
        loglevel="WARNING",
        consumer_extra_config={"queued.min.messages": 100_000, "fetch.queue.backoff.ms": 10},
        producer_extra_config={
            "linger.ms": 20,
            "batch.size": 262_144,
            "compression.type": "none",
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 1_000_000,
        },
    )
    source = app.topic(RUN.input, key_deserializer="bytes", value_deserializer="bytes")
    output = app.topic(RUN.output, key_serializer="bytes", value_serializer="bytes")
    app.dataframe(source).apply(count, stateful=True).to_topic(output)
    app.run()


if __name__ == "__main__":
    main()
