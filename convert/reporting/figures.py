"""The figures of one pair of pictures: over the frame, and apart in what is in focus and what is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convert.reporting.record import HISTOGRAM_EDGES, Areas, Differences
from pynet_tf.focus import LEAST_SHARE
from pynet_tf.metrics import Area, Comparison, Pixels, measurable

STEPS = 255.0
"""Steps from black to white on a screen with 8 bits."""
_KEPT_UNDER = 99.9


def compare(reference: Pixels, picture: Pixels, in_focus: Area) -> Areas:
    """Compare two pictures.

    Args:
        reference: (H, W, 3), 0..1.
        picture: (H, W, 3), 0..1, all finite.
        in_focus: (H, W).
    """
    comparison = Comparison(reference, picture)
    difference = np.abs(reference - picture)
    parts = [area if _usable(area) else None for area in (in_focus, ~in_focus)]
    inside, outside = (None if area is None else _differences(comparison, difference, area) for area in parts)
    return Areas(frame=_differences(comparison, difference, None), in_focus=inside, out_of_focus=outside)


def mean_areas(areas: Sequence[Areas]) -> Areas:
    """Means over photos, each counting once; of `max_abs` the largest."""
    in_focus = [one.in_focus for one in areas if one.in_focus is not None]
    out_of_focus = [one.out_of_focus for one in areas if one.out_of_focus is not None]
    return Areas(
        frame=_mean([one.frame for one in areas]),
        in_focus=_mean(in_focus) if in_focus else None,
        out_of_focus=_mean(out_of_focus) if out_of_focus else None,
    )


def histogram(reference: Pixels, picture: Pixels) -> NDArray[np.int64]:
    """How many values of a picture (H, W, 3) differ by so much, in the bins of `HISTOGRAM_EDGES` and beyond."""
    steps = STEPS * np.abs(reference - picture)
    return np.histogram(steps, [0.0, *HISTOGRAM_EDGES, np.inf])[0]


def finite(picture: Pixels, reference: Pixels) -> tuple[Pixels, int]:
    """A picture whose values that are no numbers are as far from the reference as can be, and how many those are."""
    broken = ~np.isfinite(picture)
    count = int(np.count_nonzero(broken))
    return (np.where(broken, 1.0 - np.round(reference), picture).astype(np.float32) if count else picture), count


def _usable(area: Area) -> bool:
    return float(area.mean()) >= LEAST_SHARE and measurable(area)


def _differences(comparison: Comparison, difference: Pixels, area: Area | None) -> Differences:
    figures = comparison.figures(area)
    values = difference.ravel() if area is None else difference[area].ravel()
    return Differences(
        psnr=figures.psnr,
        ssim=figures.ssim_gauss11,
        ms_ssim=figures.ms_ssim,
        ciede2000=figures.ciede2000,
        max_abs=float(values.max()),
        p999_abs=float(np.percentile(values, _KEPT_UNDER)),
    )


def _mean(differences: Sequence[Differences]) -> Differences:
    means = {name: float(np.mean([getattr(one, name) for one in differences])) for name in Differences.model_fields}
    return Differences(**{**means, "max_abs": max(one.max_abs for one in differences)})
