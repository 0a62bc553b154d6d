"""What the gateway counts, for /metrics."""

from collections.abc import Callable
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3)
ACCOUNT = ("source", "account")


class DoorCounters(NamedTuple):
    """What is counted at one account's door; `refused` and `errors` by their reason."""

    accepted: Counter
    bytes: Counter
    challenges: Counter
    seconds: Histogram
    refused: Callable[[str], Counter]
    errors: Callable[[str], Counter]


class Counters:
    """The counters of one gateway. Addresses that nobody owns are counted together: they must not make new rows."""

    def __init__(self, silence: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        self._accepted = self._counter("webhooks_accepted", "webhooks that Kafka has", *ACCOUNT)
        self._bytes = self._counter("webhooks_bytes", "bytes of the bodies that Kafka has", *ACCOUNT)
        self._challenges = self._counter("webhooks_challenges", "trials of an address, answered, not kept", *ACCOUNT)
        self._refused = self._counter("webhooks_refused", "requests that proved nothing", *ACCOUNT, "reason")
        self._errors = self._counter("webhooks_errors", "webhooks that were turned away", *ACCOUNT, "reason")
        self.strays = self._counter("webhooks_strays", "requests that are no webhook's", "status")
        self._seconds = Histogram(
            "arus_webhook_seconds", "from headers to answer", ACCOUNT, buckets=BUCKETS, registry=self.registry
        )
        waiting = Gauge("arus_kafka_silence_seconds", "how long the oldest record waits", registry=self.registry)
        waiting.set_function(silence)

    def door(self, source: str, account: str) -> DoorCounters:
        """Gives the counters of one account's door."""
        return DoorCounters(
            accepted=self._accepted.labels(source, account),
            bytes=self._bytes.labels(source, account),
            challenges=self._challenges.labels(source, account),
            seconds=self._seconds.labels(source, account),
            refused=lambda reason: self._refused.labels(source, account, reason),
            errors=lambda reason: self._errors.labels(source, account, reason),
        )

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"arus_{name}", what, labels, registry=self.registry)

    def text(self) -> bytes:
        """Gives all of it as Prometheus reads it."""
        return generate_latest(self.registry)
