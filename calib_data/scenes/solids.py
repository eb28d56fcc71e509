"""Round bodies: balls and fruit, stones and clods."""

from __future__ import annotations

import math

import numpy as np

from calib_data.scenes.arrays import Array, Random, coverage, luminance, smoothstep
from calib_data.scenes.layers import Layer
from calib_data.scenes.lens import REFERENCE_HEIGHT, Camera
from calib_data.scenes.light import Light
from calib_data.scenes.surfaces import NEAREST_M, Finish, body_layer, lit, window

_WAVES = 9


def ball(
    camera: Camera, light: Light, centre: Array, radius: float, finish: Finish, tilt: float = 0.5, squash: float = 1.0
) -> Layer | None:
    """A sphere round the world point `centre`; None where the camera does not see it.

    Args:
        camera: Where from.
        light: What falls on it.
        centre: World point.
        radius: Metres.
        finish: Its surface.
        tilt: Radians by which its texture is turned.
        squash: Height over width.
    """
    row, column, depth = (float(value) for value in camera.project(centre))
    scale = camera.focal / max(depth, NEAREST_M)
    wide = radius * scale
    box = window(camera, row - wide * squash - 2, row + wide * squash + 2, column - wide - 2, column + wide + 2)
    if box is None or depth < NEAREST_M:
        return None
    rows, columns = box.pixels()
    x, y = (columns - column) / wide, (row - rows) / (wide * squash)
    away = np.hypot(x, y)
    alpha = coverage((1 - away) * wide * min(squash, 1.0))
    x, y = x / np.maximum(away, 1), y / np.maximum(away, 1)
    front = np.sqrt(np.clip(1 - x * x - y * y, 0, 1))
    normal = np.stack([x, y, -front], -1).astype(np.float32)
    east = x * math.cos(tilt) + y * math.sin(tilt)
    north = y * math.cos(tilt) - x * math.sin(tilt)
    round_about, upwards = np.arctan2(east, front + 0.15), np.arcsin(np.clip(north, -1, 1))
    colour = finish.texture.at(round_about * radius, upwards * radius, 1 / scale)
    shade = lit(light, normal, colour, finish) * (0.55 + 0.45 * smoothstep(-1.0, -0.1, normal[..., 1]))[..., None]
    return body_layer(box, light.faded(shade, depth), alpha, depth - radius * 0.5, depth - radius)


def blob(
    random: Random, camera: Camera, light: Light, centre: Array, radius: float, finish: Finish, rough: float = 0.18
) -> Layer | None:
    """An irregular body: a wavy outline, bulging, its texture as bumps; None where the camera does not see it.

    Args:
        random: Chance.
        camera: Where from.
        light: What falls on it.
        centre: World point.
        radius: Metres, on average.
        finish: Its surface.
        rough: How wavy its outline is.
    """
    phases, gains = random.uniform(0, 2 * math.pi, _WAVES), random.normal(0, 1, _WAVES)
    shift, squash = random.uniform(0, 5, 2), float(random.uniform(0.7, 0.9))
    row, column, depth = (float(value) for value in camera.project(centre))
    scale = camera.focal / max(depth, NEAREST_M)
    wide = radius * scale
    reach = wide * (1 + 2.5 * rough) + 2
    box = window(camera, row - reach, row + reach, column - reach, column + reach)
    if box is None or depth < NEAREST_M:
        return None
    rows, columns = box.pixels()
    x, y = (columns - column) / wide, (row - rows) / (wide * squash)
    angle = np.arctan2(y, x)
    edge = np.ones_like(angle)
    for wave in range(_WAVES):
        edge += rough * gains[wave] / (wave + 1.5) * np.cos((wave + 1) * angle + phases[wave])
    inside = np.hypot(x, y) / np.maximum(edge, 0.25)
    alpha = coverage((1 - inside) * wide * squash * 0.9)
    colour = finish.texture.at(x * radius + shift[0], y * radius + shift[1], 1 / scale)
    normal = _bumpy(angle, np.clip(inside, 0, 1) ** 1.6, luminance(colour), camera.height / REFERENCE_HEIGHT)
    shade = lit(light, normal, colour, finish) * (0.4 + 0.6 * smoothstep(-1.0, 0.0, normal[..., 1]))[..., None]
    return body_layer(box, light.faded(shade, depth), alpha, depth - radius * 0.3, depth - radius * 0.5)


def _bumpy(angle: Array, bulge: Array, bumps: Array, pixel_scale: float) -> Array:
    """Unit normals of a bulging body whose lighter places stand out."""
    if min(bumps.shape) < 2:
        down, right = np.zeros_like(bumps), np.zeros_like(bumps)
    else:
        down, right = np.gradient(bumps / max(float(bumps.mean()), 1e-4) * (0.8 * pixel_scale))
    front = np.sqrt(np.clip(1 - bulge * bulge, 0.0, 1))
    normal = np.stack([np.cos(angle) * bulge - right, np.sin(angle) * bulge + down, -front], -1)
    return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6), np.float32)
