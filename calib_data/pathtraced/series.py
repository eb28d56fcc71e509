"""Series of path-traced pairs in a folder in the layout of EBB!, with a manifest; resumable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calib_data.errors import UserError
from calib_data.pathtraced import indoors, outdoors
from calib_data.pathtraced.develop import Pixels, depth_picture, develop, exposure
from calib_data.pathtraced.mesh import Random
from calib_data.pathtraced.setting import Setting, View
from calib_data.series import STOPPED_DOWN, Series, SeriesFolder, encoded
from calib_data.sizes import PhotoSize

SCENES: dict[str, Callable[[Random], Setting]] = {
    scene.__name__: scene
    for scene in (
        outdoors.garden,
        indoors.table_top,
        outdoors.bollards,
        outdoors.twigs,
        indoors.cafe,
        outdoors.beach,
        outdoors.evening,
        outdoors.courtyard_floor,
        indoors.market,
        indoors.book_shelf,
    )
}


@dataclass(frozen=True)
class TracedSeries(Series):
    """What is to be rendered: pair N shows scene N, modulo their count, as the seed and N decide it.

    Attributes:
        samples: Rays a pixel through the wide lens, 1 or more; times the effort of the scene. The original gets half.
        stopped_down: Whether the original has the depth of field of f/16, rather than everything in focus.
    """

    samples: int = 60
    stopped_down: bool = False


@dataclass(frozen=True)
class TracedPair:
    """A pair of photos of one scene, of one exposure and development.

    Attributes:
        original: Through the lens stopped down, or all in focus, `(H, W, 3)` uint8.
        bokeh: Through the lens wide open, `(H, W, 3)` uint8.
        depth: `(H/2, W/2)` uint8, near is bright: inverse depth stretched from the farthest to the nearest point.
        facts: Scene, camera and engine, as plain values: for the manifest.
    """

    original: Pixels
    bokeh: Pixels
    depth: Pixels
    facts: dict[str, Any]


def render_traced(series: TracedSeries, folder: Path, variant: str | None = None) -> Iterator[int]:
    """Render what `folder` does not hold yet, and yield each number once its files and its entry are written.

    Args:
        series: What to render.
        folder: Where to; empty, new, or holding a part of the same series.
        variant: Of Mitsuba; None takes the fastest that works here.

    Raises:
        UserError: The folder holds something else or may not be written, or Mitsuba or the variant is not there.
    """
    from calib_data.pathtraced.engine import choose_variant

    held = SeriesFolder(series, folder)
    chosen = choose_variant(variant)
    for number in held.begin():
        pair = trace_pair(series, number)
        contents = encoded(pair.original, pair.bokeh, pair.depth, series.quality)
        held.add(number, contents, {**pair.facts, "variant": chosen})
        yield number


def trace_pair(series: TracedSeries, number: int) -> TracedPair:
    """Render one pair; the arguments decide everything but the noise, which depends on Mitsuba's variant too."""
    from calib_data.pathtraced.engine import Engine, version

    if series.samples < 1:
        raise UserError(f"{series.samples} samples make no picture.", "Take at least 1; 60 leave little noise.")
    name = list(SCENES)[number % len(SCENES)]
    setting = SCENES[name](np.random.default_rng([series.seed, number]))
    samples = series.samples * setting.effort
    engine = Engine(setting, PhotoSize(series.height, series.width))
    narrow = STOPPED_DOWN if series.stopped_down else None
    original = engine.photo(narrow, -(-samples // 2), 2 * number)
    blurred = engine.photo(setting.view.f_number, samples, 2 * number + 1)
    factor = exposure(original, setting.key)
    facts = {
        "scene": name,
        "camera": {**_camera(setting.view), "original_f_number": narrow},
        "samples": samples,
        "exposure": round(factor, 6),
        "mitsuba": version(),
    }
    return TracedPair(develop(original, factor), develop(blurred, factor), depth_picture(engine.inverse_depth()), facts)


def _camera(view: View) -> dict[str, float]:
    return {
        "focal_length_m": view.focal_length,
        "f_number": view.f_number,
        "sensor_height_m": view.sensor_height,
        "focus_distance_m": round(view.focus_distance, 4),
        "blur_at_infinity": round(view.blur_at_infinity, 5),
    }
