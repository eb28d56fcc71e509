"""One pair: the same scene with everything in focus and through a wide-open lens, and its depth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from calib_data.scenes.arrays import Array
from calib_data.scenes.develop import Look, develop, some_look
from calib_data.scenes.kinds import KINDS
from calib_data.scenes.layers import composite_blurred, composite_sharp
from calib_data.sizes import PhotoSize


@dataclass(frozen=True)
class Effects:
    """What real pairs have and ideal ones have not.

    Attributes:
        noise: Sensor noise, drawn anew for each of the two photos.
        exposure_shift: Whether the two photos differ a little in exposure.
    """

    noise: bool = True
    exposure_shift: bool = True


@dataclass(frozen=True)
class RenderedPair:
    """A pair of photos.

    Attributes:
        original: All in focus, `(H, W, 3)` uint8.
        bokeh: Through the lens, `(H, W, 3)` uint8.
        depth: `(H/2, W/2)` uint8, near is bright: inverse depth stretched from the farthest to the nearest point.
        facts: Kind of scene, camera and development, as plain values.
    """

    original: Array
    bokeh: Array
    depth: Array
    facts: dict[str, Any]


def render_pair(seed: int, number: int, size: PhotoSize, effects: Effects = Effects()) -> RenderedPair:
    """Render pair `number` of a series; nothing but the arguments decides what comes out.

    Args:
        seed: Of the series.
        number: Which pair, from 0.
        size: Of the photos; the same scene is drawn at every size of one shape.
        effects: What to add to the ideal picture.
    """
    random = np.random.default_rng([seed, number])
    name = list(KINDS)[int(np.random.default_rng([seed, number // len(KINDS)]).permutation(len(KINDS))[number % len(KINDS)])]
    stage = KINDS[name](random, (size.height, size.width))
    camera = stage.camera
    inner = (slice(camera.margin, -camera.margin), slice(camera.margin, -camera.margin))
    sharp, inverse_depth = composite_sharp(stage.layers, camera.canvas)
    blurred = composite_blurred(stage.layers, camera)[inner]
    sharp, inverse_depth = sharp[inner], inverse_depth[inner]
    look = some_look(random, sharp, stage.key, effects.noise)
    shift = float(np.exp(random.normal(0.03, 0.05))) if effects.exposure_shift else 1.0
    grain = np.random.default_rng([seed, number, 1])
    facts = {
        "kind": name,
        "camera": {**camera.lens.manifest(), "altitude_m": round(camera.altitude, 3), "pitch_rad": round(camera.pitch, 4)},
        "look": {key: round(value, 4) for key, value in asdict(look).items()},
        "exposure_shift": round(shift, 4),
    }
    return RenderedPair(
        develop(sharp, look, grain),
        develop(blurred, _brighter(look, shift), grain),
        depth_picture(inverse_depth),
        facts,
    )


def depth_picture(inverse_depth: Array) -> Array:
    """Inverse depth `(H, W)` as a picture of half the size: uint8, 255 is the nearest point, 0 the farthest."""
    height, width = inverse_depth.shape
    half = inverse_depth.reshape(height // 2, 2, width // 2, 2).mean((1, 3))
    low, high = float(half.min()), float(half.max())
    return np.asarray(np.rint((half - low) / max(high - low, 1e-6) * 255), np.uint8)


def _brighter(look: Look, factor: float) -> Look:
    return Look(**{**asdict(look), "exposure": look.exposure * factor})
