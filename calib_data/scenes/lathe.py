"""Turned bodies: posts, pots, bottles, vases, bars, trunks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from calib_data.scenes.arrays import Array, coverage, smoothstep
from calib_data.scenes.layers import Layer
from calib_data.scenes.lens import Camera
from calib_data.scenes.light import Light
from calib_data.scenes.surfaces import NEAREST_M, Box, Finish, body_layer, lit, window

Outline = tuple[tuple[float, float], ...]

# Knots (height, radius) from the foot to the top, both as shares of the body's own.
POST: Outline = ((0.0, 1.0), (0.992, 1.0), (1.0, 0.0))
CAPPED_POST: Outline = ((0.0, 1.0), (0.86, 1.0), (0.865, 1.25), (0.9, 1.3), (0.905, 0.9), (0.96, 0.7), (1.0, 0.0))
BOLLARD: Outline = (
    (0.0, 1.0), (0.72, 0.95), (0.73, 0.7), (0.77, 0.7), (0.78, 1.05), (0.86, 1.0), (0.95, 0.7), (1.0, 0.0),
)  # fmt: skip
FINIAL: Outline = (
    (0.0, 0.5), (0.2, 0.5), (0.22, 0.8), (0.28, 0.85), (0.3, 0.55), (0.38, 0.6), (0.5, 0.95), (0.62, 1.0), (0.8, 0.72),
    (0.94, 0.3), (1.0, 0.0),
)  # fmt: skip
BAR_SPIKE: Outline = (
    (0.0, 0.8), (0.9, 0.8), (0.905, 1.3), (0.915, 1.3), (0.92, 0.9), (0.94, 1.0), (1.0, 0.0),
)  # fmt: skip
BAR_KNOB: Outline = (
    (0.0, 0.8), (0.93, 0.8), (0.935, 1.2), (0.945, 1.2), (0.95, 0.8), (0.97, 1.5), (0.99, 1.1), (1.0, 0.0),
)  # fmt: skip
LAMP_CAP: Outline = ((0.0, 0.35), (0.45, 0.5), (0.5, 0.95), (0.9, 1.0), (1.0, 0.0))
TRUNK: Outline = ((0.0, 1.12), (0.5, 1.0), (1.0, 0.93))
POT: Outline = ((0.0, 0.66), (0.8, 0.93), (0.805, 1.0), (0.98, 1.0), (1.0, 0.95))
BOTTLE: Outline = (
    (0.0, 0.9), (0.02, 1.0), (0.56, 1.0), (0.63, 0.93), (0.75, 0.42), (0.8, 0.36), (0.93, 0.34), (0.935, 0.4),
    (1.0, 0.38),
)  # fmt: skip
VASE: Outline = ((0.0, 0.5), (0.15, 0.85), (0.4, 1.0), (0.65, 0.8), (0.85, 0.42), (0.93, 0.42), (1.0, 0.58))
JAR: Outline = ((0.0, 0.92), (0.03, 1.0), (0.78, 1.0), (0.84, 0.82), (0.86, 0.9), (0.99, 0.9), (1.0, 0.0))
CUP: Outline = ((0.0, 0.6), (0.05, 0.75), (0.4, 0.93), (1.0, 1.0))

EDGE_KNOTS = 65
_STEPS = np.linspace(-0.1, 1.1, 1201)
_WINDOW_GAIN = 0.35


@dataclass(frozen=True)
class Turned:
    """A body to be turned.

    Attributes:
        outline: Knots of its profile; one that does not close at the top is a vessel.
        radius: Metres, of the outline's 1.
        height: Metres.
        lean: Radians to the right.
        bands: (from, to, linear RGB) rings of another colour, at heights 0..1.
        rough: Radii over the outline's of the left and the right edge, `(EDGE_KNOTS, 2)`, from the foot to the top.
        planted: Whether something grows in it, which then stands before its far side.
    """

    outline: Outline
    radius: float
    height: float
    lean: float = 0.0
    bands: Sequence[tuple[float, float, Array]] = ()
    rough: Array | None = None
    planted: bool = False


@dataclass(frozen=True)
class _Sight:
    """Where a body is seen: its foot, and its size in pixels.

    `flat` is how much its circles show: height over width of their ellipses, negative from below.
    """

    row: float
    column: float
    depth: float
    scale: float
    tall: float
    wide: float
    flat: float


def lathe(camera: Camera, light: Light, base: Array, body: Turned, finish: Finish) -> Layer | None:
    """Draw a turned body that stands on the world point `base`; None where the camera does not see it."""
    sight = _sight(camera, base, body)
    box = _box(camera, sight, body) if sight.depth > NEAREST_M else None
    if box is None:
        return None
    rows, columns = box.pixels()
    up = (sight.row - rows) / sight.tall
    sideways = np.asarray(columns - sight.column - math.tan(body.lean) * (sight.row - rows), np.float32)
    widen, shift = _uneven(body, up, sight.wide)
    up, radius = _on_front(body, sight, up, sideways + shift, widen)
    alpha = coverage(radius - np.abs(sideways + shift)) * coverage(up * sight.tall) * coverage((1 - up) * sight.tall)
    across = np.clip((sideways + shift) / np.maximum(radius, 0.3), -1, 1)
    normal = _normal(body, sight, up, across)
    colour = _painted(body, finish, sight, up, across)
    shade = lit(light, normal, colour, finish, _WINDOW_GAIN)
    shade = shade * (0.45 + 0.55 * smoothstep(-0.01, 0.12, up))[..., None]
    if sight.flat > 0 and body.outline[-1][1] > 0:
        mouth, dark = _mouth(sideways, rows - sight.row + sight.tall, body.outline[-1][1] * sight.wide, sight.flat)
        shade = shade + (shade.mean((0, 1)) * dark[..., None] - shade) * mouth[..., None]
        alpha = np.maximum(alpha, mouth)
    order = sight.depth + body.radius * (1 if body.planted else -1)
    return body_layer(box, light.faded(shade, sight.depth), alpha, sight.depth, order)


def _sight(camera: Camera, base: Array, body: Turned) -> _Sight:
    row, column, depth = (float(value) for value in camera.project(base))
    scale = camera.focal / max(depth, NEAREST_M)
    over = camera.altitude - float(base[1]) - body.height / 2
    flat = math.sin(math.atan2(over, max(float(base[2]), 0.1)))
    return _Sight(row, column, depth, scale, body.height * scale * math.cos(camera.pitch), body.radius * scale, flat)


def _box(camera: Camera, sight: _Sight, body: Turned) -> Box | None:
    widest = max(radius for _, radius in body.outline)
    if body.rough is not None:
        widest *= float(body.rough.max())
    reach = sight.wide * widest * 1.05 + abs(math.tan(body.lean)) * sight.tall + 3
    top, bottom = sight.row - sight.tall - sight.wide * 0.5 - 3, sight.row + sight.wide * 0.3 + 3
    return window(camera, top, bottom, sight.column - reach, sight.column + reach)


def _uneven(body: Turned, up: Array, wide: float) -> tuple[Array, Array]:
    """Factor on the radius, and shift of the axis in pixels, of each row of a rough body."""
    if body.rough is None:
        return np.ones((1, 1), np.float32), np.zeros((1, 1), np.float32)
    heights = np.linspace(0, 1, EDGE_KNOTS)
    left, right = (np.interp(up[:, 0], heights, body.rough[:, side])[:, None].astype(np.float32) for side in (0, 1))
    return (left + right) / 2, (left - right) / 2 * np.float32(wide)


def _on_front(body: Turned, sight: _Sight, up: Array, sideways: Array, widen: Array) -> tuple[Array, Array]:
    """Height 0..1 of the circle that each pixel shows, and its radius in pixels.

    Circles are seen as ellipses: their front hangs below their axis when they are seen from above.
    """
    radius = np.maximum(_profile(body.outline, up) * widen * sight.wide, 0.3)
    front = np.sqrt(1 - np.clip(sideways / radius, -1, 1) ** 2)
    sagged = np.asarray(up + 0.9 * sight.flat * radius * front / sight.tall, np.float32)
    return sagged, _profile(body.outline, sagged) * widen * np.float32(sight.wide)


def _normal(body: Turned, sight: _Sight, up: Array, across: Array) -> Array:
    step = 1.5 / max(sight.tall, 8.0)
    rise = _profile(body.outline, up - step) - _profile(body.outline, up + step)
    slope = np.clip(rise * (sight.wide / (2 * step * sight.tall)), -3, 3)
    size = np.sqrt(1 + slope * slope)
    return np.stack([across / size, slope / size, -np.sqrt(1 - across * across) / size], -1).astype(np.float32)


def _painted(body: Turned, finish: Finish, sight: _Sight, up: Array, across: Array) -> Array:
    colour = finish.texture.at(np.arcsin(across) * body.radius, (1 - up) * body.height, 1 / sight.scale)
    for low, high, band in body.bands:
        inside = coverage((up - low) * sight.tall) * coverage((high - up) * sight.tall)
        colour = colour + (band - colour) * inside[..., None]
    return colour


def _mouth(sideways: Array, down: Array, radius: float, flat: float) -> tuple[Array, Array]:
    """The opening of a vessel seen from above: its coverage, and how dark it is inside."""
    deep = down / max(radius * flat, 0.5)
    away = np.hypot(sideways / max(radius, 0.5), deep)
    mouth = coverage((1 - away) * max(radius * flat, 0.5))
    return mouth, 0.18 + 0.3 * smoothstep(0.2, 1.0, deep) + 0.7 * smoothstep(0.86, 0.95, away)


@lru_cache(maxsize=32)
def _table(outline: Outline) -> Array:
    """Radii at `_STEPS`: smooth between the knots, corners a little rounded."""
    heights, radii = np.asarray(outline).T
    smooth = PchipInterpolator(heights, radii)(np.clip(_STEPS, 0, 1))
    return np.asarray(gaussian_filter1d(smooth, 7.0, mode="nearest"), np.float32)


def _profile(outline: Outline, up: Array) -> Array:
    return np.interp(up, _STEPS, _table(outline)).astype(np.float32)
