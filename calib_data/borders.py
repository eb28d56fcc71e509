"""Black wedges and bands along a photograph's border, left over when pairs were aligned by warping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calib_data.features import brightest

_DARK = 16 / 255  # JPEG rings beside a hard edge
_BLACK = 4 / 255  # what warping fills in is black to the last bit; dark scenes have noise
_DEEPEST = 0.25  # of the photo's side; darkness beyond belongs to the scene
_SHORTEST = 0.05  # of the border's length
_THINNEST = 3.0  # pixels
_STRAIGHT = 2.0  # pixels off the straight line
_ON_LINE = 0.8  # share of a wedge's places that must lie on its line


@dataclass(frozen=True)
class Wedge:
    """A black triangle or band along one border.

    Attributes:
        border: `top`, `bottom`, `left` or `right`.
        length: Pixels along the border.
        depth: Pixels from the border to its deepest place.
    """

    border: str
    length: int
    depth: int


def find_wedges(pixels: NDArray[np.float32]) -> list[Wedge]:
    """Find black regions along the borders whose inner edge is a straight line.

    Args:
        pixels: A photograph (H, W, 3), 0..1.
    """
    light = brightest(pixels)
    views = {"top": light, "bottom": light[::-1], "left": light.T, "right": light.T[::-1]}
    strips = {border: view[: max(1, int(_DEEPEST * len(view)))] for border, view in views.items()}
    return [wedge for border, strip in strips.items() for wedge in _wedges(border, strip)]


def _wedges(border: str, strip: NDArray[np.float32]) -> list[Wedge]:
    """The wedges along the first row of a strip (depth, length)."""
    bright = strip > _DARK
    depth = np.where(bright.any(axis=0), bright.argmax(axis=0), 0)
    shortest = max(_SHORTEST * len(depth), 8)
    runs = [(start, end) for start, end in _runs(depth > 0) if end - start >= shortest]
    found = [_wedge(border, strip[:, start:end], depth[start:end].astype(np.float64)) for start, end in runs]
    return [wedge for wedge in found if wedge is not None]


def _wedge(border: str, strip: NDArray[np.float32], depth: NDArray[np.float64]) -> Wedge | None:
    """The wedge that a dark run is, if its inner edge is straight and its inside black.

    Args:
        border: Its name.
        strip: The run (rows from the border, L), 0..1.
        depth: Dark pixels from the border at each place, (L,).
    """
    line = _robust_line(depth)
    on_line = np.abs(depth - line) <= _STRAIGHT
    deepest = float(line.max())
    if on_line.mean() < _ON_LINE or not _THINNEST <= deepest <= len(depth):  # steeper ones belong to the next border
        return None
    inside = np.arange(len(strip))[:, None] < line - _STRAIGHT
    if strip[inside].mean() > _BLACK:
        return None
    return Wedge(border, len(depth), round(deepest))


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _robust_line(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A line through values (N,) that a fifth of outliers hardly moves: the median of slopes, then of offsets."""
    half = len(values) // 2
    slope = np.median(values[half : 2 * half] - values[:half]) / half
    places = np.arange(len(values))
    return slope * places + np.median(values - slope * places)
