"""Senders: how each account does, and as gauges for Prometheus."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import duckdb
import structlog
from fastapi import APIRouter, Depends, Query, Request
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from pydantic import Field

from analytics import exports
from analytics.api import services
from analytics.api.formats import FILES, Asked, wanted
from analytics.api.problems import told
from analytics.api.session import viewer_for
from analytics.api.shapes import Counted, Shape, Text, Time
from analytics.senders import CONCERNS, Sender, Senders, concerns
from analytics.senders.rules import Concern
from analytics.warehouse import WarehouseError
from schemas.times import SECOND

router = APIRouter(prefix="/v1/ops/sources", tags=["operators"], dependencies=[Depends(viewer_for("operator"))])

log = structlog.get_logger()

COLUMNS: exports.Columns = {
    "source": "text",
    "account": "text",
    "concerns": "text",
    "accepted": "number",
    "duplicates": "number",
    "unmapped": "number",
    "parked": "number",
    "refused": "number",
    "last_refused_reason": "text",
    "last_refused_at": "time",
    "last_at": "time",
    "norm_ms": "number",
    "p50_ms": "number",
    "p95_ms": "number",
    "secrets": "number",
    "secret_since": "time",
}


class SendersAsked(Asked):
    """How many of them."""

    limit: Annotated[int, Field(ge=1, le=10_000)] = 1_000


class SenderRow(Shape):
    """One account: counts of the last 24 hours, what it waits for, and what of it needs a look."""

    source: str = Field(examples=["ninjavan"])
    account: str = Field(examples=["toko-melati"])
    concerns: list[Concern] = Field(description="the worst first; empty where all is well")
    accepted: int = Field(description="webhooks, each once")
    duplicates: int = Field(description="repeats of them")
    unmapped: int = Field(description="events with a code that no table knows")
    parked: int = Field(description="tracking numbers that wait for their order, now")
    refused: dict[str, int] = Field(description="by reason, since the gateways started", examples=[{"stale": 3}])
    last_refused_reason: Text
    last_refused_at: Annotated[Time | None, Field(description="as seen from here; null when none since we look")]
    last_at: Annotated[Time | None, Field(description="its last webhook; null when none came in two weeks")]
    silent_after_seconds: float | None = Field(description="a longer silence is not normal for it; null: not known")
    delay_p50_seconds: float | None = Field(description="from what happened to its webhook")
    delay_p95_seconds: float | None
    secrets: int = Field(description="live ones")
    secrets_since: list[Time] = Field(description="newest first, as far as arus.toml says it")


class SourceList(Counted):
    """Each account that is set up or sent something, those that need a hand first."""

    rows: list[SenderRow]


@router.get("", response_model=SourceList, responses={200: {"content": FILES}, **told("not-acceptable")})
def list_senders(request: Request, asked: Annotated[SendersAsked, Query()]) -> Any:  # noqa: ANN401  # FastAPI shapes it
    """Tells how each sender's account does."""
    ours, out = services.of(request), wanted(request, asked)
    now = ours.now()
    seen = ours.senders.look(now)[: asked.limit]
    if out.file:
        return out.export("sources", COLUMNS, [_cells(sender, now) for sender in seen])
    return SourceList(rows=[_row(sender, now) for sender in seen], watermark=out.watermark)


def _row(sender: Sender, now: int) -> SenderRow:
    return SenderRow(
        source=sender.source,
        account=sender.account,
        concerns=list(concerns(sender, now)),
        accepted=sender.accepted,
        duplicates=sender.duplicates,
        unmapped=sender.unmapped,
        parked=sender.parked,
        refused=dict(sender.refusals.counts),
        last_refused_reason=sender.refusals.last_reason,
        last_refused_at=sender.refusals.last_at,
        last_at=sender.last_at,
        silent_after_seconds=_seconds(sender.norm_ms),
        delay_p50_seconds=_seconds(sender.p50_ms),
        delay_p95_seconds=_seconds(sender.p95_ms),
        secrets=sender.secrets.live,
        secrets_since=list(sender.secrets.since),
    )


def _cells(sender: Sender, now: int) -> exports.Row:
    return sender._asdict() | {
        "concerns": " ".join(concerns(sender, now)) or None,
        "refused": sum(sender.refusals.counts.values()),
        "last_refused_reason": sender.refusals.last_reason or None,
        "last_refused_at": sender.refusals.last_at,
        "secrets": sender.secrets.live,
        "secret_since": next(iter(sender.secrets.since), None),
    }


def _seconds(span: int | None) -> float | None:
    return None if span is None else span / SECOND


GAUGES: dict[str, tuple[str, Callable[[Sender, int], float | None]]] = {
    "webhooks": ("Webhooks of the last 24 hours, each once", lambda one, _: one.accepted),
    "repeats": ("Repeats of webhooks in the last 24 hours", lambda one, _: one.duplicates),
    "unmapped": ("Events of the last 24 hours with a code that no table knows", lambda one, _: one.unmapped),
    "parked": ("Tracking numbers that wait for their order", lambda one, _: one.parked),
    "silence_seconds": (
        "Time since its last webhook",
        lambda one, now: None if one.last_at is None else (now - one.last_at) / SECOND,
    ),
    "normal_silence_seconds": ("The longest silence that is normal for it", lambda one, _: _seconds(one.norm_ms)),
    "delay_p50_seconds": ("From what happened to its webhook: half are faster", lambda one, _: _seconds(one.p50_ms)),
    "delay_p95_seconds": ("As delay_p50: all but a twentieth are faster", lambda one, _: _seconds(one.p95_ms)),
    "secrets": ("Its live secrets", lambda one, _: one.secrets.live),
    "secret_age_seconds": (
        "How long its newest secret has been in use",
        lambda one, now: (now - one.secrets.since[0]) / SECOND if one.secrets.since else None,
    ),
}
"""What Prometheus reads of each account, `arus_sender_…`; what is not known has no sample."""


class Gauges(Collector):
    """How each account does as gauges, asked for when Prometheus asks."""

    def __init__(self, senders: Senders, now: Callable[[], int]) -> None:
        self._senders, self._now = senders, now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Gives GAUGES and each account's concerns; none while the warehouse cannot be asked."""
        now = self._now()
        try:
            seen = self._senders.look(now)
        except (duckdb.Error, WarehouseError):
            log.warning("senders.not_measured", exc_info=True)
            return
        for name, (what, value) in GAUGES.items():
            family = GaugeMetricFamily(f"arus_sender_{name}", what, labels=("source", "account"))
            for one in seen:
                if (told := value(one, now)) is not None:
                    family.add_metric((one.source, one.account), told)
            yield family
        yield self._needing(seen, now)

    def _needing(self, seen: list[Sender], now: int) -> GaugeMetricFamily:
        labels = ("source", "account", "concern")
        family = GaugeMetricFamily("arus_sender_concern", "1 where this of an account needs a look", labels=labels)
        for one in seen:
            found = concerns(one, now)
            for concern in CONCERNS:
                family.add_metric((one.source, one.account, concern), int(concern in found))
        return family
