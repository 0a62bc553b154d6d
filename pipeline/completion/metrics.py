"""What Prometheus may ask of completion."""

from prometheus_client import Counter, Gauge

OPEN = Gauge("arus_completion_open", "Questions to a sender's API that are not answered yet", ["source", "account"])
ASKED = Counter("arus_completion_asked_total", "Questions by what became of them", ["source", "account", "outcome"])
SUCCESS = Gauge("arus_completion_last_success_seconds", "When the sender answered last", ["source", "account"])
BREAKER = Gauge("arus_completion_breaker", "0 = closed, 1 = on trial, 2 = open", ["source", "account"])
RECONCILED = Gauge(
    "arus_completion_reconciled_seconds", "Up to when the sender told what changed", ["source", "account"]
)

STATES = {"closed": 0, "half_open": 1, "open": 2}
