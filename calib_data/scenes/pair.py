"""One pair: the same scene with everything in focus and through a wide-open lens, and its depth."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from calib_data.scenes.arrays import Array, Pixels
from calib_data.scenes.develop import Look, develop, some_look
from calib_data.scenes.kinds import KINDS
from calib_data.scenes.layers import composite_blurred, composite_sharp
from calib_data.scenes.lens import Camera
from calib_data.sizes import PhotoSize

_EXPOSURE_SHIFT = 0.08, 0.1  # mean and deviation of its logarithm; real pairs have 1.04 to 1.56


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
        facts: Kind of scene, camera and development, as plain values: for the manifest.
    """

    original: Pixels
    bokeh: Pixels
    depth: Pixels
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
    kind = kind_of(seed, number)
    stage = KINDS[kind](random, (size.height, size.width))
    camera = stage.camera
    inner = (slice(camera.margin, -camera.margin), slice(camera.margin, -camera.margin))
    sharp, inverse_depth = composite_sharp(stage.layers, camera.canvas)
    blurred = composite_blurred(stage.layers, camera)[inner]
    sharp, inverse_depth = sharp[inner], inverse_depth[inner]
    look = some_look(random, sharp, stage.key, effects.noise)
    shift = float(np.exp(random.normal(*_EXPOSURE_SHIFT))) if effects.exposure_shift else 1.0
    grain = np.random.default_rng([seed, number, 1])
    original = develop(sharp, look, grain)
    bokeh = develop(blurred, replace(look, exposure=look.exposure * shift), grain)
    return RenderedPair(original, bokeh, depth_picture(inverse_depth), _facts(kind, camera, look, shift))


def kind_of(seed: int, number: int) -> str:
    """The kind of scene of a pair: every kind once among the first pairs, and again among the next, in mixed order."""
    round_, place = divmod(number, len(KINDS))
    return list(KINDS)[int(np.random.default_rng([seed, round_]).permutation(len(KINDS))[place])]


def depth_picture(inverse_depth: Array) -> Pixels:
    """Inverse depth `(H, W)` as a picture of half the size: uint8, 255 is the nearest point, 0 the farthest."""
    height, width = inverse_depth.shape
    half = inverse_depth.reshape(height // 2, 2, width // 2, 2).mean((1, 3))
    low, high = float(half.min()), float(half.max())
    return np.rint((half - low) / max(high - low, 1e-6) * 255).astype(np.uint8)


def _facts(kind: str, camera: Camera, look: Look, shift: float) -> dict[str, Any]:
    lens = {**asdict(camera.lens), "blur_scale": round(camera.lens.blur_scale, 6)}
    position = {"altitude_m": round(camera.altitude, 3), "pitch_rad": round(camera.pitch, 4)}
    developed = {key: round(value, 6) for key, value in asdict(look).items()}
    return {"kind": kind, "camera": {**lens, **position}, "look": developed, "exposure_shift": round(shift, 4)}
