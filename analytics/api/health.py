"""How the process does: for supervisors (`/healthz`, `/readyz`) and for Prometheus (`/metrics`)."""

import time
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from analytics.api import services
from analytics.api.problems import Problem, only
from analytics.monitor import Monitor
from schemas.times import SECOND

router = APIRouter(tags=["health"])

FRESH = 10 * SECOND  # an older look at Kafka says nothing of now
LOADED = 30 * SECOND  # nearer to the end than this, people see what is


@router.get("/healthz")
def tell_life() -> dict[str, str]:
    """Says that the process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses=only("unavailable"))
def tell_readiness(request: Request) -> dict[str, str]:
    """Says whether what people see is nearly what is; 503 tells what is missing."""
    missing = "; ".join(_missing(services.of(request)))
    if missing:
        raise Problem("unavailable", f"Not ready: {missing}.", headers={"Retry-After": "1"})
    return {"status": "ready"}


@router.get("/metrics", include_in_schema=False)
def tell_metrics(request: Request) -> Response:
    """Gives the process's figures as Prometheus reads them."""
    figures = generate_latest(request.app.state.registry) + generate_latest(REGISTRY)  # ours, and the loader's
    return Response(figures, media_type=CONTENT_TYPE_LATEST)


def _missing(ours: services.Services) -> Iterator[str]:
    """Tells in words what is not as it should be."""
    view = ours.monitor.view
    loader = [standing for standing in view.standings if standing.group == ours.warehouse.shard.group]
    if not ours.loading():
        yield "the loader does not run"
    if view.silent_since is not None:
        yield f"Kafka does not answer ({view.reason})"
    elif view.at is None or ours.now() - view.at > FRESH:
        yield "Kafka has not been looked at yet"
    elif not loader:
        yield "the loader has not begun"
    behind = max((standing.behind_ms for standing in loader), default=0)
    if behind > LOADED:
        yield f"the warehouse is {behind // SECOND} s behind"


class Lag(Collector):
    """The monitor's view as gauges, read when Prometheus asks."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Gives lag in records and in seconds, and whether Kafka answers."""
        labels = ("group", "topic", "partition")
        records = GaugeMetricFamily("arus_lag_records", "Records that wait", labels=labels)
        seconds = GaugeMetricFamily("arus_lag_seconds", "Age of the oldest record that waits", labels=labels)
        view = self._monitor.view
        for standing in view.standings:
            where = (standing.group, standing.topic, str(standing.partition))
            records.add_metric(where, standing.behind)
            seconds.add_metric(where, standing.behind_ms / SECOND)
        answers = 0 if view.silent_since is not None or view.at is None else 1
        yield from (records, seconds, GaugeMetricFamily("arus_kafka_up", "1 when Kafka answers", value=answers))


class Measured:
    """Measures each answer's time to its first byte, by route and never by address."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self.app = app
        self._seconds = Histogram(
            "arus_http_seconds", "Time to an answer's first byte", ("method", "route", "status"), registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the app answer, and looks at the clock."""
        begun = time.perf_counter()

        async def send_measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                labels = (scope["method"], _route(scope), str(message["status"]))
                self._seconds.labels(*labels).observe(time.perf_counter() - begun)
            await send(message)

        await self.app(scope, receive, send_measured)


def _route(scope: Scope) -> Any:  # noqa: ANN401  # each kind of route has a path of its own
    return getattr(scope.get("route"), "path", "none")
