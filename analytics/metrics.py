"""METRICS: the rates a seller is judged by; `sql/marts/policy_cases.sql` says which orders count in each."""

from typing import Literal, NamedTuple

from schemas.times import parse


class Metric(NamedTuple):
    """One rate from a day on: hits / cases of the last `days`, at most (`max`) or at least (`min`) its target.

    Past `penalty` the marketplace acts; None where it says no such limit.
    """

    code: str
    name: str
    side: Literal["max", "min"]
    target: float
    penalty: float | None
    days: int
    valid_from: int
    definition: str
    dispatch: str = ""
    """What counts as dispatched, where the rate asks for it: tracking number, or carrier scan."""


_START = parse("2020-01-01T00:00:00+07:00")
_SCANS_COUNT = parse("2026-03-02T00:00:00+07:00")

METRICS: tuple[Metric, ...] = (
    Metric(
        "LDR",
        "late dispatch rate",
        "max",
        0.04,
        0.10,
        7,
        _START,
        "orders that got a tracking number later than promised / orders that got one",
        "tracking number",
    ),
    Metric(
        "LDR",
        "late dispatch rate",
        "max",
        0.04,
        0.10,
        7,
        _SCANS_COUNT,
        "orders that a carrier first scanned later than promised / orders that one first scanned",
        "carrier scan",
    ),
    Metric(
        "OTDR",
        "on-time delivery rate",
        "min",
        0.80,
        None,
        7,
        _START,
        "orders delivered by the promise / orders whose promise came due, cancelled ones left out",
    ),
    Metric(
        "SFCR",
        "seller-fault cancellation rate",
        "max",
        0.025,
        0.10,
        30,
        _START,
        "orders cancelled by the seller, or by the system after the dispatch promise / orders placed and to be sent",
    ),
    Metric(
        "NRR",
        "negative review rate",
        "max",
        0.012,
        None,
        60,
        _START,
        "orders with a first review of one or two stars / orders delivered",
    ),
)
