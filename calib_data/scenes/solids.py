"""Things with a body: posts, pots, bottles, balls, fruit, stones, lamps; turned on a lathe or heaped up at random."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from calib_data.scenes.arrays import Array, Random, coverage, luminance, smoothstep
from calib_data.scenes.layers import Layer
from calib_data.scenes.lens import Camera
from calib_data.scenes.light import Light
from calib_data.scenes.textures import Texture

# Outlines as (height, radius) knots, both 0..1 of the thing's own.
POST = ((0.0, 1.0), (0.992, 1.0), (1.0, 0.0))
CAPPED_POST = ((0.0, 1.0), (0.86, 1.0), (0.865, 1.25), (0.9, 1.3), (0.905, 0.9), (0.96, 0.7), (1.0, 0.0))
POT = ((0.0, 0.66), (0.8, 0.93), (0.805, 1.0), (0.98, 1.0), (1.0, 0.95))
BOTTLE = ((0.0, 0.9), (0.02, 1.0), (0.56, 1.0), (0.63, 0.93), (0.75, 0.42), (0.8, 0.36), (0.93, 0.34), (0.935, 0.4), (1.0, 0.38))
VASE = ((0.0, 0.5), (0.15, 0.85), (0.4, 1.0), (0.65, 0.8), (0.85, 0.42), (0.93, 0.42), (1.0, 0.58))
FINIAL = ((0.0, 0.5), (0.2, 0.5), (0.22, 0.8), (0.28, 0.85), (0.3, 0.55), (0.38, 0.6), (0.5, 0.95), (0.62, 1.0), (0.8, 0.72), (0.94, 0.3), (1.0, 0.0))
JAR = ((0.0, 0.92), (0.03, 1.0), (0.78, 1.0), (0.84, 0.82), (0.86, 0.9), (0.99, 0.9), (1.0, 0.0))
CUP = ((0.0, 0.6), (0.05, 0.75), (0.4, 0.93), (1.0, 1.0))
BOLLARD = ((0.0, 1.0), (0.72, 0.95), (0.73, 0.7), (0.77, 0.7), (0.78, 1.05), (0.86, 1.0), (0.95, 0.7), (1.0, 0.0))
BAR_SPIKE = ((0.0, 0.8), (0.9, 0.8), (0.905, 1.3), (0.915, 1.3), (0.92, 0.9), (0.94, 1.0), (1.0, 0.0))
BAR_KNOB = ((0.0, 0.8), (0.93, 0.8), (0.935, 1.2), (0.945, 1.2), (0.95, 0.8), (0.97, 1.5), (0.99, 1.1), (1.0, 0.0))
SPIKE = ((0.0, 0.4), (0.55, 0.4), (0.56, 0.9), (0.6, 1.0), (0.63, 0.7), (1.0, 0.0))


@dataclass(frozen=True)
class Finish:
    """How a surface looks: its texture, its gloss 0..1 and how sharp its highlights are."""

    texture: Texture
    gloss: float = 0.1
    sharpness: float = 25.0


def lathe(
    camera: Camera,
    light: Light,
    base: Array,
    radius: float,
    height: float,
    outline: Sequence[tuple[float, float]],
    finish: Finish,
    lean: float = 0.0,
    bands: Sequence[tuple[float, float, Array]] = (),
    rough: Array | None = None,
) -> Layer | None:
    """A turned body that stands on the world point `base`.

    Args:
        camera: Where from.
        light: What falls on it.
        base: World point.
        radius: Metres, of the outline's 1.
        height: Metres.
        outline: (height, radius) knots of the profile.
        finish: Its surface.
        lean: Radians to the right.
        bands: (from, to, linear RGB) rings of another colour, heights 0..1.
        rough: Radii over the outline's at 65 heights from the foot to the top, `(65, 2)`: left and right edge.
    """
    row, column, depth = (float(value) for value in camera.project(base))
    if depth < 0.2:
        return None
    scale = camera.focal / depth
    tall, wide = height * scale * math.cos(camera.pitch), radius * scale
    slant = math.tan(lean)
    box = _window(camera, row - tall - wide * 0.5 - 3, row + wide * 0.3 + 3, column - wide * 1.35 - abs(slant) * tall - 3, column + wide * 1.35 + abs(slant) * tall + 3)
    if box is None:
        return None
    rows, columns = _pixels(box)
    knots = np.asarray(outline, np.float32)
    up = (row - rows) / tall
    sideways = np.asarray(columns - column - slant * (row - rows), np.float32)
    # Circles are seen from above as ellipses: the front of the body hangs below its axis.
    flat = math.sin(math.atan2(camera.altitude - float(base[1]) - height / 2, max(float(base[2]), 0.1)))
    if rough is not None:
        left, right = (np.interp(up[:, 0], np.linspace(0, 1, 65), rough[:, side])[:, None] for side in (0, 1))
        sideways = sideways + (left - right) / 2 * wide
        widen = ((left + right) / 2).astype(np.float32)
    else:
        widen = np.ones((1, 1), np.float32)
    here = np.maximum(_profile(knots, up) * widen * wide, 0.3)
    across = np.clip(sideways / here, -1, 1)
    front = np.sqrt(1 - across * across)
    sagged = up + flat * here * front / tall * 0.9
    around = np.maximum(_profile(knots, sagged) * widen * wide, 0.0)
    across = np.clip(sideways / np.maximum(around, 0.3), -1, 1)
    front = np.sqrt(1 - across * across)
    alpha = coverage(around - np.abs(sideways)) * coverage((sagged + 0.0) * tall) * coverage((1 - sagged) * tall)
    step = 1.5 / max(tall, 8.0)
    slope = (_profile(knots, sagged - step) - _profile(knots, sagged + step)) * wide / (2 * step * tall)
    slope = np.clip(slope, -3, 3)
    size = np.sqrt(1 + slope * slope)
    normal = np.stack([across / size, slope / size, -front / size], -1).astype(np.float32)
    colour = finish.texture.at(np.arcsin(across) * radius, (1 - sagged) * height, 1 / scale)
    for low, high, band in bands:
        inside = coverage((sagged - low) * tall) * coverage((high - sagged) * tall)
        colour = colour + (band - colour) * inside[..., None]
    shade = _lit(light, normal, colour, finish, 0.35)
    shade = shade * (0.45 + 0.55 * smoothstep(-0.01, 0.12, sagged))[..., None]
    if flat > 0 and knots[-1, 1] > 0:
        mouth, dark = _mouth(sideways, rows - row + tall, float(knots[-1, 1]) * wide, flat)
        shade = shade + (shade.mean((0, 1)) * dark[..., None] - shade) * mouth[..., None]
        alpha = np.maximum(alpha, mouth)
    order = depth + radius if outline is POT else depth - radius  # what grows in a pot stands before its far side
    return _layer(box, light.faded(shade, depth), alpha, depth, order)


def ball(camera: Camera, light: Light, centre: Array, radius: float, finish: Finish, tilt: float = 0.5, squash: float = 1.0) -> Layer | None:
    """A sphere, or a body flattened by `squash`, round the world point `centre`; `tilt` turns its texture (radians)."""
    row, column, depth = (float(value) for value in camera.project(centre))
    if depth < 0.2:
        return None
    scale = camera.focal / depth
    wide = radius * scale
    box = _window(camera, row - wide - 2, row + wide + 2, column - wide - 2, column + wide + 2)
    if box is None:
        return None
    rows, columns = _pixels(box)
    x, y = (columns - column) / wide, (row - rows) / (wide * squash)
    away = np.hypot(x, y)
    alpha = coverage((1 - away) * wide * min(squash, 1.0))
    x, y = x / np.maximum(away, 1), y / np.maximum(away, 1)
    front = np.sqrt(np.clip(1 - x * x - y * y, 0, 1))
    normal = np.stack([x, y, -front], -1).astype(np.float32)
    turned_x = x * math.cos(tilt) + y * math.sin(tilt)
    turned_y = y * math.cos(tilt) - x * math.sin(tilt)
    colour = finish.texture.at(np.arctan2(turned_x, front + 0.15) * radius, np.arcsin(np.clip(turned_y, -1, 1)) * radius, 1 / scale)
    shade = _lit(light, normal, colour, finish)
    shade = shade * (0.55 + 0.45 * smoothstep(-1.0, -0.1, normal[..., 1]))[..., None]
    return _layer(box, light.faded(shade, depth), alpha, depth - radius * 0.5, depth - radius)


def blob(
    random: Random, camera: Camera, light: Light, centre: Array, radius: float, finish: Finish, rough: float = 0.18, squash: float = 0.8
) -> Layer | None:
    """An irregular body, such as a stone or a clod: a wavy outline, bulging, its texture as bumps."""
    phases, gains = random.uniform(0, 2 * math.pi, 9), random.normal(0, 1, 9)
    shift = random.uniform(0, 5, 2)
    row, column, depth = (float(value) for value in camera.project(centre))
    if depth < 0.2:
        return None
    scale = camera.focal / depth
    wide = radius * scale
    reach = wide * (1 + 2.5 * rough) + 2
    box = _window(camera, row - reach, row + reach, column - reach, column + reach)
    if box is None:
        return None
    rows, columns = _pixels(box)
    x, y = (columns - column) / wide, (row - rows) / (wide * squash)
    angle, away = np.arctan2(y, x), np.hypot(x, y)
    edge = np.ones_like(angle)
    for wave in range(9):
        edge += rough * gains[wave] / (wave + 1.5) * np.cos((wave + 1) * angle + phases[wave])
    inside = away / np.maximum(edge, 0.25)
    alpha = coverage((1 - inside) * wide * squash * 0.9)
    bulge = np.clip(inside, 0, 1) ** 1.6
    front = np.sqrt(np.clip(1 - bulge * bulge, 0.0, 1))
    colour = finish.texture.at(x * radius + shift[0], y * radius + shift[1], 1 / scale)
    bumps = luminance(colour)
    bump_y, bump_x = np.gradient(bumps / max(float(bumps.mean()), 1e-4))
    normal = np.stack([np.cos(angle) * bulge - 0.8 * bump_x, np.sin(angle) * bulge + 0.8 * bump_y, -front], -1)
    normal = (normal / np.linalg.norm(normal, axis=-1, keepdims=True)).astype(np.float32)
    shade = _lit(light, normal, colour, finish)
    shade = shade * (0.4 + 0.6 * smoothstep(-1.0, 0.0, normal[..., 1]))[..., None]
    return _layer(box, light.faded(shade, depth), alpha, depth - radius * 0.3, depth - radius * 0.5)


def _mouth(sideways: Array, down: Array, radius: float, flat: float) -> tuple[Array, Array]:
    """The opening of a vessel seen from above: its coverage, and how dark it is inside."""
    across, deep = sideways / max(radius, 0.5), down / max(radius * flat, 0.5)
    away = np.hypot(across, deep)
    mouth = coverage((1 - away) * max(radius * flat, 0.5))
    return mouth, 0.18 + 0.3 * smoothstep(0.2, 1.0, deep) + 0.7 * smoothstep(0.86, 0.95, away)


def _lit(light: Light, normal: Array, colour: Array, finish: Finish, window: float = 0.0) -> Array:
    """Radiance of a surface; `window` is how much it mirrors a bright window to the left and a dark room to the right."""
    rim = (1 + normal[..., 2:]) ** 4
    bright = smoothstep(-0.74, -0.6, normal[..., :1]) * smoothstep(-0.22, -0.38, normal[..., :1])
    dark_side = smoothstep(0.3, 0.75, normal[..., :1])
    mirrored = window * (bright - 0.35 * dark_side) * finish.gloss / 0.35
    reflected = (0.5 * rim + mirrored) * light.ambient
    shine = light.glint(normal, finish.sharpness) + reflected
    return np.asarray(colour * light.on(normal) + finish.gloss * shine, np.float32)


def _profile(knots: Array, up: Array) -> Array:
    """Radius at heights 0..1, smooth between the knots, corners a little rounded."""
    steps = np.linspace(-0.1, 1.1, 1201)
    radii = PchipInterpolator(knots[:, 0], knots[:, 1])(np.clip(steps, 0, 1))
    smooth = gaussian_filter1d(radii, 3.0, mode="nearest")
    return np.interp(up, steps, smooth).astype(np.float32)


def _window(camera: Camera, top: float, bottom: float, left: float, right: float) -> tuple[int, int, int, int] | None:
    rows, columns = camera.canvas
    box = max(0, math.floor(top)), min(rows, math.ceil(bottom)), max(0, math.floor(left)), min(columns, math.ceil(right))
    return box if box[1] > box[0] and box[3] > box[2] else None


def _pixels(box: tuple[int, int, int, int]) -> tuple[Array, Array]:
    rows = np.arange(box[0], box[1], dtype=np.float32)[:, None] + 0.5
    columns = np.arange(box[2], box[3], dtype=np.float32)[None, :] + 0.5
    rows, columns = np.broadcast_arrays(rows, columns)
    return rows, columns


def _layer(box: tuple[int, int, int, int], colour: Array, alpha: Array, depth: float, order: float) -> Layer:
    pixels = np.concatenate([colour * alpha[..., None], alpha[..., None]], -1).astype(np.float32)
    return Layer(pixels, box[0], box[2], 1.0 / max(depth, 0.1), order)
