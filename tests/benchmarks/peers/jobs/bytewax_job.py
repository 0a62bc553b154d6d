"""The simple job on Bytewax: state and offsets in its recovery store, at least once."""

from datetime import timedelta
from pathlib import Path

import simple
from bytewax import operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

RUN = simple.given()


def keyed(message) -> tuple[str, simple.Event]:
    """Gives an event under its order's key."""
    return message.key.decode(), simple.read_event(message.value)


def count(state: simple.State | None, event: simple.Event) -> tuple[simple.State, simple.Told]:
    """Counts an order's event and tells its number."""
    state = state or simple.State()
    return state, simple.fold(state, event)


def written(told: tuple[str, simple.Told]) -> KafkaSinkMessage:
    """Gives an output as Kafka takes it."""
    return KafkaSinkMessage(told[0].encode(), simple.encode(told[1]))


def flow() -> Dataflow:
    """Gives the dataflow."""
    made = Dataflow("peer")
    source = KafkaSource([RUN.kafka], [RUN.input], batch_size=1_000, add_config={"fetch.queue.backoff.ms": "10"})
    events = op.map("keyed", op.input("input", made, source), keyed)
    told = op.map("written", op.stateful_map("count", events, count), written)
    config = {"batch.size": "262144", "partitioner": "murmur2_random", "queue.buffering.max.messages": "1000000"}
    op.output("output", told, KafkaSink([RUN.kafka], RUN.output, add_config={"linger.ms": "0", **config}))
    return made


if __name__ == "__main__":
    init_db_dir(Path(RUN.home), 1)
    cli_main(
        flow(), epoch_interval=timedelta(seconds=RUN.commit_seconds), recovery_config=RecoveryConfig(Path(RUN.home))
    )
