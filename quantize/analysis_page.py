"""The analysis as one HTML page that loads nothing; charts are SVG, whose colours follow the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10
from pathlib import Path
from typing import Any

from markupsafe import Markup

from calib_data.html import templates
from quantize.analysis import Analysis, TensorRange

_FOLDER = Path(__file__).parent / "templates"
_WIDTH, _HEIGHT = 960.0, 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 12.0, 12.0, 24.0
_SPARK_WIDTH, _SPARK_HEIGHT = 120.0, 24.0
_MOST = 100.0  # dB that are drawn
_LEAST_SHARE = 1e-5


@dataclass(frozen=True)
class Mark:
    """A point of a chart and what it says."""

    x: float
    y: float
    told: str
    is_chosen: bool = False


@dataclass(frozen=True)
class Chart:
    """Points over a scale.

    Attributes:
        marks: The points.
        path: An SVG path through those that are joined.
        levels: y and value of the horizontal lines.
        ends: What the horizontal axis says at its two ends.
    """

    marks: tuple[Mark, ...]
    path: str
    levels: tuple[tuple[float, float], ...]
    ends: tuple[str, str]
    width: float = _WIDTH
    height: float = _HEIGHT
    left: float = _LEFT
    right: float = _WIDTH - _RIGHT
    bottom: float = _HEIGHT - _BOTTOM


def page(analysis: Analysis, model: str, recipe: Mapping[str, Any]) -> str:
    """The page; all text is escaped.

    Args:
        analysis: What was measured.
        model: The model's file name.
        recipe: The proposed recipe.
    """
    return (
        templates(_FOLDER)
        .get_template("analysis.html.j2")
        .render(
            analysis=analysis,
            model=model,
            recipe=json.dumps(recipe, indent=2),
            alone=unit_chart(analysis, [unit.alone for unit in analysis.units], "alone in integers"),
            without=unit_chart(analysis, [unit.without for unit in analysis.units], "alone in float"),
            sqnr=unit_chart(analysis, [unit.sqnr for unit in analysis.units], "signal to noise"),
            tried=tried_chart(analysis),
            spark=spark_path,
            spark_size=(_SPARK_WIDTH, _SPARK_HEIGHT),
            style=Markup((_FOLDER / "analysis.css").read_text("utf-8")),  # noqa: S704  our own file
        )
    )


def unit_chart(analysis: Analysis, values: Sequence[float], what: str) -> Chart:
    """A value of each unit along the network's depth."""
    low, high = _bounds(values)
    marks = tuple(
        Mark(_x(place / max(1, len(values) - 1)), _y(value, low, high), f"{unit.unit}: {what} {value:.1f} dB")
        for place, (unit, value) in enumerate(zip(analysis.units, values, strict=True))
    )
    return Chart(marks, _path(marks), _levels(low, high), (analysis.units[0].unit, analysis.units[-1].unit))


def tried_chart(analysis: Analysis) -> Chart:
    """PSNR over the share of float operations; the best tries are joined."""
    proposal = analysis.proposal
    low, high = _bounds([one.psnr for one in proposal.tried])
    most = max(1e-6, *(one.operations for one in proposal.tried))
    marks = tuple(
        Mark(
            _x(one.operations / most),
            _y(one.psnr, low, high),
            f"{len(one.reverted)} units, {100 * one.operations:.1f} % of the operations in float: {one.psnr:.2f} dB",
            one == proposal.chosen,
        )
        for one in proposal.tried
    )
    best = [mark for mark, one in zip(marks, proposal.tried, strict=True) if one.is_best]
    return Chart(marks, _path(best), _levels(low, high), ("0 %", f"{100 * most:.1f} % of the operations in float"))


def spark_path(span: TensorRange) -> str:
    """A histogram with a logarithmic scale from 1e-5 to 1, as an SVG path."""
    step = _SPARK_WIDTH / len(span.histogram)
    heights = [
        _SPARK_HEIGHT * max(0.0, 1 - log10(max(share, _LEAST_SHARE)) / log10(_LEAST_SHARE)) for share in span.histogram
    ]
    steps = "".join(
        f"L{step * place:.1f} {_SPARK_HEIGHT - height:.1f}H{step * (place + 1):.1f}"
        for place, height in enumerate(heights)
    )
    return f"M0 {_SPARK_HEIGHT}{steps}V{_SPARK_HEIGHT}Z"


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    shown = [min(value, _MOST) for value in values]
    return 5 * (min(shown) // 5), 5 * (max(shown) // 5 + 1)


def _levels(low: float, high: float) -> tuple[tuple[float, float], ...]:
    step = max(5.0, 5 * ((high - low) // 25))
    count = int((high - low) // step)
    return tuple((_y(low + step * place, low, high), low + step * place) for place in range(count + 1))


def _x(share: float) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * share, 1)


def _y(value: float, low: float, high: float) -> float:
    return round(_TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - min(value, _MOST)) / (high - low), 1)


def _path(marks: Sequence[Mark]) -> str:
    return "M" + "L".join(f"{mark.x} {mark.y}" for mark in marks)
