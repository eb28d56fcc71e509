"""Where the marks of the page's charts lie; the template draws them as SVG, whose colours follow the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from convert.reporting.record import HISTOGRAM_EDGES, LayerRow, LayerStudy, Stage

_WIDTH, _HEIGHT = 960.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 12.0, 14.0, 34.0
_LEAST_SHARE = 1e-7


@dataclass(frozen=True)
class Bar:
    """A bin of a histogram: its place and height in percent of the chart, its bounds and share in words."""

    left: float
    width: float
    height: float
    label: str
    told: str


@dataclass(frozen=True)
class Point:
    """A tensor in the plot of SQNR along the depth; `alone` is the y of its layer by itself."""

    x: float
    y: float
    told: str
    is_fall: bool
    alone: float | None


@dataclass(frozen=True)
class DepthPlot:
    """SQNR along the depth: points, a path through them, and lines to read them by.

    Attributes:
        path: An SVG path.
        points: The tensors.
        levels: y and dB of the horizontal lines.
        parts: x, width and name of the parts of the network, in order.
        fall: The point where it falls off, if it does.
    """

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    path: str
    points: tuple[Point, ...]
    levels: tuple[tuple[float, int], ...]
    parts: tuple[tuple[float, float, str], ...]
    fall: Point | None


def histogram_bars(stage: Stage) -> list[Bar]:
    """A stage's error histogram, on a logarithmic scale from 1e-7 (0) to 1 (100 %)."""
    edges = (0.0, *HISTOGRAM_EDGES, math.inf)
    width = 100 / len(stage.histogram)
    bars = []
    for place, share in enumerate(stage.histogram):
        height = 0.0 if share <= _LEAST_SHARE else 100 * (1 - math.log10(share) / math.log10(_LEAST_SHARE))
        low, high = edges[place], edges[place + 1]
        label = f"{high:g}" if math.isfinite(high) else "more"
        between = f"{low:g} to {high:g}" if math.isfinite(high) else f"{low:g} or more"
        bars.append(Bar(width * place, width, height, label, f"{_percent(share)} of values differ by {between} / 255"))
    return bars


def depth_plot(study: LayerStudy) -> DepthPlot:
    """The plot of a study with at least one row."""
    top = max(20, math.ceil(max(row.sqnr for row in study.rows) / 20) * 20)
    bottom = min(0, math.floor(min(row.sqnr for row in study.rows) / 20) * 20)
    inner = _WIDTH - _LEFT - _RIGHT

    def x_of(place: int) -> float:
        return round(_LEFT + inner * place / max(1, len(study.rows) - 1), 1)

    def y_of(sqnr: float) -> float:
        return round(_TOP + (_HEIGHT - _TOP - _BOTTOM) * (top - sqnr) / (top - bottom), 1)

    points = tuple(
        Point(
            x_of(place),
            y_of(row.sqnr),
            _told(row),
            row.layer == study.first_fall,
            None if row.alone is None else y_of(row.alone),
        )
        for place, row in enumerate(study.rows)
    )
    return DepthPlot(
        width=_WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        right=_WIDTH - _RIGHT,
        top=_TOP,
        bottom=_HEIGHT - _BOTTOM,
        path="M" + "L".join(f"{point.x} {point.y}" for point in points),
        points=points,
        levels=tuple((y_of(level), level) for level in range(bottom, top + 1, 20)),
        parts=tuple(_parts([row.layer for row in study.rows], x_of)),
        fall=next((point for point in points if point.is_fall), None),
    )


def _parts(layers: Sequence[str], x_of: Callable[[int], float]) -> list[tuple[float, float, str]]:
    """Stretches of one part of the network (`encoder4`, `level3`, ...) that are wide enough to be named."""
    parts: list[tuple[float, float, str]] = []
    begin = 0
    names = [layer.partition("_")[0] for layer in layers]
    for place in range(1, len(names) + 1):
        if place == len(names) or names[place] != names[begin]:
            left, right = x_of(begin), x_of(min(place, len(names) - 1))
            parts.append((left, round(right - left, 1), names[begin]))
            begin = place
    return parts


def _told(row: LayerRow) -> str:
    alone = "" if row.alone is None else f"; by itself {row.alone:.1f} dB"
    return f"{row.layer} ({row.op}): {row.sqnr:.1f} dB{alone}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %" if share >= 1e-4 else f"{1e6 * share:.1f} in a million"
