"""What all bodies share: their finish, how light makes them look round, and their place on the canvas."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from calib_data.scenes.arrays import Array, smoothstep
from calib_data.scenes.layers import Layer
from calib_data.scenes.lens import Camera
from calib_data.scenes.light import Light
from calib_data.scenes.textures import Texture

NEAREST_M = 0.2


@dataclass(frozen=True)
class Finish:
    """How a surface looks.

    Attributes:
        texture: Its colours.
        gloss: 0 is dull, 1 a mirror.
        sharpness: Of highlights: 10 is satin, 60 varnish.
    """

    texture: Texture
    gloss: float = 0.1
    sharpness: float = 25.0


@dataclass(frozen=True)
class Box:
    """A window of the canvas: rows `top` to `bottom`, columns `left` to `right`."""

    top: int
    bottom: int
    left: int
    right: int

    def pixels(self) -> tuple[Array, Array]:
        """Rows and columns of the pixels' centres, `(h, w)` each."""
        rows = np.arange(self.top, self.bottom, dtype=np.float32)[:, None] + 0.5
        columns = np.arange(self.left, self.right, dtype=np.float32)[None, :] + 0.5
        rows, columns = np.broadcast_arrays(rows, columns)
        return rows, columns


def window(camera: Camera, top: float, bottom: float, left: float, right: float) -> Box | None:
    """The part of the canvas within these bounds, or None where nothing of it is left."""
    rows, columns = camera.canvas
    box = Box(
        max(0, math.floor(top)), min(rows, math.ceil(bottom)), max(0, math.floor(left)), min(columns, math.ceil(right))
    )
    return box if box.bottom > box.top and box.right > box.left else None


def lit(light: Light, normal: Array, colour: Array, finish: Finish, window_gain: float = 0.0) -> Array:
    """Radiance `(h, w, 3)` of a surface with unit normals `(h, w, 3)`.

    `window_gain` is how much it mirrors a bright window to the left and a dark room to the right.
    """
    rim = (1 + normal[..., 2:]) ** 4
    bright = smoothstep(-0.74, -0.6, normal[..., :1]) * smoothstep(-0.22, -0.38, normal[..., :1])
    dark = smoothstep(0.3, 0.75, normal[..., :1])
    mirrored = window_gain * (bright - 0.35 * dark)
    shine = light.glint(normal, finish.sharpness) + (0.5 * rim + mirrored) * light.ambient
    return np.maximum(colour * light.on(normal) + finish.gloss * shine, 0.0).astype(np.float32)


def body_layer(box: Box, colour: Array, alpha: Array, depth: float, order: float) -> Layer:
    """The layer of a body at one depth in metres."""
    pixels = np.concatenate([colour * alpha[..., None], alpha[..., None]], -1).astype(np.float32)
    return Layer(pixels, box.top, box.left, 1.0 / max(depth, 0.1), order)
