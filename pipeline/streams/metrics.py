"""What Prometheus may ask of a worker."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from pipeline.settings import Streams
from pipeline.streams.agent import Batch

log = structlog.get_logger("arus.streams")

BATCHES = Counter("arus_batches_total", "Batches an agent worked through", ["step"])
RECORDS = Counter("arus_records_total", "Records in them", ["step"])
SECONDS = Histogram(
    "arus_turn_seconds",
    "From the start of an agent's turn until its transaction was committed",
    ["step"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
RETRIES = Counter("arus_retries_total", "Turns that raised or were refused by Kafka", ["step"])
BURIED = Counter("arus_buried_total", "Records that became dead letters", ["step", "cause"])
REBALANCES = Counter("arus_rebalances_total", "Times that partitions were assigned anew", ["job"])
RECOVERY = Gauge("arus_recovery_seconds", "How long the last one took until the worker was ready", ["job"])


def turn(step: str, batches: Sequence[Batch], seconds: float) -> None:
    """Counts a turn that was committed."""
    BATCHES.labels(step).inc(len(batches))
    RECORDS.labels(step).inc(sum(len(batch.records) for batch in batches))
    SECONDS.labels(step).observe(seconds)
    for batch in batches:
        for buried in batch.buried:
            BURIED.labels(step, buried.cause).inc()


@contextmanager
def served(where: Streams) -> Iterator[None]:
    """Answers Prometheus within, if a port is set; one that cannot be had is told, and the work goes on without."""
    if not where.metrics_port:
        yield
        return
    try:
        server, _ = start_http_server(where.metrics_port, where.metrics_host)
    except OSError as error:
        place = f"{where.metrics_host}:{where.metrics_port}"
        mend = "each process needs a port of its own in ARUS_STREAMS__METRICS_PORT, 0 = none"
        log.warning("worker.unmeasured", why=f"metrics cannot be served at {place}: {error.strerror}; {mend}")
        yield
        return
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
