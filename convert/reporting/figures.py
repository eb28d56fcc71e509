"""The figures of one pair of pictures: over the frame, and apart in what is in focus and what is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convert.reporting.compiled import Measured, measure
from convert.reporting.record import HISTOGRAM_EDGES, Areas, Differences
from pynet_tf.focus import LEAST_SHARE
from pynet_tf.metrics import Area, Pixels, measurable

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
    difference = np.abs(reference - picture)
    named = {"frame": np.ones_like(in_focus), "in_focus": in_focus, "out_of_focus": ~in_focus}
    used = {name: area for name, area in named.items() if name == "frame" or _usable(area)}
    measured = zip(used.items(), measure(reference, picture, list(used.values())), strict=True)
    found = {name: _differences(figures, difference[area]) for (name, area), figures in measured}
    return Areas(frame=found["frame"], in_focus=found.get("in_focus"), out_of_focus=found.get("out_of_focus"))


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
    under = [np.count_nonzero(steps < edge) for edge in HISTOGRAM_EDGES]
    return np.diff([0, *under, steps.size])


def _usable(area: Area) -> bool:
    return float(area.mean()) >= LEAST_SHARE and measurable(area)


def _differences(figures: Measured, values: Pixels) -> Differences:
    """The figures of an area with the largest of its differences `values` (N, 3)."""
    return Differences(
        psnr=figures.psnr,
        ssim=figures.ssim,
        ms_ssim=figures.ms_ssim,
        ciede2000=figures.ciede2000,
        max_abs=float(values.max()),
        p999_abs=float(np.percentile(values, _KEPT_UNDER)),
    )


def _mean(differences: Sequence[Differences]) -> Differences:
    means = {name: float(np.mean([getattr(one, name) for one in differences])) for name in Differences.model_fields}
    return Differences(**{**means, "max_abs": max(one.max_abs for one in differences)})
