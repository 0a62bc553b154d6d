"""Whether figures stay flat over time, and how they look: plain numbers in, a verdict or an SVG out."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

WIDTH, HEIGHT, LEFT, GAP = 900, 150, 90, 34
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf", "#ff7f0e")


class Series(NamedTuple):
    """One figure over time: (seconds since the start, value), of one process or of the whole."""

    measure: str
    name: str
    points: Sequence[tuple[float, float]]


class Bound(NamedTuple):
    """How much more than in the second quarter there may be in the last: in proportion, or by so many units."""

    share: float
    units: float


BOUNDS = {
    "memory, MiB": Bound(0.15, 25),
    "file handles": Bound(0.1, 8),
    "threads": Bound(0.1, 4),
    "waiting, s": Bound(0.5, 2),
}
"""Measure → bound. The first quarter is not counted: caches fill, and what is imported late is imported."""


def growth(series: Series) -> tuple[float, float]:
    """Gives the medians of the second quarter and of the last."""
    end = max(at for at, _ in series.points)
    second = [value for at, value in series.points if end / 4 <= at < end / 2]
    last = [value for at, value in series.points if at >= end * 3 / 4]
    return median(second), median(last)


def is_flat(series: Series) -> bool:
    """Tells whether the last quarter is within the bound of its measure."""
    before, after = growth(series)
    bound = BOUNDS[series.measure]
    return after <= max(before * (1 + bound.share), before + bound.units)


def drawn(found: Sequence[Series], title: str) -> str:
    """Draws all as one SVG, a panel for each measure."""
    panels = list(dict.fromkeys(series.measure for series in found))
    names = list(dict.fromkeys(series.name for series in found))
    colours = {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(names)}
    height = GAP + len(panels) * (HEIGHT + GAP) + 20 * ((len(names) + 3) // 4) + 10
    size = f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/><text x="10" y="20" font-size="14">{title}</text>',
    ]
    for index, measure in enumerate(panels):
        top = GAP + index * (HEIGHT + GAP)
        parts += _panel([series for series in found if series.measure == measure], measure, top, colours)
    for index, name in enumerate(names):
        x, y = 20 + (index % 4) * 220, GAP + len(panels) * (HEIGHT + GAP) + 20 * (index // 4)
        parts.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colours[name]}"/>')
        parts.append(f'<text x="{x + 18}" y="{y + 11}">{name}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _panel(found: Sequence[Series], measure: str, top: int, colours: dict[str, str]) -> list[str]:
    end = max(at for series in found for at, _ in series.points) or 1
    most = max(value for series in found for _, value in series.points) or 1
    bottom = top + HEIGHT
    parts = [f'<text x="10" y="{top + 12}">{measure}</text>']
    for share in (0, 0.5, 1):
        y = bottom - share * (HEIGHT - 20)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{most * share:,.4g}</text>')
    parts.append(f'<text x="{WIDTH - 10}" y="{bottom + 14}" text-anchor="end">{end / 60:.0f} min</text>')
    for series in found:
        places = [
            f"{LEFT + at / end * (WIDTH - 10 - LEFT):.1f},{bottom - value / most * (HEIGHT - 20):.1f}"
            for at, value in series.points
        ]
        parts.append(f'<polyline fill="none" stroke="{colours[series.name]}" points="{" ".join(places)}"/>')
    return parts
