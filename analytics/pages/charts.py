"""Geometry of charts that the server draws as SVG. Pure numbers in, paths out; colours and words belong to others."""

import math
from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 1000, 100
"""The box that paths are drawn in; the page stretches it, so strokes must not scale."""

_STEPS = (1, 2, 2.5, 5, 10)
TINY = 1e-9
"""What counts as nothing."""


class Axis(NamedTuple):
    """A round top for an axis and the values to label, zero first."""

    top: float
    ticks: tuple[float, ...]


def axis(highest: float, parts: int = 4, *, whole: bool = False) -> Axis:
    """Gives the axis that holds the highest value in about so many parts; `whole` allows no fractions."""
    if highest < TINY:
        return Axis(1, (0, 1))
    return min((_axis(highest, n, whole=whole) for n in (parts, parts + 1)), key=lambda axis: axis.top)


def _axis(highest: float, parts: int, *, whole: bool) -> Axis:
    raw = max(highest / parts, 1) if whole else highest / parts
    size = 10 ** math.floor(math.log10(raw))
    step = next(f * size for f in _STEPS if f * size >= raw * (1 - TINY) and not (whole and f * size % 1))
    count = math.ceil(highest / step - TINY)
    return Axis(count * step, tuple(i * step for i in range(count + 1)))


def line(values: Sequence[float | None], top: float, low: float = 0, digits: int = 1) -> str:
    """Draws values as one path from the left edge to the right, with a gap where a value is not known."""
    step, span = WIDTH / max(len(values) - 1, 1), (top - low) or 1
    path, pen = [], "M"
    for i, value in enumerate(values):
        if value is not None:
            path.append(f"{pen}{i * step:.0f} {HEIGHT - (value - low) / span * HEIGHT:.{digits}f}")
        pen = "M" if value is None else "L"
    return "".join(path)


def area(path: str) -> str:
    """Fills a line's path down to the base, each piece of it for itself."""
    return "".join(_fill(piece) for piece in path.split("M") if "L" in piece)


def _fill(piece: str) -> str:
    points = piece.split("L")
    return f"M{piece}L{points[-1].split()[0]} {HEIGHT}L{points[0].split()[0]} {HEIGHT}Z"


def spark(values: Sequence[float | None], *, zero: bool = False, least: float = 0) -> str:
    """Draws a line that fills its box; `zero` keeps the base at zero, `least` is what a full box means at least."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, high = (0, max(*known, least, 1e-9)) if zero else (min(known), max(known))
    margin = (high - low or 1) * 0.08
    return line(values, high + margin, low - (0 if zero else margin), digits=0)


def columns(values: Sequence[float], bases: Sequence[float], top: float, gap: float = 0.34) -> str:
    """Draws columns that stand on their bases, as one path; a column of nothing is left out."""
    step = WIDTH / max(len(values), 1)
    wide = step * (1 - gap)
    path = []
    for i, (value, base) in enumerate(zip(values, bases, strict=True)):
        if value > 0:
            left, bottom = i * step + step * gap / 2, HEIGHT - base / top * HEIGHT
            path.append(f"M{left:.1f} {bottom:.2f}V{bottom - value / top * HEIGHT:.2f}h{wide:.1f}V{bottom:.2f}z")
    return "".join(path)


def dashes(values: Sequence[float], top: float, gap: float = 0.18) -> str:
    """Draws a short level line over each column's place: what the value was before."""
    step = WIDTH / max(len(values), 1)
    return "".join(
        f"M{i * step + step * gap / 2:.1f} {HEIGHT - value / top * HEIGHT:.2f}h{step * (1 - gap):.1f}"
        for i, value in enumerate(values)
        if value > 0
    )


class Gauge(NamedTuple):
    """Where a rate, its target and its penalty stand on one scale, in percent of its length; no penalty is None."""

    value: float
    target: float
    penalty: float | None


def gauge(rate: float, target: float, penalty: float | None, side: str) -> Gauge:
    """Places a rate that must stay at most (`max`) or at least (`min`) its target.

    The `max` scale is a square root, so that small rates can be told apart.
    """
    if side == "max":
        shown = penalty is not None and penalty <= target * 6
        top = max(rate * 1.15, (penalty or 0) * 1.15 if shown else target * 3)
        tick = _root(penalty, top) if shown and penalty is not None else None
        return Gauge(_root(rate, top), _root(target, top), tick)
    low = min(0.5, rate - 0.05)
    return Gauge((rate - low) / (1 - low) * 100, max(0.0, (target - low) / (1 - low) * 100), None)


def _root(share: float, top: float) -> float:
    return min(100.0, math.sqrt(max(share, 0) / top) * 100)


def room(numerator: int, denominator: int, target: float, side: str) -> int:
    """Tells how many more bad cases may come until the target is missed; negative: how many there are too many."""
    if side == "max":
        return math.floor((target * denominator - numerator) / (1 - target) + 1e-9)
    return math.floor(numerator / target - denominator + 1e-9) if target else 0


def recovery(numerator: int, denominator: int, target: float, side: str) -> int:
    """Tells how many clean cases in a row bring a missed target back."""
    if side == "max":
        return max(0, math.ceil(numerator / target - denominator - 1e-9)) if target else 0
    return max(0, math.ceil((target * denominator - numerator) / (1 - target) - 1e-9)) if target < 1 else 0
