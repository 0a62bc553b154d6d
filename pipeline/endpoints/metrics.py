"""What Prometheus may ask of the process that sends to endpoints; no seller is named, as there may be thousands."""

from prometheus_client import Counter, Gauge

ATTEMPTS = Counter("arus_endpoint_attempts_total", "Attempts by what became of the message", ["state"])
WAITING = Gauge("arus_endpoint_waiting", "Messages that wait for an attempt")
