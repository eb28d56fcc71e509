"""One pair: the same scene sharp, in whole or as f/16 has it, and through a wide-open lens, and its depth."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from calib_data.scenes.arrays import Array, Pixels, Random
from calib_data.scenes.develop import Look, develop, some_look
from calib_data.scenes.kinds import KINDS
from calib_data.scenes.layers import composite_blurred, composite_sharp
from calib_data.scenes.lens import Camera
from calib_data.scenes.stage import Stage
from calib_data.series import STOPPED_DOWN
from calib_data.sizes import PhotoSize

_EXPOSURE_SHIFT = 0.08, 0.1  # mean and deviation of its logarithm; real pairs have 1.04 to 1.56
_FOCUSES_M = 0.7, 8.0  # nearest and farthest of the distances drawn by lot


@dataclass(frozen=True)
class Effects:
    """What real pairs have and ideal ones have not.

    Attributes:
        noise: Sensor noise, drawn anew for each of the two photos.
        exposure_shift: Whether the two photos differ a little in exposure.
        stopped_down: Whether the original has the depth of field of f/16, rather than everything in focus.
    """

    noise: bool = True
    exposure_shift: bool = True
    stopped_down: bool = False


@dataclass(frozen=True)
class RenderedPair:
    """A pair of photos.

    Attributes:
        original: Through the lens stopped down, or all in focus, `(H, W, 3)` uint8.
        bokeh: Through the lens wide open, `(H, W, 3)` uint8.
        depth: `(H/2, W/2)` uint8, near is bright: inverse depth stretched from the farthest to the nearest point.
        facts: Kind of scene, camera and development, as plain values: for the manifest.
    """

    original: Pixels
    bokeh: Pixels
    depth: Pixels
    facts: dict[str, Any]


def render_pair(
    seed: int, number: int, size: PhotoSize, effects: Effects = Effects(), focuses: int = 1
) -> RenderedPair:
    """Render pair `number` of a series; nothing but the arguments decides what comes out.

    Args:
        seed: Of the series.
        number: Which pair, from 0.
        size: Of the photos; the same scene is drawn at every size of one shape.
        effects: What to add to the ideal picture.
        focuses: How many pairs in a row show one scene: the first with its subject in focus, each other one with what
            lies at a place of the picture that is drawn by lot.
    """
    number, turn = divmod(number, focuses)
    scene = _scene(seed, number, size)
    camera, random = scene.stage.camera, deepcopy(scene.random)
    if turn:
        random = np.random.default_rng([seed, number, 1, turn])
        camera = replace(camera, lens=replace(camera.lens, focus_distance_m=_some_distance(random, scene)))
    look = some_look(random, scene.sharp, scene.stage.key, effects.noise)
    shift = float(np.exp(random.normal(*_EXPOSURE_SHIFT))) if effects.exposure_shift else 1.0
    grain = np.random.default_rng([seed, number, 1] if turn == 0 else [seed, number, 2, turn])
    narrow = STOPPED_DOWN if effects.stopped_down else None
    original = develop(scene.photographed(camera, narrow), look, grain)
    wide = scene.photographed(camera, camera.lens.f_number)
    bokeh = develop(wide, replace(look, exposure=look.exposure * shift), grain)
    facts = _facts(scene.kind, camera, narrow, look, shift)
    return RenderedPair(original, bokeh, depth_picture(scene.inverse_depth), facts)


@dataclass(frozen=True)
class _Scene:
    """A scene before it is photographed.

    Attributes:
        kind: Which of `KINDS`.
        stage: Camera, light and layers.
        random: Its chance after it was set.
        sharp: All in focus, `(H, W, 3)` in linear light.
        inverse_depth: `(H, W)` in 1 / metres.
    """

    kind: str
    stage: Stage
    random: Random
    sharp: Array
    inverse_depth: Array

    def photographed(self, camera: Camera, f_number: float | None) -> Array:
        """Through the camera's lens at an f-number, None for a pinhole: `(H, W, 3)` in linear light."""
        if f_number is None:
            return self.sharp
        through = replace(camera, lens=replace(camera.lens, f_number=f_number))
        return composite_blurred(self.stage.layers, through)[_inner(camera)]


@lru_cache(maxsize=1)
def _scene(seed: int, number: int, size: PhotoSize) -> _Scene:
    random = np.random.default_rng([seed, number])
    kind = kind_of(seed, number)
    stage = KINDS[kind](random, (size.height, size.width))
    sharp, inverse_depth = (part[_inner(stage.camera)] for part in composite_sharp(stage.layers, stage.camera.canvas))
    return _Scene(kind, stage, random, sharp, inverse_depth)


def _inner(camera: Camera) -> tuple[slice, slice]:
    """The photo's part of the canvas."""
    return slice(camera.margin, -camera.margin), slice(camera.margin, -camera.margin)


def _some_distance(random: Random, scene: _Scene) -> float:
    """Metres to what is seen at a place of the picture."""
    row, column = (int(random.integers(side)) for side in scene.inverse_depth.shape)
    return round(float(np.clip(1 / max(scene.inverse_depth[row, column], 1e-3), *_FOCUSES_M)), 3)


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


def _facts(kind: str, camera: Camera, narrow: float | None, look: Look, shift: float) -> dict[str, Any]:
    lens = {**asdict(camera.lens), "original_f_number": narrow, "blur_scale": round(camera.lens.blur_scale, 6)}
    position = {"altitude_m": round(camera.altitude, 3), "pitch_rad": round(camera.pitch, 4)}
    developed = {key: round(value, 6) for key, value in asdict(look).items()}
    return {"kind": kind, "camera": {**lens, **position}, "look": developed, "exposure_shift": round(shift, 4)}
